//! Files that are whole or not there, and secret from their first byte on.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A file of the authority could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It could not be read.
    #[error("cannot read `{0}`: {1}")]
    Read(PathBuf, io::Error),
    /// It could not be written.
    #[error("cannot write `{0}`: {1}")]
    Write(PathBuf, io::Error),
}

pub(super) fn read(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|error| FileError::Read(path.to_owned(), error))
}

/// Writes a file that must not be there yet.
pub(super) fn write_new(path: &Path, text: &str, secret: bool) -> Result<(), FileError> {
    let failed = |error| FileError::Write(path.to_owned(), error);
    staged(path, text, secret)
        .map_err(failed)?
        .persist_noclobber(path)
        .map_err(|error| failed(error.error))?;
    Ok(())
}

/// Writes a file, or puts a new one in its place in one step.
pub(super) fn replace(path: &Path, text: &str, secret: bool) -> Result<(), FileError> {
    let failed = |error| FileError::Write(path.to_owned(), error);
    staged(path, text, secret)
        .map_err(failed)?
        .persist(path)
        .map_err(|error| failed(error.error))?;
    Ok(())
}

/// The bytes under another name in the same folder, which is created with its mode.
fn staged(path: &Path, text: &str, secret: bool) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mode = if secret { 0o600 } else { 0o644 };
    let mut file = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}
