//! How one endpoint is chosen.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};

use mesh_wire::cluster as wire;

use super::{Endpoint, priority};

/// Envoy's overprovisioning factor: a level serves everything while 1/1.4 of it is healthy.
const OVERPROVISIONED: u64 = 140;
/// How often another endpoint is drawn where one cannot be used, before all are looked at.
const DRAWS: usize = 4;

/// What the choice of an endpoint depends on, besides the endpoints.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hint<'a> {
    /// Of what the route hashes.
    pub(crate) hash: Option<u64>,
    /// Endpoints that were tried and are better not tried again.
    pub(crate) tried: &'a [Arc<Endpoint>],
}

/// The endpoints of a cluster, by priority.
#[derive(Debug)]
pub(super) struct Balancer {
    all: Vec<Arc<Endpoint>>,
    levels: Vec<Level>,
}

/// Endpoints of the same priority.
#[derive(Debug)]
struct Level {
    endpoints: Vec<Arc<Endpoint>>,
    /// Sums of weights up to each endpoint.
    sums: Vec<u64>,
    uniform: bool,
    /// Whose turn is when: (time, index).
    turns: Mutex<BinaryHeap<Reverse<(u64, usize)>>>,
}

impl Balancer {
    pub(super) fn new(cluster: &wire::Cluster, place: &wire::Locality, all: Vec<Arc<Endpoint>>) -> Self {
        let levels = priority::levels(&cluster.locality, place, &all)
            .into_iter()
            .map(Level::new)
            .collect();
        Self { all, levels }
    }

    pub(super) fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.all
    }

    pub(super) fn pick(&self, cluster: &wire::Cluster, hint: &Hint<'_>) -> Option<Arc<Endpoint>> {
        let fine = |endpoint: &Endpoint| !endpoint.health.is_ejected();
        let fresh = |endpoint: &Endpoint| {
            fine(endpoint) && !hint.tried.iter().any(|tried| std::ptr::eq(&**tried, endpoint))
        };
        let level = self.level(cluster.panic_threshold)?;
        let picked = if hint.tried.is_empty() {
            None
        } else {
            level.pick(cluster, hint, &fresh)
        };
        // Better the same endpoint again than none; better an ejected one than panic where that is asked for.
        let picked = picked.or_else(|| level.pick(cluster, hint, &fine));
        picked.or_else(|| {
            (cluster.panic_threshold > 0)
                .then(|| level.pick(cluster, hint, &|_| true))
                .flatten()
        })
    }

    /// The level that serves: the first takes as much as is healthy of it, the next the rest.
    fn level(&self, panic_threshold: u8) -> Option<&Level> {
        let first = self.levels.first()?;
        if self.levels.len() == 1 {
            return Some(first);
        }
        let mut rest = fastrand::u64(..100);
        let mut healthiest = None;
        for level in &self.levels {
            let healthy = level
                .endpoints
                .iter()
                .filter(|endpoint| !endpoint.health.is_ejected())
                .count() as u64;
            let load = (healthy * OVERPROVISIONED / level.endpoints.len().max(1) as u64).min(100);
            if rest < load {
                return Some(level);
            }
            if load > 0 {
                healthiest.get_or_insert(level);
            }
            rest -= load;
        }
        healthiest.or((panic_threshold > 0).then_some(first))
    }
}

impl Level {
    fn new(endpoints: Vec<(Arc<Endpoint>, u64)>) -> Self {
        let mut sum = 0;
        let sums = endpoints.iter().map(|(_, weight)| {
            sum += weight;
            sum
        });
        let sums = sums.collect();
        let uniform = endpoints.windows(2).all(|pair| pair[0].1 == pair[1].1);
        // Begun somewhere in the middle, else a fleet of proxies would all ask the same endpoint first.
        let turns = endpoints
            .iter()
            .enumerate()
            .map(|(index, (_, weight))| Reverse((fastrand::u64(..=span(*weight)), index)));
        let turns = Mutex::new(turns.collect());
        Self {
            sums,
            uniform,
            turns,
            endpoints: endpoints.into_iter().map(|(endpoint, _)| endpoint).collect(),
        }
    }

    fn weight(&self, index: usize) -> u64 {
        self.sums[index] - index.checked_sub(1).map_or(0, |before| self.sums[before])
    }

    fn pick(
        &self,
        cluster: &wire::Cluster,
        hint: &Hint<'_>,
        usable: &dyn Fn(&Endpoint) -> bool,
    ) -> Option<Arc<Endpoint>> {
        if let [only] = &self.endpoints[..] {
            return usable(only).then(|| only.clone());
        }
        let index = match (&cluster.balance, hint.hash) {
            (wire::Balance::RingHash { .. } | wire::Balance::Maglev { .. }, Some(hash)) => {
                self.hashed(hash, usable)
            }
            (wire::Balance::LeastRequest, _) => self.least(usable),
            (wire::Balance::RoundRobin, _) => self.next(usable),
            _ => self.drawn(usable),
        };
        index.map(|index| self.endpoints[index].clone())
    }

    /// The one with fewer under way for its weight, of two drawn by weight.
    fn least(&self, usable: &dyn Fn(&Endpoint) -> bool) -> Option<usize> {
        let (first, second) = (self.drawn(usable)?, self.drawn(usable)?);
        let (a, b) = (&self.endpoints[first], &self.endpoints[second]);
        let ahead = if self.uniform {
            a.active() <= b.active()
        } else {
            u64::from(a.active()) * self.weight(second) <= u64::from(b.active()) * self.weight(first)
        };
        Some(if ahead { first } else { second })
    }

    fn drawn(&self, usable: &dyn Fn(&Endpoint) -> bool) -> Option<usize> {
        let sum = *self.sums.last()?;
        for _ in 0..DRAWS {
            let index = self.at(fastrand::u64(..sum));
            if usable(&self.endpoints[index]) {
                return Some(index);
            }
        }
        // Many cannot be used: draw among those that can.
        let usable: Vec<usize> = (0..self.endpoints.len())
            .filter(|index| usable(&self.endpoints[*index]))
            .collect();
        let sum: u64 = usable.iter().map(|index| self.weight(*index)).sum();
        let mut at = if sum == 0 {
            return None;
        } else {
            fastrand::u64(..sum)
        };
        usable.into_iter().find(|index| {
            let weight = self.weight(*index);
            let here = at < weight;
            at = at.saturating_sub(weight);
            here
        })
    }

    fn at(&self, place: u64) -> usize {
        if self.uniform {
            let each = self.sums[0].max(1);
            return usize::try_from(place / each)
                .unwrap_or(0)
                .min(self.endpoints.len() - 1);
        }
        self.sums.partition_point(|sum| *sum <= place)
    }

    /// Smooth turns: each endpoint comes again after a span that is the shorter the heavier it is.
    fn next(&self, usable: &dyn Fn(&Endpoint) -> bool) -> Option<usize> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..self.endpoints.len() {
            let Reverse((time, index)) = turns.pop()?;
            turns.push(Reverse((time + span(self.weight(index)), index)));
            if usable(&self.endpoints[index]) {
                return Some(index);
            }
        }
        // One heavy endpoint may have taken every turn.
        (0..self.endpoints.len()).find(|index| usable(&self.endpoints[*index]))
    }

    /// Weighted rendezvous: a key moves only when its endpoint goes.
    fn hashed(&self, hash: u64, usable: &dyn Fn(&Endpoint) -> bool) -> Option<usize> {
        let score = |index: &usize| {
            let mixed = mix(hash ^ fnv(self.endpoints[*index].text.as_bytes()));
            // In (0, 1): 53 bits are what a double holds.
            let unit = ((mixed >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
            -(self.weight(*index) as f64) / unit.ln()
        };
        (0..self.endpoints.len())
            .filter(|index| usable(&self.endpoints[*index]))
            .max_by(|a, b| score(a).total_cmp(&score(b)))
    }
}

fn span(weight: u64) -> u64 {
    (1 << 32) / weight.max(1)
}

/// FNV-1a.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// SplitMix64's finish: every bit of the input moves every bit of the output.
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests;
