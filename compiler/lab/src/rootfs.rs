//! The Debian tree that all machines and pods share, built once and kept.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use mesh_wire::Sha256;

use crate::command::{CommandError, run};
use crate::files::{self, FileError, below};

/// The Debian release of the machines.
const SUITE: &str = "bookworm";

/// Changes whenever the recipe below changes, so that older trees are not reused.
const RECIPE: &str = "1";

/// What every machine and pod has.
const PACKAGES: [&str; 21] = [
    "ca-certificates",
    "curl",
    "dbus",
    "dnsmasq-base",
    "dnsutils",
    "iproute2",
    "iptables",
    "iputils-ping",
    "libpam-systemd",
    "netcat-openbsd",
    "nftables",
    "openssh-client",
    "openssh-server",
    "procps",
    "python3",
    "sudo",
    "systemd",
    "systemd-resolved",
    "systemd-sysv",
    "tcpdump",
    "util-linux",
];

/// Nothing starts at boot but this: the services of extra packages wait until a machine enables them.
const PRESET: &str =
    "enable ssh.service\nenable systemd-networkd.service\nenable systemd-resolved.service\ndisable *\n";

/// The tree could not be built.
#[derive(Debug, thiserror::Error)]
pub enum RootfsError {
    /// Where Debian comes from is unknown.
    #[error(
        "apt on this machine has no source for Debian {SUITE} (main), which the lab's machines are built from"
    )]
    NoMirror,
    /// A step of the build failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A file of the tree could not be worked on.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The tree with `packages` on top of the lab's own, from `cache`; it is built there if need be.
pub(crate) fn provide(
    cache: &Path,
    packages: &BTreeSet<String>,
    building: impl Fn(),
) -> Result<PathBuf, RootfsError> {
    let all: BTreeSet<&str> = PACKAGES
        .into_iter()
        .chain(packages.iter().map(String::as_str))
        .collect();
    let list = all.into_iter().collect::<Vec<_>>().join(",");
    let key = Sha256::of(format!("{RECIPE} {SUITE} {} {list}", std::env::consts::ARCH).as_bytes());
    let done = cache.join(format!("rootfs-{SUITE}-{}", key.short()));
    files::make_dir(cache)?;
    let _one_builder = lock(&cache.join("rootfs.lock"))?;
    if done.is_dir() {
        return Ok(done);
    }
    building();
    let part = cache.join(format!("rootfs-{SUITE}-{}.part", key.short()));
    files::remove_all(&part)?;
    let made = build(&part, &list, &mirror()?);
    if made.is_err() {
        let _ = files::remove_all(&part);
    }
    made?;
    fs::rename(&part, &done).map_err(|source| FileError::new("put in place", &done, source))?;
    Ok(done)
}

/// Holds `path` locked as long as the file is open.
pub(crate) fn lock(path: &Path) -> Result<File, FileError> {
    let file = File::create(path).map_err(|source| FileError::new("open", path, source))?;
    file.lock()
        .map_err(|source| FileError::new("lock", path, source))?;
    Ok(file)
}

fn build(root: &Path, packages: &str, mirror: &str) -> Result<(), RootfsError> {
    let mut debootstrap = Command::new("debootstrap");
    debootstrap
        .args(["--variant=minbase", &format!("--include={packages}"), SUITE])
        .arg(root)
        .arg(mirror);
    run(debootstrap
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C"))?;
    files::write(
        &root.join("etc/systemd/system-preset/00-lab.preset"),
        PRESET.as_bytes(),
        0o644,
    )?;
    let users = "useradd --create-home --shell /bin/bash ubuntu && systemctl preset-all --quiet \
                 && rm -f /etc/ssh/ssh_host_* /etc/hostname /etc/machine-id && apt-get clean && rm -rf /var/lib/apt/lists/*";
    run(Command::new("chroot").arg(root).args(["/bin/sh", "-ec", users]))?;
    files::write(
        &below(root, "/etc/sudoers.d/ubuntu"),
        b"ubuntu ALL=(ALL) NOPASSWD: ALL\n",
        0o440,
    )?;
    files::write(
        &root.join("etc/ssh/sshd_config.d/lab.conf"),
        b"PasswordAuthentication no\nUseDNS no\n",
        0o644,
    )?;
    Ok(())
}

/// The mirror that this machine's own apt takes Debian from.
fn mirror() -> Result<String, RootfsError> {
    let format = "$(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT)";
    let targets = run(Command::new("apt-get").args(["indextargets", "--format", format]))?;
    mirror_of(&targets).ok_or(RootfsError::NoMirror)
}

fn mirror_of(targets: &str) -> Option<String> {
    targets.lines().find_map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            [uri, release, codename, "main"] if *release == SUITE || *codename == SUITE => {
                Some((*uri).to_owned())
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_that_of_the_release_itself() {
        let targets = "http://mirror.test/other/ stable stable main\n\
                       http://mirror.test/debian-security/ bookworm-security bookworm-security main\n\
                       http://mirror.test/debian/ bookworm bookworm contrib\n\
                       http://mirror.test/debian/ bookworm bookworm main\n";
        assert_eq!(mirror_of(targets).as_deref(), Some("http://mirror.test/debian/"));
        assert_eq!(mirror_of("http://mirror.test/ubuntu/ noble noble main\n"), None);
    }
}
