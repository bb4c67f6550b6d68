//! The addresses of names, asked from the machine's name servers by the proxy itself, which hears how long each holds.
//!
//! `/etc/hosts` comes first, then the [`Resolvers`] that meshd's own DNS server asks too: never the machine's stub,
//! which may ask meshd again. Search domains, `ndots`, `timeout` and `attempts` are those of resolv.conf.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::time::{Instant, timeout_at};

use crate::dns::{Machine, Question, Resolvers};

mod answer;
mod settings;

use answer::{Reply, read};
use settings::Settings;

/// However patient resolv.conf is, a name is given up after this.
const DEADLINE: Duration = Duration::from_secs(10);

/// Record types.
const A: u16 = 1;
const AAAA: u16 = 28;

/// Which addresses are asked for (Envoy `dns_lookup_family`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Families {
    V4,
    V6,
    /// Both, IPv4 first.
    All,
}

impl Families {
    /// Those that a machine with `own` addresses reaches, as Istio has it.
    pub(crate) fn of(own: &[IpAddr]) -> Self {
        match (own.iter().any(IpAddr::is_ipv4), own.iter().any(IpAddr::is_ipv6)) {
            (true, false) => Self::V4,
            (false, true) => Self::V6,
            _ => Self::All,
        }
    }

    fn has(self, ip: IpAddr) -> bool {
        match self {
            Self::V4 => ip.is_ipv4(),
            Self::V6 => ip.is_ipv6(),
            Self::All => true,
        }
    }
}

/// What is known of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// None where the name does not exist, or has no such address.
    pub(crate) addresses: Vec<IpAddr>,
    /// How long that holds; `None` where nobody said.
    pub(crate) ttl: Option<Duration>,
}

/// Why nothing is known of a name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    #[error("this is no name")]
    NoName,
    #[error("the machine has no name server")]
    NoServer,
    #[error("no name server answers")]
    Silence,
    #[error("the name servers cannot answer: {0}")]
    Failed(String),
}

/// Asks for names.
#[derive(Debug)]
pub struct Lookup {
    machine: ArcSwap<Machine>,
    resolvers: ArcSwapOption<Resolvers>,
}

impl Default for Lookup {
    /// The servers of the machine.
    fn default() -> Self {
        Self {
            machine: ArcSwap::from_pointee(Machine::new("/", Vec::new())),
            resolvers: ArcSwapOption::empty(),
        }
    }
}

impl Lookup {
    /// Takes hosts, settings and, unless others are said, the servers of `machine`.
    pub fn set_machine(&self, machine: Machine) {
        self.machine.store(Arc::new(machine));
    }

    /// Asks these servers instead of the machine's.
    pub fn set_resolvers(&self, resolvers: Resolvers) {
        self.resolvers.store(Some(Arc::new(resolvers)));
    }

    /// The addresses of `name`.
    pub(crate) async fn find(&self, name: &str, families: Families) -> Result<Found, LookupError> {
        let machine = self.machine.load_full();
        let known: Vec<IpAddr> = settings::hosts(&machine, name)
            .into_iter()
            .filter(|ip| families.has(*ip))
            .collect();
        if !known.is_empty() {
            return Ok(Found {
                addresses: known,
                ttl: None,
            });
        }
        let settings = Settings::of(&machine);
        let resolvers = match self.resolvers.load_full() {
            Some(resolvers) => resolvers,
            None => Arc::new(Resolvers::of(machine.servers())),
        };
        let mut missed = Ok(Found::default());
        let deadline = Instant::now() + DEADLINE;
        for candidate in settings.candidates(name) {
            match ask_both(&resolvers, &settings, &candidate, families, deadline).await {
                Ok(found) if !found.addresses.is_empty() => return Ok(found),
                Ok(_) => {}
                Err(error) => missed = Err(error),
            }
        }
        missed
    }
}

async fn ask_both(
    resolvers: &Resolvers,
    settings: &Settings,
    name: &str,
    families: Families,
    deadline: Instant,
) -> Result<Found, LookupError> {
    let ask = |kind| ask(resolvers, settings, name, kind, deadline);
    match families {
        Families::V4 => ask(A).await,
        Families::V6 => ask(AAAA).await,
        Families::All => match tokio::join!(ask(A), ask(AAAA)) {
            (Ok(mut first), Ok(second)) => {
                first.ttl = [first.ttl, second.ttl].into_iter().flatten().min();
                first.addresses.extend(second.addresses);
                Ok(first)
            }
            // One family is better than none; of none it is not known whether the other has any.
            (Ok(found), Err(error)) | (Err(error), Ok(found)) => {
                if found.addresses.is_empty() {
                    Err(error)
                } else {
                    Ok(found)
                }
            }
            (Err(error), Err(_)) => Err(error),
        },
    }
}

async fn ask(
    resolvers: &Resolvers,
    settings: &Settings,
    name: &str,
    kind: u16,
    deadline: Instant,
) -> Result<Found, LookupError> {
    let question = Question::new(name, kind).ok_or(LookupError::NoName)?;
    let servers: &[SocketAddr] = question.servers(resolvers);
    if servers.is_empty() {
        return Err(LookupError::NoServer);
    }
    let mut failure = LookupError::Silence;
    for _ in 0..settings.attempts {
        for server in servers {
            let patience = deadline.min(Instant::now() + settings.timeout);
            match timeout_at(patience, question.ask(*server)).await {
                Ok(Ok(packet)) => match read(&packet, kind) {
                    Reply::Found(found) => return Ok(found),
                    Reply::Failed(code) => failure = LookupError::Failed(code),
                },
                Ok(Err(error)) => tracing::debug!(%server, name, %error, "name server failed"),
                Err(_) => tracing::debug!(%server, name, "name server did not answer in time"),
            }
            if Instant::now() >= deadline {
                return Err(failure);
            }
        }
    }
    Err(failure)
}
