//! Writing a whole output folder at once: it is made beside the old one, then takes its place.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mesh_compiler::emit::{BuildRecord, File, Output};
use mesh_compiler::parallel;

/// What a write changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// The folder was so already and was not touched.
    Unchanged,
    /// It was replaced.
    Changed {
        /// Files that are new, other than before or gone.
        files: usize,
    },
}

/// The folder could not be written. The old one is as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// Somebody else's files lie there.
    #[error("the folder is not empty and has no build.json of meshc")]
    Foreign,
    /// It is no folder.
    #[error("it is no folder")]
    NoFolder,
    /// A part of its path is a file.
    #[error("`{0}` is a file, and cannot have folders in it")]
    Way(PathBuf),
    /// The operating system refuses.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
}

impl WriteError {
    /// What helps.
    pub(crate) const fn remedy(&self) -> &'static str {
        match self {
            Self::Foreign | Self::NoFolder | Self::Way(_) => {
                "name another folder with `-o`, or move away what is there"
            }
            Self::Io(..) => "nothing was changed; see that the place is writable and has room",
        }
    }
}

/// The file that marks a folder as ours.
const RECORD: &str = "build.json";

/// Makes `out` hold `output` and nothing else.
pub(crate) fn write(out: &Path, output: &Output) -> Result<Written, WriteError> {
    let out = resolve(out)?;
    let old = existing(&out)?;
    let changed = changes(&out, &old, output);
    if changed == 0 {
        return Ok(Written::Unchanged);
    }
    let parent = out.parent().unwrap_or(Path::new("/"));
    if let Some(file) = parent.ancestors().find(|path| path.is_file()) {
        return Err(WriteError::Way(file.to_owned()));
    }
    fs::create_dir_all(parent).map_err(|error| WriteError::Io(parent.to_owned(), error))?;
    sweep(parent);
    let staging = tempfile::Builder::new()
        .prefix(&format!("{STAGING}{}-", std::process::id()))
        .tempdir_in(parent)
        .map_err(|error| WriteError::Io(parent.to_owned(), bare(error)))?;
    fill(staging.path(), &out, &old, output)?;
    open_to_all(staging.path())?;
    swap(staging.path(), &out)?;
    // What lies in the staging folder now is the old output; it goes away with it.
    Ok(Written::Changed { files: changed })
}

/// Without the name of a temporary folder, which means nothing to anybody.
fn bare(error: io::Error) -> io::Error {
    let source = error.get_ref().and_then(|inner| inner.source());
    let number = source
        .and_then(|source| source.downcast_ref::<io::Error>())
        .and_then(io::Error::raw_os_error);
    number.map_or(error, io::Error::from_raw_os_error)
}

/// How the folder begins that a build writes into; its process follows.
const STAGING: &str = ".meshc-";

/// Takes away what builds that were interrupted left in `parent`: it may hold keys.
fn sweep(parent: &Path) {
    let processes = Path::new("/proc");
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(STAGING).and_then(|rest| rest.split_once('-'));
        let process = process.and_then(|(number, _)| number.parse::<u32>().ok());
        let over = process.is_some_and(|number| !processes.join(number.to_string()).exists());
        if over && processes.join("self").exists() {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}

/// The absolute path, behind symbolic links.
fn resolve(out: &Path) -> Result<PathBuf, WriteError> {
    match fs::canonicalize(out) {
        Ok(path) if path.is_dir() => Ok(path),
        Ok(_) => Err(WriteError::NoFolder),
        Err(_) => std::path::absolute(out).map_err(|error| WriteError::Io(out.to_owned(), error)),
    }
}

/// The paths of the files that lie in `out`; none if it is not there. Refuses a folder that is not ours.
fn existing(out: &Path) -> Result<BTreeSet<String>, WriteError> {
    let mut found = BTreeSet::new();
    if !out.exists() {
        return Ok(found);
    }
    collect(out, "", &mut found).map_err(|error| WriteError::Io(out.to_owned(), error))?;
    let record = fs::read(out.join(RECORD)).ok();
    let ours = record.is_some_and(|bytes| serde_json::from_slice::<BuildRecord>(&bytes).is_ok());
    if found.is_empty() || ours {
        Ok(found)
    } else {
        Err(WriteError::Foreign)
    }
}

fn collect(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), found)?;
        } else {
            found.insert(path);
        }
    }
    Ok(())
}

fn changes(out: &Path, old: &BTreeSet<String>, output: &Output) -> usize {
    let gone = old.iter().filter(|path| !output.contains_key(*path)).count();
    gone + output
        .iter()
        .filter(|(path, file)| !(old.contains(*path) && same(&out.join(path), file)))
        .count()
}

fn same(path: &Path, file: &File) -> bool {
    let Ok(about) = fs::symlink_metadata(path) else {
        return false;
    };
    let alike = about.is_file()
        && about.len() == file.bytes.len() as u64
        && about.permissions().mode() & 0o7777 == file.mode.bits();
    alike && fs::read(path).is_ok_and(|bytes| bytes == file.bytes)
}

/// Writes all files below `folder`. What is unchanged in `out` is linked: the many files of a big mesh are then
/// not written again. `old` is what lies there.
fn fill(folder: &Path, out: &Path, old: &BTreeSet<String>, output: &Output) -> Result<(), WriteError> {
    let files: Vec<_> = output.iter().collect();
    let part = |files: &[(&String, &File)]| {
        let mut made = BTreeSet::new();
        files.iter().try_for_each(|(path, file)| {
            make_folders(folder, path, &mut made)?;
            let (from, to) = (out.join(path), folder.join(path));
            if old.contains(*path) && same(&from, file) && fs::hard_link(&from, &to).is_ok() {
                return Ok(());
            }
            write_file(&to, file).map_err(|error| WriteError::Io(to, error))
        })
    };
    parallel::chunks(&files, part).into_iter().collect()
}

/// Makes the folders of `path`, from the outermost; `made` are there.
fn make_folders<'a>(folder: &Path, path: &'a str, made: &mut BTreeSet<&'a str>) -> Result<(), WriteError> {
    let whole = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    if whole.is_empty() || made.contains(whole) {
        return Ok(());
    }
    let inner = path.match_indices('/').map(|(at, _)| &path[..at]);
    for parent in inner.filter(|parent| made.insert(parent)) {
        let place = folder.join(parent);
        match fs::create_dir(&place) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(WriteError::Io(place, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A secret is never readable by others, not even while it is written; the umask takes nothing away from the rest.
fn write_file(path: &Path, file: &File) -> io::Result<()> {
    let mut target = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(file.mode.bits())
        .open(path)?;
    target.set_permissions(Permissions::from_mode(file.mode.bits()))?;
    target.write_all(&file.bytes)
}

/// Temporary folders are made for their owner alone; the output is for everybody.
fn open_to_all(folder: &Path) -> Result<(), WriteError> {
    let io = |error| WriteError::Io(folder.to_owned(), error);
    fs::set_permissions(folder, Permissions::from_mode(0o755)).map_err(io)
}

/// Puts `new` in the place of `out`, and what was there in the place of `new`.
fn swap(new: &Path, out: &Path) -> Result<(), WriteError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let io = |error: io::Error| WriteError::Io(out.to_owned(), error);
    if !out.exists() {
        return fs::rename(new, out).map_err(io);
    }
    match renameat_with(CWD, new, CWD, out, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        // Some file systems cannot exchange: for a moment there is then nothing in the place.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            let aside = new.with_extension("old");
            fs::rename(out, &aside).map_err(io)?;
            if let Err(error) = fs::rename(new, out) {
                fs::rename(&aside, out).ok();
                return Err(io(error));
            }
            fs::rename(&aside, new).map_err(io)
        }
        Err(error) => Err(io(error.into())),
    }
}
