//! Rules in nftables: one table of our own, replaced in one transaction.

use super::netlink::{self, Family};
use crate::command;
use crate::failure::Failure;

const TABLE: &str = "table inet meshd";
/// Adding it first makes deleting it right whether or not it was there.
const REPLACE: &str = "add table inet meshd\ndelete table inet meshd\n";

/// `nft` is there and the kernel has its part.
pub(crate) fn is_usable() -> bool {
    command::output("nft", &["list", "tables"], None).is_some_and(|output| output.ok)
}

/// Replaces our table by `rules`.
pub(crate) fn load(rules: &str) -> Result<(), Failure> {
    command::run("nft", &["-f", "-"], Some(&format!("{REPLACE}{rules}"))).map(drop)
}

/// Removes our table.
pub(crate) fn clear() -> Result<(), Failure> {
    if command::output("nft", &["--version"], None).is_none() {
        return netlink::delete_table(Family::Inet, "meshd").map_err(|cause| {
            Failure::new(format!("delete the nftables {TABLE}"), cause).remedy("install `nft`")
        });
    }
    if show().is_empty() {
        return Ok(());
    }
    command::run("nft", &["-f", "-"], Some(REPLACE)).map(drop)
}

/// Our table.
pub(crate) fn show() -> String {
    let output = command::output("nft", &["list", "table", "inet", "meshd"], None);
    output
        .filter(|output| output.ok && output.stdout.contains(TABLE))
        .map(|output| output.stdout)
        .unwrap_or_default()
}
