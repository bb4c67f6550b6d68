//! The folder that `meshc build` wrote, as the list of machines in it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mesh_wire::{Bundle, Sha256};

/// A VM and what it is given.
#[derive(Clone, Debug)]
pub struct Target {
    /// The VM's name, with its namespace before it where two namespaces have a VM of this name.
    pub name: String,
    /// What it is given.
    pub bundle: Bundle,
    /// The folder that the bundle's sources are relative to.
    pub out: PathBuf,
}

/// The output folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no output in the folder.
    #[error("`{0}` is not the output of `meshc build`: it has no {1}")]
    NoOutput(PathBuf, &'static str),
    /// A file cannot be read.
    #[error("cannot read `{0}`: {1}")]
    Read(PathBuf, io::Error),
    /// A file is no document of ours.
    #[error("`{0}` is not of this version of meshc, or damaged: {1}")]
    Parse(PathBuf, serde_json::Error),
    /// A file that the build wrote is gone, or is another one.
    #[error("`{0}` is not as `meshc build` wrote it: {1}")]
    Changed(PathBuf, &'static str),
    /// A newer meshc wrote it.
    #[error("`{path}` has format {found}, and this meshc reads up to {known}: use the meshc that built it")]
    Newer {
        /// The bundle.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// Ours.
        known: u32,
    },
}

/// Reads all bundles in `out`, ordered by namespace and name.
///
/// # Errors
/// When `out` is no output of `meshc build`, or damaged.
pub fn load(out: &Path) -> Result<Vec<Target>, LoadError> {
    if !out.join(RECORD).is_file() {
        return Err(LoadError::NoOutput(out.to_owned(), RECORD));
    }
    whole(out)?;
    let mut bundles = Vec::new();
    for path in bundle_paths(&out.join("vms"))? {
        bundles.push(read_bundle(&path)?);
    }
    bundles.sort_by(|a, b| (&a.namespace, &a.vm).cmp(&(&b.namespace, &b.vm)));
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for bundle in &bundles {
        *times.entry(bundle.vm.clone()).or_default() += 1;
    }
    let name = |bundle: &Bundle| match times.get(&bundle.vm) {
        Some(1) => bundle.vm.clone(),
        _ => format!("{}/{}", bundle.namespace, bundle.vm),
    };
    Ok(bundles
        .into_iter()
        .map(|bundle| Target {
            name: name(&bundle),
            bundle,
            out: out.to_owned(),
        })
        .collect())
}

/// The VMs in `out` that run Istio's own agent: they have files for it, and no bundle. Ordered by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn foreign(out: &Path) -> Result<Vec<String>, LoadError> {
    let has_agent = |folder: &PathBuf| folder.join("istio").is_dir() && !folder.join("bundle.json").is_file();
    let name = |folder: PathBuf| Some(folder.file_name()?.to_string_lossy().into_owned());
    let all = folders(&out.join("vms"))?;
    Ok(all.into_iter().filter(has_agent).filter_map(name).collect())
}

/// What a build wrote, as far as it is needed here.
#[derive(serde::Deserialize)]
struct Record {
    #[serde(default)]
    files: Vec<Recorded>,
}

#[derive(serde::Deserialize)]
struct Recorded {
    path: String,
    sha256: Sha256,
}

const RECORD: &str = "build.json";

/// A machine whose bundle is gone would be passed over in silence, and a file that was edited by hand would be shipped
/// under the digest of the old one: all that is for machines must be as it was written.
fn whole(out: &Path) -> Result<(), LoadError> {
    let path = out.join(RECORD);
    let bytes = fs::read(&path).map_err(|error| LoadError::Read(path.clone(), error))?;
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| LoadError::Parse(path, error))?;
    let shipped = |file: &&Recorded| file.path.starts_with("vms/") || file.path.starts_with("groups/");
    for file in record.files.iter().filter(shipped) {
        let path = out.join(&file.path);
        match fs::read(&path) {
            Ok(bytes) if Sha256::of(&bytes) == file.sha256 => {}
            Ok(_) => return Err(LoadError::Changed(path, "it was edited")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(LoadError::Changed(path, "it is gone"));
            }
            Err(error) => return Err(LoadError::Read(path, error)),
        }
    }
    Ok(())
}

/// `vms/<vm>/bundle.json` and `vms/<namespace>/<vm>/bundle.json`.
fn bundle_paths(vms: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let mut found = Vec::new();
    for folder in folders(vms)? {
        let bundle = folder.join("bundle.json");
        if bundle.is_file() {
            found.push(bundle);
            continue;
        }
        found.extend(
            folders(&folder)?
                .into_iter()
                .map(|inner| inner.join("bundle.json"))
                .filter(|path| path.is_file()),
        );
    }
    Ok(found)
}

fn folders(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let read = |error| LoadError::Read(path.to_owned(), error);
    match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(read(error)),
        Ok(entries) => {
            let mut all = Vec::new();
            for entry in entries {
                let path = entry.map_err(read)?.path();
                if path.is_dir() {
                    all.push(path);
                }
            }
            all.sort();
            Ok(all)
        }
    }
}

fn read_bundle(path: &Path) -> Result<Bundle, LoadError> {
    let bytes = fs::read(path).map_err(|error| LoadError::Read(path.to_owned(), error))?;
    let parse = |error| LoadError::Parse(path.to_owned(), error);
    // The format is read first: a newer document may have fields that this one does not know.
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(parse)?;
    let found = value
        .get("format")
        .and_then(serde_json::Value::as_u64)
        .unwrap_or(0);
    let known = mesh_wire::bundle::FORMAT;
    if found > u64::from(known) {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        return Err(LoadError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    serde_json::from_value(value).map_err(parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(namespace: &str, vm: &str) -> String {
        format!(
            r#"{{"format":1,"vm":"{vm}","namespace":"{namespace}","runtime":"0.1.0","files":[],"units":[],"checks":[],"ssh":{{"host":"::1"}}}}"#
        )
    }

    fn write(out: &Path, folder: &str, text: &str) {
        let folder = out.join("vms").join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("bundle.json"), text).unwrap();
    }

    #[test]
    fn vms_of_one_name_in_two_namespaces_are_told_apart() {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join("build.json"), "{}").unwrap();
        write(out.path(), "b/db", &bundle("b", "db"));
        write(out.path(), "a/db", &bundle("a", "db"));
        write(out.path(), "web", &bundle("a", "web"));
        let names: Vec<_> = load(out.path())
            .unwrap()
            .into_iter()
            .map(|target| target.name)
            .collect();
        assert_eq!(names, ["a/db", "web", "b/db"]);
    }

    #[test]
    fn machines_with_istios_agent_are_known_and_have_no_bundle() {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join("build.json"), "{}").unwrap();
        write(out.path(), "web", &bundle("a", "web"));
        fs::create_dir_all(out.path().join("vms/legacy-1/istio")).unwrap();
        assert_eq!(foreign(out.path()).unwrap(), ["legacy-1"]);
        assert_eq!(load(out.path()).unwrap().len(), 1);
    }

    #[test]
    fn what_is_not_as_it_was_built_is_refused_by_name() {
        let out = tempfile::tempdir().unwrap();
        let text = bundle("a", "web");
        write(out.path(), "web", &text);
        let digest = Sha256::of(text.as_bytes());
        let record = format!(
            r#"{{"files":[{{"path":"vms/web/bundle.json","sha256":"{}"}}]}}"#,
            digest.as_str()
        );
        fs::write(out.path().join("build.json"), record).unwrap();
        assert_eq!(load(out.path()).unwrap().len(), 1);
        write(out.path(), "web", &format!("{text} "));
        assert!(
            load(out.path())
                .unwrap_err()
                .to_string()
                .ends_with("web/bundle.json` is not as `meshc build` wrote it: it was edited")
        );
        fs::remove_dir_all(out.path().join("vms")).unwrap();
        assert!(load(out.path()).unwrap_err().to_string().ends_with("it is gone"));
    }

    #[test]
    fn what_is_no_output_is_refused_by_name() {
        let out = tempfile::tempdir().unwrap();
        assert!(matches!(load(out.path()), Err(LoadError::NoOutput(..))));
        fs::write(out.path().join("build.json"), "{}").unwrap();
        write(out.path(), "x", r#"{"format":7,"new":true}"#);
        assert!(matches!(load(out.path()), Err(LoadError::Newer { found: 7, .. })));
        write(out.path(), "x", "{");
        assert!(matches!(load(out.path()), Err(LoadError::Parse(..))));
    }
}
