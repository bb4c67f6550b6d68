//! What leads packets that TPROXY has marked to this machine itself: a rule of routing, and a table with one route (Istio
//! `tools/common/tproxy/run_linux.go`).

use crate::command;
use crate::failure::Failure;

const MARKED: &[&str] = &["fwmark", "1337", "lookup", "133"];
const HERE: &[&str] = &["local", "default", "dev", "lo", "table", "133"];

/// The rules hand packets over without rewriting them.
pub(super) fn is_needed(rules: &str) -> bool {
    rules.contains("-j TPROXY ") || rules.contains(" tproxy ")
}

/// Puts both in place, as far as they are not there. Says whether something was missing.
pub(super) fn add() -> Result<bool, Failure> {
    let mut added = false;
    for family in families() {
        if !has(family, "rule", "fwmark 0x539 lookup 133") {
            change(family, "rule", "add", MARKED)?;
            added = true;
        }
        if !has(family, "route", "local default dev lo") {
            change(family, "route", "add", HERE)?;
            added = true;
        }
    }
    Ok(added)
}

/// Takes both away; one that is gone already is no failure.
pub(super) fn remove() {
    for family in families() {
        for (object, words) in [("rule", MARKED), ("route", HERE)] {
            if let Err(error) = change(family, object, "del", words) {
                tracing::debug!(%error, "routing was not as it was left");
            }
        }
    }
}

fn families() -> impl Iterator<Item = &'static str> {
    let v6 = super::has_ipv6().then_some("-6");
    ["-4"].into_iter().chain(v6)
}

fn has(family: &str, object: &str, line: &str) -> bool {
    let table: &[&str] = if object == "route" { &["table", "133"] } else { &[] };
    let shown = command::output("ip", &[&[family, object, "show"], table].concat(), None);
    shown.is_some_and(|shown| shown.stdout.contains(line))
}

fn change(family: &str, object: &str, verb: &str, words: &[&str]) -> Result<(), Failure> {
    command::run("ip", &[&[family, object, verb], words].concat(), None)
        .map(drop)
        .map_err(|failure| {
            failure.remedy("install `iproute2`, and see `ip rule` and `ip route show table 133`")
        })
}
