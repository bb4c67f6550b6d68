//! Snapshots on disk: the bundle's own, and the last one that worked.

use std::fs;
use std::path::{Path, PathBuf};

use mesh_wire::{NameTable, Sha256, Snapshot};
use serde::{Deserialize, Serialize};

use crate::layout::Layout;

/// Where snapshots lie.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// The VM's own part; what it includes lies beside it.
    pub(crate) snapshot: PathBuf,
    /// The table of names.
    pub(crate) names: PathBuf,
    /// The last one that worked.
    pub(crate) last_good: PathBuf,
}

impl Paths {
    pub(crate) fn of(layout: &Layout) -> Self {
        Self {
            snapshot: layout.at("/etc/meshd/snapshot.json"),
            names: layout.at("/etc/meshd/names.json"),
            last_good: layout.state().join("last-good.json"),
        }
    }

    /// All files that a snapshot is read from.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let includes = fs::read(&self.snapshot)
            .map(|bytes| includes(&bytes))
            .unwrap_or_default();
        let beside = includes.iter().map(|name| self.snapshot.with_file_name(name));
        [self.snapshot.clone(), self.names.clone()]
            .into_iter()
            .chain(beside)
            .collect()
    }
}

/// Why a snapshot was not taken over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// A file cannot be read.
    #[error("{}: {cause}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file is no document of this kind.
    #[error("{}: {cause}", .path.display())]
    Parse {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: serde_json::Error,
    },
    /// A file outside the folder is included.
    #[error("`{0}` cannot be included: only files beside the snapshot can")]
    Include(String),
    /// It contradicts itself.
    #[error(transparent)]
    Invalid(#[from] mesh_wire::snapshot::InvalidSnapshot),
    /// The table of names is newer than this program.
    #[error("the table of names has format {0}, which is newer than this meshd: update meshd")]
    Names(u32),
}

/// A snapshot with its names, whole.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Loaded {
    /// Digest of the files that it was read from.
    pub(crate) digest: Sha256,
    /// The snapshot, merged.
    pub(crate) snapshot: Snapshot,
    /// The names.
    pub(crate) names: NameTable,
}

/// Reads and checks the snapshot of the bundle.
pub(crate) fn load(paths: &Paths) -> Result<Loaded, LoadError> {
    let mut seen = Vec::new();
    let own = read(&paths.snapshot, &mut seen)?;
    let mut snapshot: Snapshot = parse(&paths.snapshot, &own)?;
    for name in std::mem::take(&mut snapshot.include) {
        let path = beside(&paths.snapshot, &name)?;
        let bytes = read(&path, &mut seen)?;
        let part: Snapshot = parse(&path, &bytes)?;
        snapshot.merge(part);
    }
    snapshot.validate()?;
    let names: NameTable = parse(&paths.names, &read(&paths.names, &mut seen)?)?;
    if names.format > mesh_wire::snapshot::FORMAT {
        return Err(LoadError::Names(names.format));
    }
    Ok(Loaded {
        digest: Sha256::of(&seen),
        snapshot,
        names,
    })
}

/// The digest that [`load`] would give the files as they are; `None` where one cannot be read.
pub(crate) fn digest(paths: &Paths) -> Option<Sha256> {
    let mut seen = Vec::new();
    let own = read(&paths.snapshot, &mut seen).ok()?;
    for name in includes(&own) {
        read(&beside(&paths.snapshot, &name).ok()?, &mut seen).ok()?;
    }
    read(&paths.names, &mut seen).ok()?;
    Some(Sha256::of(&seen))
}

/// Reads the last snapshot that worked.
pub(crate) fn last_good(paths: &Paths) -> Option<Loaded> {
    let loaded: Loaded = serde_json::from_slice(&fs::read(&paths.last_good).ok()?).ok()?;
    loaded.snapshot.validate().is_ok().then_some(loaded)
}

/// Keeps a snapshot that works, by one rename.
pub(crate) fn keep(paths: &Paths, loaded: &Loaded) -> std::io::Result<()> {
    let new = paths.last_good.with_extension("new");
    let file = fs::File::create(&new)?;
    let mut writer = std::io::BufWriter::new(file);
    serde_json::to_writer(&mut writer, loaded)?;
    writer
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?
        .sync_all()?;
    fs::rename(&new, &paths.last_good)
}

/// The digest runs over the names and bytes of all files, each with its length.
fn read(path: &Path, seen: &mut Vec<u8>) -> Result<Vec<u8>, LoadError> {
    let bytes = fs::read(path).map_err(|cause| LoadError::Read {
        path: path.to_owned(),
        cause,
    })?;
    let name = path.file_name().unwrap_or_default();
    seen.extend_from_slice(name.as_encoded_bytes());
    seen.extend_from_slice(Sha256::of(&bytes).as_str().as_bytes());
    Ok(bytes)
}

fn parse<T: for<'a> Deserialize<'a>>(path: &Path, bytes: &[u8]) -> Result<T, LoadError> {
    serde_json::from_slice(bytes).map_err(|cause| LoadError::Parse {
        path: path.to_owned(),
        cause,
    })
}

fn beside(path: &Path, name: &str) -> Result<PathBuf, LoadError> {
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return Err(LoadError::Include(name.to_owned()));
    }
    Ok(path.with_file_name(name))
}

fn includes(bytes: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        include: Vec<String>,
    }
    serde_json::from_slice::<Head>(bytes)
        .map(|head| head.include)
        .unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small snapshot that is right, in two files, with its names.
    pub(crate) fn write(layout: &Layout) {
        let folder = layout.at("/etc/meshd");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(layout.state()).unwrap();
        fs::write(folder.join("snapshot.json"), serde_json::to_vec(&own()).unwrap()).unwrap();
        fs::write(folder.join("mesh.json"), r#"{"format":1}"#).unwrap();
        fs::write(
            folder.join("names.json"),
            r#"{"format":1,"ttl":30,"hosts":{"a.example":{"addresses":["240.0.0.1"]}}}"#,
        )
        .unwrap();
    }

    fn own() -> Snapshot {
        let node = r#"{"id":"sidecar~10.0.0.1~vm.ns~ns.svc.cluster.local","name":"vm","namespace":"ns","workload":"vm",
            "addresses":["10.0.0.1"],"cluster":"c","mesh":"m","network":"n"}"#;
        let identity = |file: &str| format!("/etc/meshd/identity/{file}");
        Snapshot {
            format: 1,
            include: vec!["mesh.json".to_owned()],
            node: Some(serde_json::from_str(node).unwrap()),
            identity: Some(mesh_wire::Identity {
                trust_domain: "cluster.local".to_owned(),
                trust_domain_aliases: Vec::new(),
                service_account: "vm".to_owned(),
                spiffe: "spiffe://cluster.local/ns/ns/sa/vm".to_owned(),
                source: mesh_wire::snapshot::IdentitySource::Files {
                    cert_chain: identity("cert-chain.pem"),
                    key: identity("key.pem"),
                    roots: identity("root-cert.pem"),
                    crl: None,
                },
            }),
            ..Snapshot::default()
        }
    }

    #[test]
    fn the_parts_are_merged_and_named_by_their_bytes() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path());
        write(&layout);
        let paths = Paths::of(&layout);
        let loaded = load(&paths).unwrap();
        assert_eq!(digest(&paths), Some(loaded.digest.clone()));
        assert_eq!(paths.files().len(), 3);
        keep(&paths, &loaded).unwrap();
        assert_eq!(last_good(&paths).unwrap().digest, loaded.digest);
        fs::write(
            layout.at("/etc/meshd/mesh.json"),
            "{\"format\":1, \"outbound\":[]}",
        )
        .unwrap();
        assert_ne!(digest(&paths), Some(loaded.digest));
    }

    #[test]
    fn what_is_damaged_is_named() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path());
        write(&layout);
        let paths = Paths::of(&layout);
        fs::write(layout.at("/etc/meshd/mesh.json"), "{\"format\":1,").unwrap();
        assert!(load(&paths).unwrap_err().to_string().contains("mesh.json"));
        fs::write(&paths.snapshot, r#"{"format":1,"include":["../../shadow"]}"#).unwrap();
        assert!(matches!(load(&paths), Err(LoadError::Include(_))));
        fs::write(&paths.snapshot, r#"{"format":99}"#).unwrap();
        assert!(matches!(load(&paths), Err(LoadError::Invalid(_))));
    }
}
