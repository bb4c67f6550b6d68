use std::io::Write as _;
use std::path::Path;

/// Puts `text` in the place of a file, whole or not at all, with the permissions that it had.
pub(crate) fn rewrite(path: &Path, text: &str) -> std::io::Result<()> {
    // The file itself, where a link leads to it.
    let path = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    let permissions = std::fs::metadata(&path)?.permissions();
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}
