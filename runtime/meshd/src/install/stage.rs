//! A release, laid out beside the one in force.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use mesh_wire::bundle::File;
use mesh_wire::{Bundle, Sha256};

use super::bundle::{self, Delivery};
use crate::failure::{Failure, OnPath};
use crate::layout::Layout;

/// On a kernel without IPv6 systemd would refuse the sockets; this takes the place of the unit's list.
pub(crate) const WITHOUT_IPV6: &str = "/etc/systemd/system/meshd.socket.d/10-without-ipv6.conf";
const SOCKETS_WITHOUT_IPV6: &str = "[Socket]\nListenStream=\nListenDatagram=\nListenStream=127.0.0.1:15001\n\
    ListenStream=0.0.0.0:15006\nListenDatagram=127.0.0.1:15053\nListenStream=127.0.0.1:15053\n";

/// A release that is laid out.
#[derive(Clone)]
pub(crate) struct Release {
    /// Its name.
    pub(crate) name: Sha256,
    /// What it is made of.
    pub(crate) bundle: Bundle,
    /// The digest of its program.
    pub(crate) program: Option<Sha256>,
}

impl Release {
    /// Reads a release of the machine.
    pub(crate) fn read(layout: &Layout, name: &Sha256) -> Result<Self, Failure> {
        let folder = layout.release(name);
        let path = folder.join("bundle.json");
        let bundle = bundle::parse(&fs::read(&path).on("read", &path)?).on("read", &path)?;
        let program = fs::read(folder.join("meshd"))
            .ok()
            .map(|bytes| Sha256::of(&bytes));
        Ok(Self {
            name: name.clone(),
            bundle,
            program,
        })
    }

    /// The digest of the file at a path.
    pub(crate) fn file(&self, path: &str) -> Option<&Sha256> {
        self.bundle
            .files
            .iter()
            .find(|file| file.path == path)
            .map(|file| &file.sha256)
    }
}

/// Lays the release out. It appears under its name only when it is whole.
pub(crate) fn stage(layout: &Layout, delivery: &Delivery) -> Result<Release, Failure> {
    let folder = layout.release(&delivery.release);
    if !is_whole(&folder, delivery) {
        let partial = folder.with_extension("partial");
        let damaged = folder.with_extension("damaged");
        clear(&partial)?;
        clear(&damaged)?;
        lay_out(layout, delivery, &partial)?;
        // A release in force that somebody changed serves until the moment in which it is replaced.
        let _ = fs::rename(&folder, &damaged);
        fs::rename(&partial, &folder).on("name", &folder)?;
        clear(&damaged)?;
    }
    Release::read(layout, &delivery.release)
}

/// An earlier stage of the same release can be used when nothing in it was changed.
pub(crate) fn is_whole(folder: &Path, delivery: &Delivery) -> bool {
    let same = |file: &File| {
        fs::read(folder.join("rootfs").join(file.path.trim_start_matches('/')))
            .is_ok_and(|bytes| Sha256::of(&bytes) == file.sha256)
    };
    let program = || {
        let there = fs::read(folder.join("meshd")).map(|bytes| Sha256::of(&bytes));
        match (&delivery.bundle.runtime_sha256, there) {
            (_, Err(_)) => false,
            (Some(wanted), Ok(there)) => *wanted == there,
            (None, Ok(there)) => {
                let given = delivery.program().ok().and_then(|path| fs::read(path).ok());
                given.is_some_and(|bytes| Sha256::of(&bytes) == there)
            }
        }
    };
    fs::read(folder.join("bundle.json")).is_ok_and(|document| document == delivery.document)
        && delivery.bundle.files.iter().all(same)
        && program()
}

fn lay_out(layout: &Layout, delivery: &Delivery, folder: &Path) -> Result<(), Failure> {
    let rootfs = folder.join("rootfs");
    make_folder(&rootfs)?;
    let owners = Owners::read(layout);
    for file in &delivery.bundle.files {
        let path = rootfs.join(file.path.trim_start_matches('/'));
        if let Some(parent) = path.parent() {
            make_folder(parent)?;
        }
        let bytes = delivery.bytes(file)?;
        // Nobody may read a secret between its writing and its permissions.
        write_private(&path, &bytes)?;
        owners.give(&path, file)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(bundle::mode(file)?)).on("change", &path)?;
    }
    copy_program(
        &delivery.program()?,
        &folder.join("meshd"),
        delivery.bundle.runtime_sha256.is_some(),
    )?;
    if layout.is_live() && !crate::capture::has_ipv6() {
        let path = rootfs.join(WITHOUT_IPV6.trim_start_matches('/'));
        if let Some(parent) = path.parent() {
            make_folder(parent)?;
        }
        fs::write(&path, SOCKETS_WITHOUT_IPV6).on("write", &path)?;
    }
    let document = folder.join("bundle.json");
    fs::write(&document, &delivery.document).on("write", &document)?;
    let opened = fs::File::open(folder).on("open", folder)?;
    nix::unistd::syncfs(&opened).on("write to disk", folder)
}

fn copy_program(from: &Path, to: &Path, stored: bool) -> Result<(), Failure> {
    // A shipped program is a blob of the store: a second name costs nothing. Any other belongs to somebody.
    if !stored || fs::hard_link(from, to).is_err() {
        fs::copy(from, to).on("copy to", to)?;
    }
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).on("change", to)?;
    if Path::new("/sys/fs/selinux/enforce").exists() {
        // Below /var/lib nothing may be run by systemd otherwise.
        let _ = crate::command::output("chcon", &["-t", "bin_t", &to.to_string_lossy()], None);
    }
    Ok(())
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .on("write", path)?;
    file.write_all(bytes).on("write", path)
}

/// Makes a folder that everybody may pass; files have their own permissions.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        fs::create_dir(folder).on("make", folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).on("change", folder)?;
    }
    Ok(())
}

/// Removes a folder with all in it; nothing where it is missing.
pub(crate) fn clear(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).on("remove", folder),
        _ => Ok(()),
    }
}

/// The numbers of users and groups, read from the machine's own files: a static program has no other way.
struct Owners {
    users: String,
    groups: String,
    change: bool,
}

impl Owners {
    fn read(layout: &Layout) -> Self {
        let read = |path: &str| fs::read_to_string(layout.at(path)).unwrap_or_default();
        // Only root gives files away; a test that is not root sees its own files.
        Self {
            users: read("/etc/passwd"),
            groups: read("/etc/group"),
            change: nix::unistd::geteuid().is_root(),
        }
    }

    fn give(&self, path: &PathBuf, file: &File) -> Result<(), Failure> {
        let unknown = |name: &str| {
            Failure::new(
                format!("give {} its owner", file.path),
                format!("this machine has no `{name}`"),
            )
        };
        let user = number(&self.users, &file.owner).ok_or_else(|| unknown(&file.owner))?;
        let group = number(&self.groups, &file.group).ok_or_else(|| unknown(&file.group))?;
        if self.change {
            chown(path, Some(user), Some(group)).on("give away", path)?;
        }
        Ok(())
    }
}

fn number(table: &str, name: &str) -> Option<u32> {
    let line = table.lines().find(|line| line.split(':').next() == Some(name));
    line.and_then(|line| line.split(':').nth(2)?.parse().ok())
        .or_else(|| name.parse().ok())
}
