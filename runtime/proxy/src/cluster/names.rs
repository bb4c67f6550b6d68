//! Endpoints that have names, and come and go with what name servers say of them (Envoy `STRICT_DNS`, `LOGICAL_DNS`).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use mesh_wire::{Millis, cluster as wire};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::balance::Balancer;
use super::{Cluster, endpoint};
use crate::lookup::{Families, Found, Lookup, LookupError};

/// No name is asked for more often, however short its answer holds; and where there was none, it is asked for again
/// after this at first.
const SOONEST: Duration = Duration::from_secs(1);
/// Every name is asked for this often at least, where nothing is said (Istio `dnsRefreshRate`).
const LATEST: Duration = Duration::from_secs(60);
/// A request does not wait longer for the first answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is known of the names of a cluster.
#[derive(Debug)]
pub(super) struct Names {
    known: Mutex<BTreeMap<String, Known>>,
    /// There is an endpoint, or there is nobody left to ask for one.
    settled: watch::Sender<bool>,
    lookup: OnceLock<Arc<Lookup>>,
    asking: Mutex<Vec<AbortHandle>>,
}

/// What is known of a name.
#[derive(Clone, Debug, Default)]
struct Known {
    addresses: Vec<IpAddr>,
    /// When it is asked for again; `None` where it never was.
    due: Option<Instant>,
    /// Times in a row that there was no answer with an address.
    misses: u32,
}

impl Names {
    /// The names in `wire` with what was known of them before; `None` where there are none.
    pub(super) fn of(wire: &wire::Cluster, before: Option<&Self>) -> Option<Self> {
        if !matches!(
            wire.discovery,
            wire::Discovery::StrictDns | wire::Discovery::LogicalDns
        ) {
            return None;
        }
        let all = wire.endpoints.iter().flat_map(|group| &group.endpoints);
        let names = all.filter(|endpoint| endpoint.address.parse::<IpAddr>().is_err());
        let known: BTreeMap<String, Known> = names
            .map(|endpoint| {
                let before = before.and_then(|before| before.known().get(&endpoint.address).cloned());
                (endpoint.address.clone(), before.unwrap_or_default())
            })
            .collect();
        if known.is_empty() {
            return None;
        }
        let settled = known.values().all(|known| known.due.is_some());
        Some(Self {
            known: Mutex::new(known),
            settled: watch::Sender::new(settled),
            lookup: OnceLock::new(),
            asking: Mutex::default(),
        })
    }

    pub(super) fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let known = self.known();
        known
            .get(name)
            .map(|known| known.addresses.clone())
            .unwrap_or_default()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to ask for every name, unless that was done.
    fn begin(&self, cluster: &Arc<Cluster>, runtime: &Handle) {
        let Some(lookup) = self.lookup.get() else {
            return;
        };
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if asking.is_empty() {
            let families = Families::of(&cluster.own.addresses);
            let names = self.known();
            asking.extend(names.iter().map(|(name, known)| {
                let (cluster, lookup) = (Arc::downgrade(cluster), lookup.clone());
                let keep = keep(cluster, lookup, name.clone(), families, known.due);
                runtime.spawn(keep).abort_handle()
            }));
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        let asking = self.asking.get_mut().unwrap_or_else(PoisonError::into_inner);
        asking.iter().for_each(AbortHandle::abort);
    }
}

/// Asks for `name` as long as the cluster is there.
async fn keep(
    cluster: Weak<Cluster>,
    lookup: Arc<Lookup>,
    name: String,
    families: Families,
    mut due: Option<Instant>,
) {
    loop {
        if let Some(due) = due {
            sleep_until(due).await;
        }
        let found = lookup.find(&name, families).await;
        let Some(cluster) = cluster.upgrade() else { return };
        due = cluster.learn(&name, found);
    }
}

impl Cluster {
    /// Begins to ask `lookup` for the names of endpoints, where there are any.
    pub(crate) fn start(self: &Arc<Self>, lookup: &Arc<Lookup>) {
        let Some(names) = &self.names else { return };
        names.lookup.get_or_init(|| lookup.clone());
        // Elsewhere the first request begins it.
        if let Ok(runtime) = Handle::try_current() {
            names.begin(self, &runtime);
        }
    }

    /// Waits for the first answer of the name servers, where endpoints have names and none is known.
    pub(crate) async fn ready(self: &Arc<Self>) {
        let Some(names) = &self.names else { return };
        if *names.settled.borrow() {
            return;
        }
        names.begin(self, &Handle::current());
        let mut settled = names.settled.subscribe();
        let _late = timeout(PATIENCE, settled.wait_for(|settled| *settled)).await;
    }

    /// Takes over what was said of `name`; says when to ask again.
    fn learn(&self, name: &str, found: Result<Found, LookupError>) -> Option<Instant> {
        let names = self.names.as_ref()?;
        let mut all = names.known();
        let known = all.get_mut(name)?;
        let due = Instant::now() + known.learn(name, self, found);
        known.due = Some(due);
        let addresses = |name: &str| all.get(name).map(|known| known.addresses.clone());
        let before = self.endpoints();
        // Only addresses of other discoveries can be wrong.
        let endpoints = endpoint::compile(&self.wire, &before, &addresses).ok()?;
        let settled = !endpoints.is_empty() || all.values().all(|known| known.due.is_some());
        let is_same = before.len() == endpoints.len()
            && before
                .iter()
                .zip(&endpoints)
                .all(|(old, new)| Arc::ptr_eq(old, new));
        if !is_same {
            tracing::debug!(
                cluster = &*self.name,
                name,
                count = endpoints.len(),
                "endpoints changed"
            );
            let balancer = Balancer::new(&self.wire, &self.own, endpoints);
            self.balancer.store(Arc::new(balancer));
        }
        if settled {
            names.settled.send_replace(true);
        }
        Some(due)
    }
}

impl Known {
    /// How long what is known now holds.
    fn learn(&mut self, name: &str, cluster: &Cluster, found: Result<Found, LookupError>) -> Duration {
        let latest = cluster.wire.name_refresh.map_or(LATEST, Millis::to_duration);
        let (latest, discovery, cluster) = (latest.max(SOONEST), cluster.wire.discovery, &*cluster.name);
        match found {
            Ok(mut found) if !found.addresses.is_empty() => {
                if discovery == wire::Discovery::StrictDns {
                    // Servers turn them around.
                    found.addresses.sort_unstable();
                }
                self.addresses = found.addresses;
                self.misses = 0;
                return jittered(found.ttl.unwrap_or(latest).clamp(SOONEST, latest));
            }
            Ok(_) => {
                if self.misses == 0 {
                    tracing::warn!(cluster, name, "the name has no address");
                }
                // That is known for sure, where each address is an endpoint; the other discovery always has one.
                if discovery == wire::Discovery::StrictDns {
                    self.addresses.clear();
                }
            }
            Err(error) if self.misses == 0 => {
                tracing::warn!(cluster, name, %error, "the name cannot be looked up; what was known of it holds on");
            }
            Err(error) => tracing::debug!(cluster, name, %error, "the name cannot be looked up still"),
        }
        let wait = SOONEST.saturating_mul(1 << self.misses.min(6)).min(latest);
        self.misses = self.misses.saturating_add(1);
        jittered(wait)
    }
}

/// Up to a tenth longer, else a fleet of proxies would ask at once.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(1.0 + fastrand::f64() / 10.0)
}
