use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// More places than these are never needed, and a hash of 32 bits spreads well over them.
const MOST: u64 = 1 << 24;

/// Virtual addresses for `keys` (`namespace/host`), one of each range, none of `given`.
///
/// A key's place is its hash, as in Istio's first algorithm (`serviceentry/auto_allocation.go`), so that another
/// key coming or going moves nobody; only of two keys that meet in one place, the later by name goes on. Keys for
/// which no place is left get none.
pub fn allocate(
    ranges: &[IpNet],
    keys: &[String],
    given: &BTreeSet<IpAddr>,
) -> BTreeMap<String, Vec<IpAddr>> {
    let places = ranges.iter().map(size).min().unwrap_or(0);
    let keys: BTreeSet<_> = keys.iter().collect();
    let mut taken = BTreeSet::new();
    let mut found = BTreeMap::new();
    if places == 0 {
        return found;
    }
    for key in keys {
        let addresses = probe(key, places)
            .filter(|place| !taken.contains(place))
            .find_map(|place| {
                let addresses = ranges
                    .iter()
                    .map(|range| at(range, place))
                    .collect::<Option<Vec<_>>>()?;
                (!addresses.iter().any(|address| given.contains(address))).then_some((place, addresses))
            });
        if let Some((place, addresses)) = addresses {
            taken.insert(place);
            found.insert(key.clone(), addresses);
        }
    }
    found
}

/// Places to try: steps of the key's own, then all in turn.
pub(super) fn probe(key: &str, places: u64) -> impl Iterator<Item = u64> + use<> {
    let hash = u64::from(fnv1a(key));
    let start = hash % places;
    let step = 1 + (hash / places) % places.saturating_sub(1).max(1);
    let own = (0..64.min(places)).map(move |turn| (start + turn * step) % places);
    own.chain((0..places).map(move |turn| (start + turn) % places))
}

/// FNV-1a of 32 bits.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Addresses of a range that can be given away: neither its first nor its last.
fn size(range: &IpNet) -> u64 {
    let bits = range.max_prefix_len() - range.prefix_len();
    1_u64
        .checked_shl(bits.into())
        .map_or(MOST, |all| all.saturating_sub(2))
        .min(MOST)
}

fn at(range: &IpNet, place: u64) -> Option<IpAddr> {
    let offset = place + 1;
    match range.network() {
        IpAddr::V4(first) => {
            let number = u32::from(first).checked_add(u32::try_from(offset).ok()?)?;
            let address = Ipv4Addr::from(number);
            // Some networks take .0 and .255 for their own even where they are inside of a range.
            (!matches!(address.octets()[3], 0 | 255)).then_some(IpAddr::V4(address))
        }
        IpAddr::V6(first) => u128::from(first)
            .checked_add(offset.into())
            .map(|number| IpAddr::V6(Ipv6Addr::from(number))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges() -> Vec<IpNet> {
        vec!["240.240.0.0/16".parse().unwrap(), "2001:2::/48".parse().unwrap()]
    }

    fn keys(count: usize) -> Vec<String> {
        (0..count)
            .map(|number| format!("ns/host-{number}.example.com"))
            .collect()
    }

    #[test]
    fn addresses_are_unique_and_inside_and_none_that_is_given() {
        let first = allocate(&ranges(), &keys(500), &BTreeSet::new());
        let given: BTreeSet<_> = first.values().take(50).map(|addresses| addresses[0]).collect();
        let second = allocate(&ranges(), &keys(500), &given);
        let all: BTreeSet<_> = second.values().flatten().copied().collect();
        assert_eq!((second.len(), all.len()), (500, 1000));
        assert!(all.is_disjoint(&given));
        assert!(second.values().all(|both| {
            ranges()
                .iter()
                .zip(both)
                .all(|(range, address)| range.contains(address))
        }));
    }

    #[test]
    fn another_key_moves_nobody() {
        let before = allocate(&ranges(), &keys(100), &BTreeSet::new());
        let after = allocate(&ranges(), &keys(101), &BTreeSet::new());
        assert!(before.iter().all(|(key, addresses)| after[key] == *addresses));
    }

    #[test]
    fn small_ranges_are_filled_and_no_more() {
        let small = ["240.240.0.0/29".parse().unwrap()];
        assert_eq!(allocate(&small, &keys(10), &BTreeSet::new()).len(), 6);
        let tiny = ["240.240.0.0/32".parse().unwrap()];
        assert!(allocate(&tiny, &keys(3), &BTreeSet::new()).is_empty());
        assert!(allocate(&[], &keys(3), &BTreeSet::new()).is_empty());
    }
}
