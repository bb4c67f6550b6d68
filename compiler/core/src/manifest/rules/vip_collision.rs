use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::syntax::Datum;

/// Addresses that istiod gives to hosts without one (istio, pilot/pkg/controllers/ipallocate).
const ALLOCATED: [&str; 2] = ["240.240.0.0/16", "2001:2::/48"];

/// An address that is written lies outside of what istiod gives away by itself. Where all hosts have one, and just
/// those that istiod would give them, nobody is in the way.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let ranges = ALLOCATED.map(|range| range.parse::<IpNet>());
    let ranges: Vec<_> = ranges.into_iter().flatten().collect();
    let mut found = Vec::new();
    let mut all_written = true;
    for entry in index.kind(NETWORKING, "ServiceEntry") {
        let addresses = entry.items(&["spec", "addresses"]);
        all_written &= !addresses.is_empty();
        for address in addresses.iter().filter_map(Datum::text) {
            let Ok(ip) = address.value.parse::<IpAddr>() else {
                continue;
            };
            found.extend(
                ranges
                    .iter()
                    .find(|range| range.contains(&ip))
                    .map(|range| (address, ip, *range)),
            );
        }
    }
    if all_written && ranges.iter().all(|range| is_sequence(range, &found)) {
        return;
    }
    for (address, ip, range) in found {
        let message = format!("istiod gives addresses of {range} away by itself: {ip} may be another host's");
        sink.push(
            Diagnostic::new(&code::VIP_COLLISION, address.span, message)
                .help("leave `addresses` out, and istiod chooses one; or write an address of no other use"),
        );
    }
}

/// The addresses of `range` are its first ones, each once: istiod counts from there.
fn is_sequence(range: &IpNet, found: &[(Spanned<String>, IpAddr, IpNet)]) -> bool {
    let own: BTreeSet<_> = found
        .iter()
        .filter(|(_, _, of)| of == range)
        .map(|(_, ip, _)| *ip)
        .collect();
    let count = found.iter().filter(|(_, _, of)| of == range).count();
    count == own.len() && range.hosts().zip(&own).all(|(first, ip)| first == *ip)
}
