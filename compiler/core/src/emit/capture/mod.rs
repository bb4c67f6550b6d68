//! Which packets of a VM go to meshd.
//!
//! [`Settings`] say what is wanted, in the terms of `istio-iptables`; [`program`] turns them into [`rule::Rule`]s
//! by its algorithm (Istio `tools/istio-iptables/pkg/capture/run.go`); the same rules are then written in the
//! formats of [`iptables`]-restore and [`nft`].
//!
//! All of it lies in chains and in a table of our own, named `MESHD_*` and `inet meshd`, so that taking it away
//! needs no memory of what was put there.

pub mod program;
pub mod rule;
mod settings;

mod iptables;
mod nft;

pub use settings::{Cidrs, DnsServers, Inbound, InboundMode, Owners, Settings};

/// The rules in every format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// For `iptables-restore --noflush`. The jumps from the built-in chains are its only lines outside of chains
    /// of our own: who applies it twice takes the old jumps away first.
    pub v4: String,
    /// The same for `ip6tables-restore --noflush`.
    pub v6: String,
    /// For `nft -f`: one transaction that replaces our table.
    pub nft: String,
}

/// One rule as iptables has it.
pub fn line(rule: &rule::Rule, family: rule::Family) -> String {
    iptables::line(rule, family)
}

/// Writes the rules for `settings`.
pub fn rules(settings: &Settings) -> Rules {
    let program = program::program(settings);
    Rules {
        v4: iptables::write(&program, rule::Family::V4),
        v6: iptables::write(&program, rule::Family::V6),
        nft: nft::write(&program),
    }
}
