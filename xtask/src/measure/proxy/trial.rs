use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::process::Running;
use super::program::{Hop, Program, Side};
use crate::command::{command, output};

/// What the hops look into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tcp,
    Http1,
    Http2,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http1 => "http1",
            Self::Http2 => "http2",
        }
    }
}

/// What the client does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Http1,
    Http2,
    /// A connection for every request.
    Connect,
    /// Bytes, as many as come.
    Read,
}

impl Work {
    const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::Connect => "connect",
            Self::Read => "read",
        }
    }

    /// What the server behind speaks.
    const fn served(self) -> Kind {
        match self {
            Self::Http1 | Self::Connect => Kind::Http1,
            Self::Http2 => Kind::Http2,
            Self::Read => Kind::Tcp,
        }
    }
}

/// One way to load two hops.
pub(super) struct Trial {
    pub(super) name: &'static str,
    kind: Kind,
    work: Work,
    /// Requests a second; as many as are answered where it is not said.
    rate: Option<u32>,
}

/// What came of a trial.
#[derive(Deserialize)]
pub(super) struct Outcome {
    seconds: f64,
    answers: u64,
    bytes: u64,
    failures: u64,
    failure: Option<String>,
    p99_us: f64,
    cpu_seconds: f64,
    /// MiB of the larger hop, before and after the load.
    #[serde(skip)]
    memory: [f64; 2],
    /// Milliseconds until the slower hop listened.
    #[serde(skip)]
    started: f64,
}

impl Trial {
    pub(super) const fn new(name: &'static str, kind: Kind, work: Work) -> Self {
        Self {
            name,
            kind,
            work,
            rate: None,
        }
    }

    pub(super) const fn at(self, rate: u32) -> Self {
        Self {
            rate: Some(rate),
            ..self
        }
    }

    /// Starts everything anew, loads it and ends it.
    pub(super) fn run(&self, program: &Program, load: &Path, folder: &Path, seconds: f64) -> Result<Outcome> {
        let (behind, inner, outer) = (free()?, free()?, free()?);
        let mut server = command(load);
        server.args(["serve", "--kind", self.work.served().name(), "--listen"]);
        let _server = Running::start(server.arg(behind.to_string()), behind)?;
        let hop = |side, listen, next| {
            let hop = Hop {
                side,
                listen,
                next,
                kind: self.kind,
                full_handshakes: self.work == Work::Connect,
                folder,
            };
            Running::start(&mut program.hop(&hop)?, listen)
        };
        let mut inbound = hop(Side::Inbound, inner, behind)?;
        let mut outbound = hop(Side::Outbound, outer, inner)?;
        // Somebody else may have taken the port meanwhile, and have answered in its place.
        inbound.still_runs()?;
        outbound.still_runs()?;
        let larger = || Ok::<_, anyhow::Error>(inbound.memory()?.max(outbound.memory()?));
        let idle = larger()?;
        let mut client = command(load);
        client
            .args(["run", "--work", self.work.name(), "--to", &outer.to_string()])
            .args(["--seconds", &seconds.to_string()])
            .args(["--watch", &format!("{},{}", inbound.id(), outbound.id())]);
        if let Some(rate) = self.rate {
            client.args(["--rate", &rate.to_string()]);
        }
        let done = output(&mut client)?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let mut outcome: Outcome = serde_json::from_slice(&done.stdout).context("the client's report")?;
        ensure!(outcome.answers > 0, "nothing was answered: {:?}", outcome.failure);
        if outcome.failures > 0 {
            let failure = outcome.failure.as_deref().unwrap_or_default();
            eprintln!("{} connections failed, one with: {failure}", outcome.failures);
        }
        outcome.memory = [idle, larger()?];
        outcome.started = inbound.started.max(outbound.started).as_secs_f64() * 1e3;
        Ok(outcome)
    }
}

impl Outcome {
    pub(super) fn rate(&self) -> f64 {
        self.answers as f64 / self.seconds
    }

    pub(super) fn gigabits(&self) -> f64 {
        self.bytes as f64 * 8.0 / 1e9 / self.seconds
    }

    /// Microseconds that both hops took for a request.
    pub(super) fn cpu(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.answers as f64
    }

    pub(super) fn cpu_a_gigabyte(&self) -> f64 {
        self.cpu_seconds * 1e9 / self.bytes as f64
    }

    pub(super) fn p99(&self) -> f64 {
        self.p99_us
    }

    pub(super) fn idle(&self) -> f64 {
        self.memory[0]
    }

    pub(super) fn loaded(&self) -> f64 {
        self.memory[1]
    }

    pub(super) fn started(&self) -> f64 {
        self.started
    }
}

/// An address that is free until its program takes it: from below the ports that the system gives to whoever asks for
/// any (`ip_local_port_range`), where a connection's own end would come between.
fn free() -> Result<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(16_000);
    let mut addresses = std::iter::repeat_with(|| NEXT.fetch_add(1, Ordering::Relaxed))
        .take_while(|port| *port < 32_000)
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let found = addresses.find(|address| TcpListener::bind(address).is_ok());
    found.context("no port between 16000 and 32000 is free")
}
