//! How one endpoint is chosen.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};

use mesh_wire::cluster as wire;

use super::{Endpoint, Own, priority};

mod hashed;
mod load;
mod warmup;

use hashed::Hashed;
use warmup::Warmup;

/// How often another endpoint is drawn where one cannot be used, before all are looked at.
const DRAWS: usize = 4;

/// What the choice of an endpoint depends on, besides the endpoints.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hint<'a> {
    /// Of what the route hashes.
    pub(crate) hash: Option<u64>,
    /// The host that a request is for.
    pub(crate) host: Option<&'a str>,
    /// Endpoints that were tried and are better not tried again.
    pub(crate) tried: &'a [Arc<Endpoint>],
    /// Endpoints whose whole priority is better not tried again.
    pub(crate) left: &'a [Arc<Endpoint>],
}

/// The endpoints of a cluster, by priority.
#[derive(Debug)]
pub(super) struct Balancer {
    all: Arc<[Arc<Endpoint>]>,
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
    hashed: Hashed,
    /// `None` where nobody's share has to grow any more.
    warmup: Option<Warmup>,
}

impl Balancer {
    pub(super) fn new(cluster: &wire::Cluster, own: &Own, all: Vec<Arc<Endpoint>>) -> Self {
        let levels = priority::levels(&cluster.locality, own, &all)
            .into_iter()
            .map(|endpoints| Level::new(cluster, endpoints))
            .collect();
        Self {
            all: all.into(),
            levels,
        }
    }

    pub(super) fn endpoints(&self) -> &Arc<[Arc<Endpoint>]> {
        &self.all
    }

    pub(super) fn pick(&self, cluster: &wire::Cluster, hint: &Hint<'_>) -> Option<Arc<Endpoint>> {
        let (level, panics) = self.level(u64::from(cluster.panic_threshold), hint)?;
        let fine = |endpoint: &Endpoint| panics || !endpoint.health.is_ejected();
        let fresh = |endpoint: &Endpoint| {
            fine(endpoint) && !hint.tried.iter().any(|tried| std::ptr::eq(&**tried, endpoint))
        };
        let picked = if hint.tried.is_empty() {
            None
        } else {
            level.pick(cluster, hint, &fresh)
        };
        // Better the same endpoint again than none.
        picked.or_else(|| level.pick(cluster, hint, &fine))
    }
}

impl Level {
    fn new(cluster: &wire::Cluster, endpoints: Vec<(Arc<Endpoint>, u64)>) -> Self {
        let warmup = Warmup::of(cluster, endpoints.iter().map(|(endpoint, _)| &**endpoint));
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
            hashed: Hashed::default(),
            warmup,
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
        let index = match &cluster.balance {
            wire::Balance::RingHash { .. } | wire::Balance::Maglev { .. } => {
                let hash = hint.hash.unwrap_or_else(|| fastrand::u64(..));
                let weight = |index| self.weight(index);
                self.hashed
                    .pick(&cluster.balance, &self.endpoints, weight, hash, usable)
            }
            wire::Balance::LeastRequest => self.least(usable),
            wire::Balance::RoundRobin => self.next(usable),
            wire::Balance::Random => self.any(usable),
            _ => self.drawn(usable),
        };
        index.map(|index| self.endpoints[index].clone())
    }

    fn has_one_of(&self, some: &[Arc<Endpoint>]) -> bool {
        let here = |endpoint: &Arc<Endpoint>| some.iter().any(|one| Arc::ptr_eq(one, endpoint));
        self.endpoints.iter().any(here)
    }

    /// Its weight as far as its share has grown, in thousandths.
    fn grown(&self, index: usize) -> u64 {
        let factor = match &self.warmup {
            Some(warmup) => warmup.thousandths(&self.endpoints[index]),
            None => 1000,
        };
        self.weight(index) * factor
    }

    /// Some endpoint's share has to grow still.
    fn is_warming(&self) -> bool {
        self.warmup.as_ref().is_some_and(Warmup::lasts)
    }

    /// The one with fewer under way for its weight, of two drawn by weight.
    fn least(&self, usable: &dyn Fn(&Endpoint) -> bool) -> Option<usize> {
        let (first, second) = (self.drawn(usable)?, self.drawn(usable)?);
        let (a, b) = (&self.endpoints[first], &self.endpoints[second]);
        let ahead = if self.uniform && !self.is_warming() {
            a.active() <= b.active()
        } else {
            u64::from(a.active()) * self.grown(second) <= u64::from(b.active()) * self.grown(first)
        };
        Some(if ahead { first } else { second })
    }

    /// One of those that can be used, whatever it weighs.
    fn any(&self, usable: &dyn Fn(&Endpoint) -> bool) -> Option<usize> {
        let usable = |index: &usize| self.weight(*index) > 0 && usable(&self.endpoints[*index]);
        for _ in 0..DRAWS {
            let index = fastrand::usize(..self.endpoints.len());
            if usable(&index) {
                return Some(index);
            }
        }
        let count = (0..self.endpoints.len()).filter(usable).count();
        let at = (count > 0).then(|| fastrand::usize(..count))?;
        (0..self.endpoints.len()).filter(usable).nth(at)
    }

    fn drawn(&self, usable: &dyn Fn(&Endpoint) -> bool) -> Option<usize> {
        let sum = *self.sums.last()?;
        let warming = self.is_warming();
        for _ in 0..if warming { 0 } else { DRAWS } {
            let index = self.at(fastrand::u64(..sum));
            if usable(&self.endpoints[index]) {
                return Some(index);
            }
        }
        // Many cannot be used, or not as much as their weight says: draw among those that can.
        let usable: Vec<usize> = (0..self.endpoints.len())
            .filter(|index| usable(&self.endpoints[*index]))
            .collect();
        let weight = |index: usize| {
            if warming {
                self.grown(index)
            } else {
                self.weight(index)
            }
        };
        let sum: u64 = usable.iter().map(|index| weight(*index)).sum();
        let mut at = if sum == 0 {
            return None;
        } else {
            fastrand::u64(..sum)
        };
        usable.into_iter().find(|index| {
            let weight = weight(*index);
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
            let span = if self.is_warming() {
                span(self.weight(index)).saturating_mul(1000) * self.weight(index) / self.grown(index).max(1)
            } else {
                span(self.weight(index))
            };
            turns.push(Reverse((time.saturating_add(span), index)));
            if usable(&self.endpoints[index]) {
                return Some(index);
            }
        }
        // One heavy endpoint may have taken every turn.
        (0..self.endpoints.len()).find(|index| usable(&self.endpoints[*index]))
    }
}

fn span(weight: u64) -> u64 {
    (1 << 32) / weight.max(1)
}

#[cfg(test)]
mod tests;
