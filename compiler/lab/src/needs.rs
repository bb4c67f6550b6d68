//! What the lab needs of the machine that it runs on.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::cgroup::Cgroup;

/// The programs that the lab shells out to, and the Debian packages that bring them.
const TOOLS: [(&str, &str); 8] = [
    ("chroot", "coreutils"),
    ("debootstrap", "debootstrap"),
    ("ip", "iproute2"),
    ("mount", "mount"),
    ("nsenter", "util-linux"),
    ("setsid", "util-linux"),
    ("ssh-keygen", "openssh-client"),
    ("systemd-nspawn", "systemd-container"),
];

/// This machine cannot run a lab.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NeedsError {
    /// Namespaces, mounts and machines need root.
    #[error("the lab makes namespaces and boots machines: run it as root (`sudo meshc lab …`)")]
    NotRoot,
    /// There is neither a Debian root nor an Envoy for this processor.
    #[error("the lab runs on x86_64 and aarch64, not on {0}")]
    Architecture(String),
    /// Programs are missing.
    #[error("the lab needs {}", .0)]
    Missing(String),
    /// The kernel does not show control groups.
    #[error("the lab needs cgroup v2 mounted, to know and to end its processes")]
    Cgroup,
}

/// Checks that a lab can run here.
///
/// # Errors
/// Everything that is missing, and how to install it.
pub fn check() -> Result<(), NeedsError> {
    if !nix::unistd::geteuid().is_root() {
        return Err(NeedsError::NotRoot);
    }
    let arch = std::env::consts::ARCH;
    if !matches!(arch, "x86_64" | "aarch64") {
        return Err(NeedsError::Architecture(arch.to_owned()));
    }
    Cgroup::top("").map_err(|_| NeedsError::Cgroup)?;
    let missing: Vec<_> = TOOLS.iter().filter(|(tool, _)| find(tool).is_none()).collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(NeedsError::Missing(advice(&missing)))
    }
}

/// Where `tool` is.
pub(crate) fn find(tool: &str) -> Option<PathBuf> {
    // sbin folders are missing in the PATH of many users.
    [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    ]
    .iter()
    .map(|dir| Path::new(dir).join(tool))
    .find(|path| path.is_file())
}

fn advice(missing: &[&(&str, &str)]) -> String {
    let tools: Vec<_> = missing.iter().map(|(tool, _)| format!("`{tool}`")).collect();
    let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    let mut text = tools.join(", ");
    // Writing to a String cannot fail.
    let _ = write!(text, "; install with `apt-get install {}`", packages.join(" "));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_tools_and_packages() {
        let text = advice(&[&("nsenter", "util-linux"), &("setsid", "util-linux")]);
        assert_eq!(
            text,
            "`nsenter`, `setsid`; install with `apt-get install util-linux`"
        );
    }
}
