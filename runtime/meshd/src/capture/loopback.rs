//! `::6` on the loopback interface: where inbound IPv6 connections to the application come from.
//!
//! IPv4 has all of 127.0.0.0/8 there; of IPv6 only `::1` (Istio: `configureIPv6Addresses`).

use crate::command;

/// Adds it; says whether it was not there before.
pub(crate) fn add() -> bool {
    change("add")
}

/// Removes it.
pub(crate) fn remove() {
    change("del");
}

fn change(verb: &str) -> bool {
    let output = command::output("ip", &["-6", "addr", verb, "::6/128", "dev", "lo"], None);
    output.is_some_and(|output| output.ok)
}
