//! One question in, one answer out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;

use super::answer::{self, Answer};
use super::forward::{self, Transport};
use super::names::Names;
use super::query::{A, AAAA, Code, IN, Malformed, Query};
use super::resolvers::Resolvers;
use super::stats::Stats;

/// Questions that wait for other servers at one time; more are refused, so that a flood or a loop ends by itself.
const FORWARDED_AT_ONCE: usize = 1024;

/// The DNS server, shared by its sockets.
pub struct Dns {
    names: ArcSwap<Names>,
    resolvers: ArcSwap<Resolvers>,
    stats: Stats,
    turn: AtomicUsize,
    forwards: Arc<Semaphore>,
}

/// What is done with a packet.
pub(crate) enum Step {
    /// The answer lies in the buffer.
    Answered,
    /// Nothing is sent.
    Dropped,
    /// Another server must be asked.
    Forward,
}

impl Dns {
    /// A server that knows these names and asks these servers for the rest.
    pub fn new(names: Names, resolvers: Resolvers) -> Self {
        Self {
            names: ArcSwap::from_pointee(names),
            resolvers: ArcSwap::from_pointee(resolvers),
            stats: Stats::default(),
            turn: AtomicUsize::new(0),
            forwards: Arc::new(Semaphore::new(FORWARDED_AT_ONCE)),
        }
    }

    /// Takes over another table; questions under way are not touched.
    pub fn set_names(&self, names: Names) {
        self.names.store(Arc::new(names));
    }

    /// Takes over other servers.
    pub fn set_resolvers(&self, resolvers: Resolvers) {
        self.resolvers.store(Arc::new(resolvers));
    }

    /// How many hosts are known.
    pub fn hosts(&self) -> usize {
        self.names.load().len()
    }

    /// What was counted.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Answers from the table; `out` is emptied first. Never waits.
    pub(crate) fn answer(&self, packet: &[u8], transport: Transport, out: &mut Vec<u8>) -> Step {
        self.stats.request();
        let query = match Query::read(packet) {
            Ok(query) => query,
            Err(malformed) => return self.refuse(packet, &malformed, out),
        };
        if query.class != IN || !matches!(query.kind, A | AAAA) {
            return Step::Forward;
        }
        let names = self.names.load();
        let Some(found) = names.find(&query.name) else {
            return Step::Forward;
        };
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        Answer::found(out, &query, &found, names.ttl, limit(&query, transport), turn);
        self.stats.answered();
        Step::Answered
    }

    fn refuse(&self, packet: &[u8], malformed: &Malformed, out: &mut Vec<u8>) -> Step {
        self.stats.malformed();
        match malformed {
            Malformed::Drop => Step::Dropped,
            Malformed::Refuse(code) => {
                answer::refuse(out, packet, *code);
                Step::Answered
            }
        }
    }

    /// Asks the servers of the name and gives what the client is told.
    pub(crate) async fn forward(&self, packet: &[u8], transport: Transport) -> Vec<u8> {
        let mut out = Vec::new();
        let Ok(query) = Query::read(packet) else {
            return out;
        };
        self.stats.forwarded();
        let resolvers = self.resolvers.load_full();
        let answer = match self.forwards.try_acquire() {
            Ok(_place) => forward::ask(&query, resolvers.of_name(&query.name), transport).await,
            Err(_) => None,
        };
        match answer {
            Some(answer) if answer.len() <= limit(&query, transport) => return answer,
            Some(_) => Answer::truncated(&mut out, &query),
            None => {
                self.stats.failed();
                Answer::code(&mut out, &query, Code::ServFail);
            }
        }
        out
    }
}

/// How large an answer may be.
fn limit(query: &Query<'_>, transport: Transport) -> usize {
    match transport {
        Transport::Udp => query.udp_size(),
        Transport::Tcp => usize::from(u16::MAX),
    }
}
