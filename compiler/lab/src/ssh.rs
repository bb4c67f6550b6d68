//! The operator's way into the machines: a key, their host keys, and a configuration for `ssh`.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{CommandError, run};
use crate::files::{self, FileError};

/// Keys or their files could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SshError {
    /// `ssh-keygen` failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A file could not be worked on.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The folder with the operator's key, `known_hosts` and `config`.
#[derive(Clone, Debug)]
pub(crate) struct SshDir {
    path: PathBuf,
}

/// One machine, as `ssh` is told of it.
pub(crate) struct Host<'a> {
    pub(crate) name: &'a str,
    pub(crate) address: Ipv4Addr,
    pub(crate) user: &'a str,
    /// Its host key, `ssh-ed25519 AAAA…`.
    pub(crate) key: String,
}

impl SshDir {
    /// The folder of the lab whose state is in `state`.
    pub(crate) fn new(state: &Path) -> Self {
        Self {
            path: state.join("ssh"),
        }
    }

    /// The configuration for `ssh -F`.
    pub(crate) fn config(&self) -> PathBuf {
        self.path.join("config")
    }

    /// Makes the operator's key; returns its public half.
    pub(crate) fn make_key(&self) -> Result<String, SshError> {
        generate(&self.key(), "operator of the lab")
    }

    /// Writes `known_hosts` and `config`.
    pub(crate) fn write(&self, hosts: &[Host<'_>]) -> Result<(), SshError> {
        files::write(&self.known_hosts(), known_hosts(hosts).as_bytes(), 0o644)?;
        files::write(&self.config(), self.config_text(hosts).as_bytes(), 0o644)?;
        Ok(())
    }

    fn key(&self) -> PathBuf {
        self.path.join("id_ed25519")
    }

    fn known_hosts(&self) -> PathBuf {
        self.path.join("known_hosts")
    }

    fn config_text(&self, hosts: &[Host<'_>]) -> String {
        let mut text = String::new();
        for Host {
            name, address, user, ..
        } in hosts
        {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "Host {name} {address}\n    HostName {address}\n    User {user}"
            );
        }
        let _ = write!(
            text,
            "Host *\n    IdentityFile {}\n    IdentitiesOnly yes\n    UserKnownHostsFile {}\n    \
             StrictHostKeyChecking yes\n    ProxyJump none\n",
            self.key().display(),
            self.known_hosts().display()
        );
        text
    }
}

/// Makes an Ed25519 key at `path`; returns its public half without the comment.
pub(crate) fn generate(path: &Path, comment: &str) -> Result<String, SshError> {
    if let Some(parent) = path.parent() {
        files::make_dir(parent)?;
    }
    run(Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f"])
        .arg(path))?;
    let public = files::read(&path.with_extension("pub"))?;
    Ok(public.split(' ').take(2).collect::<Vec<_>>().join(" "))
}

fn known_hosts(hosts: &[Host<'_>]) -> String {
    hosts
        .iter()
        .map(|host| format!("{},{} {}\n", host.name, host.address, host.key))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host<'static> {
        let address = Ipv4Addr::new(10, 10, 0, 25);
        Host {
            name: "forum-1",
            address,
            user: "ubuntu",
            key: "ssh-ed25519 AAAA".to_owned(),
        }
    }

    #[test]
    fn hosts_are_known_by_name_and_address() {
        assert_eq!(known_hosts(&[host()]), "forum-1,10.10.0.25 ssh-ed25519 AAAA\n");
    }

    #[test]
    fn the_configuration_is_strict_and_asks_nobody() {
        let text = SshDir::new(Path::new("/var/lib/meshlab/forum")).config_text(&[host()]);
        assert!(text.starts_with("Host forum-1 10.10.0.25\n    HostName 10.10.0.25\n    User ubuntu\n"));
        assert!(text.contains("StrictHostKeyChecking yes"));
        assert!(text.contains("IdentityFile /var/lib/meshlab/forum/ssh/id_ed25519"));
    }
}
