use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::trial::Kind;
use super::{envoy, haproxy};
use crate::command::{command, has, output};
use crate::measure::runtime;
use crate::programs::target_folder;

/// What serves as a hop.
pub(super) struct Program {
    /// With its version.
    pub(super) name: String,
    pub(super) is_envoy: bool,
    path: PathBuf,
    command: fn(&Path, &Hop<'_>) -> Result<Command>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Outbound,
    Inbound,
}

impl Side {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Outbound => "outbound",
            Self::Inbound => "inbound",
        }
    }
}

/// One hop.
pub(super) struct Hop<'a> {
    pub(super) side: Side,
    pub(super) kind: Kind,
    pub(super) listen: SocketAddr,
    pub(super) next: SocketAddr,
    /// No session is taken up again.
    pub(super) full_handshakes: bool,
    /// With certificates, and for settings.
    pub(super) folder: &'a Path,
}

impl Hop<'_> {
    /// Writes settings that are its own.
    pub(super) fn write(&self, end: &str, settings: &[u8]) -> Result<PathBuf> {
        let path = self.folder.join(format!("{}{end}", self.side.name()));
        std::fs::write(&path, settings)?;
        Ok(path)
    }

    /// A file that `mesh-load issue` wrote.
    pub(super) fn issued(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Whose certificate it shows.
    pub(super) fn who(&self) -> &'static str {
        match self.side {
            Side::Outbound => "client",
            Side::Inbound => "server",
        }
    }
}

impl Program {
    pub(super) fn ours(path: PathBuf) -> Self {
        Self {
            name: "meshc".to_owned(),
            is_envoy: false,
            path,
            command: ours,
        }
    }

    /// `None` where there is none.
    pub(super) fn envoy() -> Result<Option<Self>> {
        let Some(path) = runtime::envoy() else {
            eprintln!("skipped: Envoy's figures need the lab's Envoy, run `cargo xtask demo` first");
            return Ok(None);
        };
        // `…/envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`
        let said = said(command(&path).arg("--version"))?;
        let version = said.split('/').rev().nth(3).unwrap_or("?");
        Ok(Some(Self {
            name: format!("Envoy {version}"),
            is_envoy: true,
            path,
            command: envoy::hop,
        }))
    }

    /// `None` where there is none.
    pub(super) fn haproxy() -> Result<Option<Self>> {
        let unpacked = target_folder().join("tools/haproxy");
        let path = if has("haproxy") {
            PathBuf::from("haproxy")
        } else if unpacked.is_file() {
            unpacked
        } else {
            eprintln!("skipped: HAProxy's figures need it, install it with `cargo xtask setup`");
            return Ok(None);
        };
        // `HAProxy version 2.6.12-1+deb12u1 2023/12/16 - …`
        let said = said(haproxy::program(&path).arg("-v"))?;
        let version = said.split_whitespace().nth(2).unwrap_or("?");
        Ok(Some(Self {
            name: format!("HAProxy {}", version.split('-').next().unwrap_or(version)),
            is_envoy: false,
            path,
            command: haproxy::hop,
        }))
    }

    /// What starts `hop`.
    pub(super) fn hop(&self, hop: &Hop<'_>) -> Result<Command> {
        (self.command)(&self.path, hop)
    }
}

fn ours(program: &Path, hop: &Hop<'_>) -> Result<Command> {
    let mut command = command(program);
    command
        .args([hop.side.name(), "--kind", hop.kind.name()])
        .args(["--listen", &hop.listen.to_string()])
        .args(["--next", &hop.next.to_string()])
        .arg("--identity")
        .arg(hop.folder);
    if hop.full_handshakes {
        command.arg("--full-handshakes");
    }
    Ok(command)
}

fn said(command: &mut Command) -> Result<String> {
    let done = output(command)?;
    String::from_utf8(done.stdout).context("it says no text")
}
