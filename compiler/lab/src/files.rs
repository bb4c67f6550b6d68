//! Files and folders, with errors that name them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A file or folder could not be worked on.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct FileError {
    action: &'static str,
    path: PathBuf,
    source: std::io::Error,
}

impl FileError {
    pub(crate) fn new(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// Makes the folder `path` and all above it.
pub(crate) fn make_dir(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|source| FileError::new("make folder", path, source))
}

/// Writes `bytes` to `path`, with `mode`; makes the folders above it.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    if let Some(parent) = path.parent() {
        make_dir(parent)?;
    }
    // What lies there may be a link into another place, such as resolv.conf.
    if path.is_symlink() {
        fs::remove_file(path).map_err(|source| FileError::new("replace", path, source))?;
    }
    fs::write(path, bytes).map_err(|source| FileError::new("write", path, source))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|source| FileError::new("set the mode of", path, source))
}

/// Reads all of `path` as text.
pub(crate) fn read(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|source| FileError::new("read", path, source))
}

/// Removes `path` and what is in it; nothing there is fine.
pub(crate) fn remove_all(path: &Path) -> Result<(), FileError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::new("remove", path, source))
        }
        _ => Ok(()),
    }
}

/// Where the absolute path `inside` of a machine lies below its `root`. Links of folders are followed as the
/// machine itself would, so that `/var/run -> /run` does not lead out of it.
pub(crate) fn below(root: &Path, inside: &str) -> PathBuf {
    let mut todo: Vec<String> = words(inside).rev().collect();
    let mut real = root.to_owned();
    // As many links as the kernel follows; what is left then is taken as it stands.
    let mut links = 40;
    while let Some(word) = todo.pop() {
        if word == ".." {
            real = if real == root {
                real
            } else {
                real.parent().unwrap_or(root).to_owned()
            };
            continue;
        }
        let next = real.join(&word);
        match fs::read_link(&next) {
            Ok(target) if !todo.is_empty() && links > 0 => {
                links -= 1;
                real = if target.is_absolute() {
                    root.to_owned()
                } else {
                    real
                };
                todo.extend(words(&target.to_string_lossy()).rev().collect::<Vec<_>>());
            }
            _ => real = next,
        }
    }
    real
}

fn words(path: &str) -> impl DoubleEndedIterator<Item = String> {
    path.split('/')
        .filter(|word| !word.is_empty() && *word != ".")
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_has_its_mode_and_replaces_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("etc/resolv.conf");
        make_dir(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("/does/not/exist", &path).unwrap();
        write(&path, b"nameserver 10.0.0.1\n", 0o600).unwrap();
        assert!(!path.is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn links_stay_inside_of_the_machine() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        make_dir(&root.join("var")).unwrap();
        std::os::unix::fs::symlink("/run", root.join("var/run")).unwrap();
        std::os::unix::fs::symlink("../../../../etc", root.join("var/up")).unwrap();
        assert_eq!(below(root, "/var/run/x/y"), root.join("run/x/y"));
        assert_eq!(below(root, "/var/up/passwd"), root.join("etc/passwd"));
        assert_eq!(below(root, "/plain/file"), root.join("plain/file"));
    }

    #[test]
    fn an_error_names_the_file() {
        let error = read(Path::new("/no/such/file")).unwrap_err();
        assert!(error.to_string().starts_with("cannot read /no/such/file"));
    }
}
