//! What Istio's own program wrote for its flags: `shared/reference/capture`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mesh_compiler::emit::capture::rule::Owner;
use mesh_compiler::emit::capture::{Owners, Settings};
use serde_json::Value;

use crate::{common, flags};

/// One reference.
pub(crate) struct Case {
    pub(crate) path: PathBuf,
    /// What its flags say.
    pub(crate) settings: Settings,
    /// Lines for iptables-restore.
    pub(crate) iptables: Vec<String>,
    /// The same for ip6tables-restore; none where IPv6 is left alone.
    pub(crate) ip6tables: Vec<String>,
}

/// All of them, in order; `None` where they are missing.
pub(crate) fn all() -> Option<Vec<Case>> {
    let folder = common::reference("capture")?;
    let files = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    Some(paths.into_iter().map(read).collect())
}

fn read(path: PathBuf) -> Case {
    let case: Value = serde_json::from_str(&common::read(&path)).unwrap();
    let environment = strings(&case["environment"]);
    let pair = |pair: &String| {
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    let settings = flags::settings(
        &strings(&case["flags"]),
        &environment.iter().map(pair).collect(),
        &strings(&case["nameservers"]),
    );
    Case {
        path,
        settings,
        iptables: strings(&case["iptables-restore"]),
        ip6tables: strings(&case["ip6tables-restore"]),
    }
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

/// What these flags say on a machine with these name servers.
pub(crate) fn said(flags: &[&str], nameservers: &[&str]) -> Settings {
    let texts = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
    flags::settings(&texts(flags), &BTreeMap::new(), &texts(nameservers))
}

/// Names of users and groups are looked up on the machine, and this is not the one that a reference is for.
pub(crate) fn numbered(mut settings: Settings) -> Settings {
    let (Owners::AllBut(groups) | Owners::Only(groups)) = &mut settings.groups;
    let named = groups
        .iter_mut()
        .chain(&mut settings.uids)
        .chain(&mut settings.gids);
    for owner in named.filter(|owner| matches!(owner, Owner::Name(_))) {
        *owner = Owner::Id(4242);
    }
    settings
}
