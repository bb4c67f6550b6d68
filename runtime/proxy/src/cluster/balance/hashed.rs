//! Places of keys: Envoy's ring (ketama) and Maglev tables, entry by entry, so that all proxies send a key to the same
//! endpoint.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use mesh_wire::cluster::Balance;

use super::Endpoint;
use crate::cluster::xxhash;

/// Envoy's `maximum_ring_size`.
const LARGEST_RING: f64 = 8_388_608.0;
/// How often another place is looked at where an endpoint is not wanted (Istio's `host_selection_retry_max_attempts`).
const LOOKS: u64 = 6;

/// The table of one priority, made of the endpoints that are healthy.
#[derive(Debug, Default)]
pub(super) struct Hashed {
    built: ArcSwapOption<Built>,
    /// Held by who builds; the others use what was there before.
    building: std::sync::Mutex<()>,
}

#[derive(Debug)]
struct Built {
    /// Which endpoints it was made of.
    healthy: Vec<bool>,
    table: Table,
}

#[derive(Debug)]
enum Table {
    /// (hash, endpoint), by hash.
    Ring(Vec<(u64, u32)>),
    Maglev(Vec<u32>),
}

impl Hashed {
    /// The endpoint of `hash`; one that is not `usable` is gone around.
    pub(super) fn pick(
        &self,
        balance: &Balance,
        endpoints: &[Arc<Endpoint>],
        weight: impl Fn(usize) -> u64,
        hash: u64,
        usable: &dyn Fn(&Endpoint) -> bool,
    ) -> Option<usize> {
        let built = self.current(balance, endpoints, weight)?;
        let found = (0..LOOKS).filter_map(|look| built.table.at(hash, look));
        let mut found = found.map(|index| index as usize);
        found.find(|index| endpoints.get(*index).is_some_and(|endpoint| usable(endpoint)))
    }

    /// As in Envoy, a table has the healthy ones only, and all where none is.
    fn current(
        &self,
        balance: &Balance,
        endpoints: &[Arc<Endpoint>],
        weight: impl Fn(usize) -> u64,
    ) -> Option<Arc<Built>> {
        let is_healthy = |endpoint: &Arc<Endpoint>| !endpoint.health.is_ejected();
        let built = self.built.load_full();
        let fits = |built: &Built| built.healthy.iter().copied().eq(endpoints.iter().map(is_healthy));
        if built.as_deref().is_some_and(fits) {
            return built;
        }
        let alone = match &built {
            None => Some(
                self.building
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner),
            ),
            Some(_) => self.building.try_lock().ok(),
        };
        let Some(_alone) = alone else { return built };
        let healthy: Vec<bool> = endpoints.iter().map(is_healthy).collect();
        let panics = !healthy.contains(&true);
        let hosts: Vec<(u32, &str, u64)> = (0u32..)
            .zip(endpoints)
            .zip(&healthy)
            .filter(|(_, healthy)| panics || **healthy)
            .map(|((index, endpoint), _)| (index, &*endpoint.text, weight(index as usize)))
            .collect();
        let built = Arc::new(Built {
            healthy,
            table: Table::new(balance, &hosts),
        });
        self.built.store(Some(built.clone()));
        Some(built)
    }
}

impl Table {
    /// Of endpoints by number, `ADDRESS:PORT` and weight.
    fn new(balance: &Balance, hosts: &[(u32, &str, u64)]) -> Self {
        let hosts: Vec<(u32, &str, u64)> = hosts.iter().copied().filter(|(.., weight)| *weight > 0).collect();
        let sum: u64 = hosts.iter().map(|(.., weight)| weight).sum();
        let share = |weight: u64| weight as f64 / sum.max(1) as f64;
        match balance {
            Balance::Maglev { table_size } => Self::maglev((*table_size).max(2), &hosts, &share),
            Balance::RingHash { minimum_size } => Self::ring((*minimum_size).max(1), &hosts, &share),
            _ => Self::ring(1, &hosts, &share),
        }
    }

    /// So many places for each that the lightest has a whole number of them.
    fn ring(minimum: u64, hosts: &[(u32, &str, u64)], share: &dyn Fn(u64) -> f64) -> Self {
        let lightest = hosts
            .iter()
            .map(|(.., weight)| share(*weight))
            .fold(1.0, f64::min);
        let scale = ((lightest * minimum as f64).ceil() / lightest).min(LARGEST_RING);
        let mut ring = Vec::new();
        let (mut have, mut want) = (0.0, 0.0);
        for (index, text, weight) in hosts {
            want += scale * share(*weight);
            let mut number = 0u64;
            while have < want {
                ring.push((xxhash(format!("{text}_{number}").as_bytes(), 0), *index));
                number += 1;
                have += 1.0;
            }
        }
        ring.sort_by_key(|(hash, _)| *hash);
        Self::Ring(ring)
    }

    /// Listing 1 of the paper (Eisenbud et al., NSDI 2016), with weights as Envoy has them.
    fn maglev(size: u64, hosts: &[(u32, &str, u64)], share: &dyn Fn(u64) -> f64) -> Self {
        struct Row {
            index: u32,
            offset: u64,
            skip: u64,
            weight: f64,
            target: f64,
            next: u64,
        }
        let heaviest = hosts
            .iter()
            .map(|(.., weight)| share(*weight))
            .fold(0.0, f64::max);
        let mut sorted = hosts.to_vec();
        sorted.sort_by_key(|(_, text, _)| *text);
        let mut rows: Vec<Row> = sorted
            .into_iter()
            .map(|(index, text, weight)| Row {
                index,
                offset: xxhash(text.as_bytes(), 0) % size,
                skip: xxhash(text.as_bytes(), 1) % (size - 1) + 1,
                weight: share(weight),
                target: 0.0,
                next: 0,
            })
            .collect();
        let Ok(length) = usize::try_from(size) else {
            return Self::Maglev(Vec::new());
        };
        let (mut table, mut filled) = (vec![u32::MAX; if rows.is_empty() { 0 } else { length }], 0);
        let mut round = 0.0;
        while filled < table.len() {
            round += 1.0;
            for row in &mut rows {
                if filled == table.len() {
                    break;
                }
                if round * row.weight < row.target {
                    continue;
                }
                row.target += heaviest;
                // A prime size makes every row a permutation: a free place is found.
                let place = loop {
                    let at = (u128::from(row.offset) + u128::from(row.skip) * u128::from(row.next))
                        % u128::from(size);
                    row.next += 1;
                    if let Some(place) = table.get_mut(usize::try_from(at).unwrap_or_default())
                        && *place == u32::MAX
                    {
                        break place;
                    }
                    // A size that is no prime may lead in a circle; the rest stays empty then.
                    if row.next > 2 * size {
                        return Self::Maglev(table);
                    }
                };
                *place = row.index;
                filled += 1;
            }
        }
        Self::Maglev(table)
    }

    /// The endpoint of `hash` at the first `look`, others at the next.
    fn at(&self, hash: u64, look: u64) -> Option<u32> {
        match self {
            Self::Ring(ring) => {
                let first = ring.partition_point(|(place, _)| *place < hash);
                let at = (first % ring.len().max(1) + usize::try_from(look).ok()?) % ring.len().max(1);
                ring.get(at).map(|(_, index)| *index)
            }
            Self::Maglev(table) => {
                let hash = if look == 0 {
                    hash
                } else {
                    hash ^ (u64::MAX - look + 1)
                };
                let at = hash % u64::try_from(table.len()).ok().filter(|length| *length > 0)?;
                table
                    .get(usize::try_from(at).ok()?)
                    .copied()
                    .filter(|index| *index != u32::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn counted(table: &Table) -> BTreeMap<u32, usize> {
        let mut counts = BTreeMap::new();
        match table {
            Table::Ring(ring) => ring
                .iter()
                .for_each(|(_, index)| *counts.entry(*index).or_default() += 1),
            Table::Maglev(table) => table
                .iter()
                .for_each(|index| *counts.entry(*index).or_default() += 1),
        }
        counts
    }

    #[test]
    fn shares_of_the_tables_are_those_of_the_weights() {
        let hosts = [
            (0, "10.0.0.1:80", 1),
            (1, "10.0.0.2:80", 2),
            (2, "10.0.0.3:80", 1),
        ];
        let ring = Table::new(&Balance::RingHash { minimum_size: 1024 }, &hosts);
        assert_eq!(counted(&ring), BTreeMap::from([(0, 256), (1, 512), (2, 256)]));
        let maglev = Table::new(&Balance::Maglev { table_size: 65_537 }, &hosts);
        let counts = counted(&maglev);
        assert!(counts[&1].abs_diff(32_768) < 10, "{counts:?}");
    }

    proptest! {
        #[test]
        fn every_size_and_number_makes_a_table(size in 0u64..300, weights in prop::collection::vec(0u64..5, 0..6), hash: u64, look in 0u64..9) {
            let names: Vec<String> = (0..weights.len()).map(|index| format!("10.0.0.{index}:80")).collect();
            let hosts: Vec<_> = (0u32..).zip(&names).zip(&weights).map(|((index, name), weight)| (index, name.as_str(), *weight)).collect();
            for balance in [Balance::RingHash { minimum_size: size }, Balance::Maglev { table_size: size }] {
                let at = Table::new(&balance, &hosts).at(hash, look);
                prop_assert!(at.is_none_or(|at| (at as usize) < weights.len()));
            }
        }
    }
}
