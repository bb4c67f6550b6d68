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
mod routing;
pub(crate) mod watch;

use mesh_wire::Sha256;
use serde::{Deserialize, Serialize};

use crate::command;
use crate::failure::{Failure, OnPath};
use crate::layout::Layout;

/// What was loaded. [`down`] takes our rules away without it; it tells what we made besides.
const NOTE: &str = "/run/meshd-capture.json";

/// The rules for nftables.
const NFT: &str = "/etc/meshd/capture.nft";

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
    /// We lead marked packets to the machine itself.
    #[serde(default)]
    routing: bool,
    /// The rules as the kernel showed them then.
    #[serde(default)]
    rules: Option<Sha256>,
}

/// Loads the rules; what was loaded before is replaced without a moment in between.
pub(crate) fn up(layout: &Layout) -> Result<Backend, Failure> {
    for rules in foreign() {
        tracing::warn!(%rules, "rules of another mesh are in the kernel: they see traffic before or after ours");
    }
    let backend = backend(layout);
    let before = note(layout);
    let routed = before.as_ref().is_some_and(|note| note.routing);
    let tproxy = rules_of(layout, backend).is_some_and(|rules| routing::is_needed(&rules));
    // The routes come before the marks that they are for.
    let added = tproxy && routing::add()?;
    let loaded = load(layout, backend).inspect_err(|_| {
        if added {
            routing::remove();
        }
    })?;
    if routed && !tproxy {
        routing::remove();
    }
    let loopback = loopback::add() || before.as_ref().is_some_and(|note| note.loopback);
    let mut tables = before.map(|note| note.tables).unwrap_or_default();
    tables.extend(loaded);
    let note = Note {
        backend,
        loopback,
        tables,
        routing: tproxy && (added || routed),
        rules: Some(watch::rules()),
    };
    let text = serde_json::to_vec(&note).map_err(|cause| Failure::new("note the rules", cause))?;
    let path = layout.at(NOTE);
    std::fs::write(&path, text).on("write", &path)?;
    watch::forget(layout);
    resolver::hand_over(layout)?;
    Ok(backend)
}

/// nftables where the release has rules for it and the machine can take them, or where the release has no others.
fn backend(layout: &Layout) -> Backend {
    let (nft, iptables) = (layout.at(NFT).exists(), layout.at(iptables::V4_RULES).exists());
    if nft && (!iptables || nft::is_usable()) {
        Backend::Nft
    } else {
        Backend::Iptables
    }
}

fn rules_of(layout: &Layout, backend: Backend) -> Option<String> {
    let path = match backend {
        Backend::Nft => NFT,
        Backend::Iptables => iptables::V4_RULES,
    };
    std::fs::read_to_string(layout.at(path)).ok()
}

/// Loads the rules of one backend and takes away those of the other; gives the tables that iptables made for them.
fn load(layout: &Layout, backend: Backend) -> Result<Vec<String>, Failure> {
    match backend {
        Backend::Nft => {
            let path = layout.at(NFT);
            let rules = std::fs::read_to_string(&path).on("read", &path)?;
            nft::load(&rules).map_err(|failure| failure.remedy("install `nftables`"))?;
            iptables::clear()?;
            Ok(Vec::new())
        }
        Backend::Iptables => {
            let made = iptables::load(layout)?;
            nft::clear()?;
            Ok(made)
        }
    }
}

/// Takes all of our rules away, of every backend.
pub(crate) fn down(layout: &Layout) -> Result<(), Failure> {
    let (nft, iptables) = (nft::clear(), iptables::clear());
    if let Some(note) = note(layout) {
        if note.loopback {
            loopback::remove();
        }
        if note.routing {
            routing::remove();
        }
        iptables::forget(&note.tables);
    }
    let _ = std::fs::remove_file(layout.at(NOTE));
    watch::forget(layout);
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
