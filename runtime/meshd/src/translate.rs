//! `meshd snapshot`: what istiod sent, as the proxy would act on it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mesh_wire::{NameTable, Snapshot};
use mesh_xds::{Response, Translation, Unsupported, translate};
use serde::Serialize;

use crate::failure::{Failure, OnPath as _};
use crate::layout::Layout;
use crate::snapshot;

/// What is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Answer {
    /// The snapshot. Who asks is taken from the one that is installed, where there is one.
    snapshot: Snapshot,
    /// The table of names.
    names: NameTable,
    /// Trust domains of peers that may come in; in the snapshot they are part of the identity.
    trust_domains: BTreeSet<String>,
    /// What was sent and is not in the snapshot.
    unsupported: Vec<Unsupported>,
    /// What is in the snapshot and the proxy does not act on.
    ignored: Vec<String>,
}

/// Translates the answers that lie in `folder`: files that end in `.pb`, a `DiscoveryResponse` each.
pub(crate) fn of_folder(layout: &Layout, folder: &Path) -> Result<Answer, Failure> {
    let mut responses = Vec::new();
    for path in files(folder)? {
        let bytes = fs::read(&path).on("read", &path)?;
        responses.push(Response::read(&bytes).on("understand", &path)?);
    }
    if responses.is_empty() {
        let what = format!("translate {}", folder.display());
        return Err(Failure::new(what, "no file there ends in .pb").remedy(
            "name a folder with what istiod sent, a file of an Envoy DiscoveryResponse for every type: cds.pb, eds.pb, …",
        ));
    }
    let Translation {
        mut snapshot,
        names,
        trust_domains,
        unsupported,
    } = translate(responses);
    if let Ok(own) = snapshot::load(&snapshot::Paths::of(layout)) {
        snapshot.node = own.snapshot.node;
        snapshot.identity = own.snapshot.identity;
    }
    // Where nobody has to come with a certificate, nothing is said of trust domains.
    let identity = snapshot.identity.as_mut().filter(|_| !trust_domains.is_empty());
    if let Some(identity) = identity {
        let others = trust_domains
            .iter()
            .filter(|domain| **domain != identity.trust_domain);
        identity.trust_domain_aliases = others.cloned().collect();
    }
    let ignored = mesh_proxy::unsupported(&snapshot);
    Ok(Answer {
        snapshot,
        names,
        trust_domains,
        unsupported,
        ignored,
    })
}

impl Answer {
    /// What people are told beside the snapshot.
    pub(crate) fn notes(&self) -> String {
        let mut notes = String::new();
        let mut add = |what: &str, all: &mut dyn Iterator<Item = String>| {
            for line in all {
                notes.push_str(&format!("{what}: {line}\n"));
            }
        };
        let sent = self.unsupported.iter().map(ToString::to_string);
        add("not in the snapshot", &mut { sent });
        add("not acted on", &mut self.ignored.iter().cloned());
        notes
    }

    /// The snapshot and the names, for people.
    pub(crate) fn document(&self) -> impl Serialize + '_ {
        #[derive(Serialize)]
        struct Document<'a> {
            snapshot: &'a Snapshot,
            names: &'a NameTable,
            #[serde(rename = "trust-domains")]
            trust_domains: &'a BTreeSet<String>,
        }
        Document {
            snapshot: &self.snapshot,
            names: &self.names,
            trust_domains: &self.trust_domains,
        }
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).on("list", folder)? {
        let path = entry.on("list", folder)?.path();
        if path.extension().is_some_and(|end| end == "pb") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field with bytes, short ones.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let length = u8::try_from(bytes.len()).unwrap();
        [&[number << 3 | 2, length], bytes].concat()
    }

    /// An answer with one host, and a field of the table that nobody knows.
    fn names() -> Vec<u8> {
        let entry = [field(1, b"10.0.0.1"), field(2, b"External")].concat();
        let host = [field(1, b"a.example"), field(2, &entry)].concat();
        let table = [field(1, &host), field(7, b"new")].concat();
        let kind = field(1, b"type.googleapis.com/istio.networking.nds.v1.NameTable");
        field(2, &[kind, field(2, &table)].concat())
    }

    #[test]
    fn a_folder_is_translated_and_what_is_left_over_is_told() {
        let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let layout = Layout::new(root.path());
        snapshot::tests::write(&layout);
        fs::write(folder.path().join("nds.pb"), names()).unwrap();
        fs::write(folder.path().join("nds.json"), "{}").unwrap();
        let answer = of_folder(&layout, folder.path()).unwrap();
        assert!(answer.names.hosts.contains_key("a.example"));
        assert_eq!(answer.snapshot.validate(), Ok(()));
        assert_eq!(
            answer.notes(),
            "not in the snapshot: nds/#7 = [\"3 bytes\"]: nothing acts on it\n"
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let layout = Layout::new(root.path());
        let none = of_folder(&layout, folder.path()).unwrap_err();
        assert!(none.to_string().contains("no file there ends in .pb"), "{none}");
        let mut cut = names();
        cut.truncate(60);
        fs::write(folder.path().join("nds.pb"), cut).unwrap();
        let error = of_folder(&layout, folder.path()).unwrap_err().to_string();
        assert!(error.contains("nds.pb"), "{error}");
        assert!(error.ends_with("the bytes end too early"), "{error}");
    }
}
