//! The rules that lead this machine's traffic through meshd.
//!
//! [`up`] loads the bundle's rules in one transaction of the backend, whatever was there of ours before; [`down`] takes
//! away all of ours from all backends and needs to know nothing. Rules of other programs are never touched: ours
//! live in `table inet meshd`, or in chains that begin with `MESHD_`. Names go the same way as packets: while the rules are
//! down, systemd-resolved does not ask meshd either (see [`resolver`]). The proxy itself has no right to do any of this.

mod iptables;
mod loopback;
mod netlink;
mod nft;
pub(crate) mod resolver;

use serde::{Deserialize, Serialize};

use crate::command;
use crate::failure::{Failure, OnPath};
use crate::layout::Layout;

/// What was loaded. [`down`] takes our rules away without it; it tells what we made besides.
const NOTE: &str = "/run/meshd-capture.json";

/// Who keeps the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Backend {
    /// `nft`.
    Nft,
    /// `iptables-restore` and `ip6tables-restore`.
    Iptables,
}

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    backend: Backend,
    /// We gave the loopback interface `::6`.
    loopback: bool,
    /// Tables that iptables made for our rules, and that stay when these are gone.
    #[serde(default)]
    tables: Vec<String>,
}

/// Loads the rules; what was loaded before is replaced without a moment in between.
pub(crate) fn up(layout: &Layout) -> Result<Backend, Failure> {
    for rules in foreign() {
        tracing::warn!(%rules, "rules of another mesh are in the kernel: they see traffic before or after ours");
    }
    let nft_rules = layout.at("/etc/meshd/capture.nft");
    let backend = if nft::is_usable() && nft_rules.exists() {
        Backend::Nft
    } else {
        Backend::Iptables
    };
    let before = note(layout);
    let mut tables = before
        .as_ref()
        .map(|note| note.tables.clone())
        .unwrap_or_default();
    match backend {
        Backend::Nft => {
            let rules = std::fs::read_to_string(&nft_rules).on("read", &nft_rules)?;
            nft::load(&rules)?;
            iptables::clear()?;
        }
        Backend::Iptables => {
            tables.extend(iptables::load(layout)?);
            nft::clear()?;
        }
    }
    let loopback = loopback::add() || before.is_some_and(|note| note.loopback);
    let note = Note {
        backend,
        loopback,
        tables,
    };
    let text = serde_json::to_vec(&note).map_err(|cause| Failure::new("note the rules", cause))?;
    let path = layout.at(NOTE);
    std::fs::write(&path, text).on("write", &path)?;
    resolver::hand_over(layout)?;
    Ok(backend)
}

/// Takes all of our rules away, of every backend.
pub(crate) fn down(layout: &Layout) -> Result<(), Failure> {
    let (nft, iptables) = (nft::clear(), iptables::clear());
    if let Some(note) = note(layout) {
        if note.loopback {
            loopback::remove();
        }
        iptables::forget(&note.tables);
    }
    let _ = std::fs::remove_file(layout.at(NOTE));
    let resolver = resolver::take_back(layout);
    nft.and(iptables).and(resolver)
}

/// Our rules as they are in the kernel; empty when there are none.
pub(crate) fn show() -> String {
    [nft::show(), iptables::show()].concat()
}

/// Our rules are in the kernel.
pub(crate) fn is_up() -> bool {
    !show().is_empty()
}

/// The kernel has IPv6 at all (`ipv6.disable=1` takes it away).
pub(crate) fn has_ipv6() -> bool {
    std::path::Path::new("/proc/net/if_inet6").exists()
}

/// Chains and tables of other meshes' agents.
pub(crate) fn foreign() -> Vec<String> {
    let mut found = iptables::foreign();
    let tables = command::output("nft", &["list", "tables"], None)
        .map(|output| output.stdout)
        .unwrap_or_default();
    found.extend(
        tables
            .lines()
            .filter(|table| table.contains("istio-proxy"))
            .map(|table| format!("nft {table}")),
    );
    found
}

fn note(layout: &Layout) -> Option<Note> {
    serde_json::from_slice(&std::fs::read(layout.at(NOTE)).ok()?).ok()
}
