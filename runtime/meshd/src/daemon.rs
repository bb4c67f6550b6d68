//! What runs, and what it acts on: taking over snapshots and identities, refusing bad ones, and saying how it is.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use mesh_proxy::Shared;
use mesh_proxy::dns::{Dns, Machine, Names, Resolvers};
use mesh_proxy::tls::Identity;
use mesh_wire::{NameTable, Sha256, Status};

use crate::capture;
use crate::failure::Failure;
use crate::identity;
use crate::layout::Layout;
use crate::snapshot::{self, Loaded, Paths};
use crate::status;
use crate::watch::Look;

/// The running meshd.
pub(crate) struct Daemon {
    pub(crate) shared: Arc<Shared>,
    pub(crate) dns: Arc<Dns>,
    layout: Layout,
    paths: Paths,
    machine: Machine,
    started: Instant,
    state: Mutex<State>,
}

/// Since when something is in force.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since {
    pub(crate) snapshot: SystemTime,
    pub(crate) identity: SystemTime,
}

impl Default for Since {
    fn default() -> Self {
        let now = SystemTime::now();
        Self {
            snapshot: now,
            identity: now,
        }
    }
}

#[derive(Default)]
struct State {
    since: Since,
    snapshot: Option<Sha256>,
    snapshot_error: Option<String>,
    identity_error: Option<String>,
    /// What was logged last of why it does not serve.
    told: Option<String>,
    draining: bool,
    files: Look,
    identity_files: Look,
    /// Those that the snapshot in force names for TLS with others.
    named_files: Look,
    /// What the servers of DNS follow from; the hosts are not kept.
    forwarding: NameTable,
    servers: Vec<std::net::SocketAddr>,
}

impl Daemon {
    /// A daemon without a snapshot: its DNS forwards all names.
    pub(crate) fn new(layout: Layout, shared: Arc<Shared>, machine: Machine) -> Self {
        let servers = machine.servers();
        let dns = Dns::new(Names::default(), Resolvers::of(servers.clone()));
        shared.lookup().set_machine(machine.clone());
        let paths = Paths::of(&layout);
        let state = State {
            servers,
            ..State::default()
        };
        Self {
            shared,
            dns: Arc::new(dns),
            layout,
            paths,
            machine,
            started: Instant::now(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic elsewhere leaves the values whole: each is written at once.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules that lead traffic here are in place; `None` where there are to be none.
    pub(crate) fn is_capturing(&self) -> Option<bool> {
        capture::watch::are_in_place(&self.layout)
    }

    /// Takes over the snapshot of the bundle; where that is damaged at the start, the last one that worked.
    pub(crate) fn start(&self) {
        if !self.reload()
            && let Some(last) = snapshot::last_good(&self.paths)
        {
            let digest = last.digest.clone();
            match self.put_in_force(last) {
                Ok(_) => tracing::warn!(snapshot = %digest, "serving the last snapshot that worked"),
                Err(error) => tracing::error!(%error, "the last snapshot that worked does not any more"),
            }
        }
        self.reload_identity();
    }

    /// Takes over the snapshot on disk, if it can be; a bad one leaves everything as it is.
    pub(crate) fn reload(&self) -> bool {
        self.state().files = Look::at(self.paths.files());
        let result = snapshot::load(&self.paths).map_err(|error| error.to_string());
        match result.and_then(|loaded| self.put_in_force(loaded)) {
            Ok(loaded) => {
                self.state().snapshot_error = None;
                tracing::info!(snapshot = %loaded.digest, hosts = loaded.names.hosts.len(), "snapshot in force");
                if let Err(error) = snapshot::keep(&self.paths, &loaded) {
                    tracing::warn!(%error, "cannot keep the snapshot for a start without its files");
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "snapshot refused; what worked before goes on");
                self.state().snapshot_error = Some(error);
                false
            }
        }
    }

    fn put_in_force(&self, loaded: Loaded) -> Result<Loaded, String> {
        for part in mesh_proxy::unsupported(&loaded.snapshot) {
            tracing::warn!(%part, "the snapshot says what this meshd does not act on");
        }
        // Looked at before they are read: what changes in between is read again.
        let named = Look::at(mesh_proxy::files(&loaded.snapshot));
        self.shared
            .apply(loaded.snapshot.clone())
            .map_err(|refused| refused.to_string())?;
        self.dns.set_names(Names::compile(&loaded.names));
        let mut state = self.state();
        state.since.snapshot = SystemTime::now();
        state.snapshot = Some(loaded.digest.clone());
        state.named_files = named;
        state.forwarding = NameTable {
            forward: loaded.names.forward.clone(),
            upstream: loaded.names.upstream.clone(),
            ..NameTable::default()
        };
        self.ask(&state);
        Ok(loaded)
    }

    /// Takes over the identity on disk; a bad one leaves the old one in force.
    pub(crate) fn reload_identity(&self) {
        let Some(snapshot) = self.shared.snapshot() else {
            return;
        };
        let Some(wanted) = &snapshot.identity else { return };
        self.state().identity_files = Look::at(identity::files(&self.layout, &wanted.source));
        let result = identity::load(&self.layout, wanted).map_err(|error| error.to_string()).and_then(|identity| {
            tracing::info!(spiffe = %identity.spiffe(), seconds = identity.expires_in(), "identity on disk");
            self.worth_it(&identity)?;
            self.shared.set_identity(identity).map_err(|refused| refused.to_string())
        });
        match &result {
            Ok(()) => self.state().since.identity = SystemTime::now(),
            Err(error) => tracing::error!(%error, "identity refused; what worked before goes on"),
        }
        self.state().identity_error = result.err();
    }

    /// A certificate that does not hold now never replaces one that does.
    fn worth_it(&self, new: &Identity) -> Result<(), String> {
        let old = self.shared.identity();
        let holds = old.is_some_and(|old| identity::invalid(&old).is_none());
        identity::invalid(new)
            .filter(|_| holds)
            .map_or(Ok(()), |reason| Err(reason.to_owned()))
    }

    /// Says in the log when it stops serving, and when it serves again.
    fn tell(&self) {
        let now = self.not_ready();
        let before = std::mem::replace(&mut self.state().told, now.clone());
        match now {
            Some(reason) if before.as_ref() != Some(&reason) => tracing::error!(%reason, "not ready"),
            None if before.is_some() => tracing::info!("ready again"),
            _ => {}
        }
    }

    /// Looks whether files changed, and acts on it. Called every second: it costs some calls of stat(2).
    pub(crate) fn look(&self) {
        let wanted = self.wanted();
        if Look::at(self.paths.files()) != self.state().files {
            self.reload();
        }
        // Files that came before their snapshot were refused; they are looked at again when it names their identity.
        let files: Vec<PathBuf> = self.identity_files();
        if Look::at(files) != self.state().identity_files || self.wanted() != wanted {
            self.reload_identity();
        }
        self.reread();
        self.tell();
        let servers = self.machine.servers();
        let mut state = self.state();
        // A moment without any server is one in which the network is being set up: what worked is kept.
        if servers != state.servers && !servers.is_empty() {
            tracing::info!(?servers, "the machine's name servers changed");
            state.servers = servers;
            self.ask(&state);
        }
    }

    /// Has everybody ask the name servers that are known now.
    fn ask(&self, state: &State) {
        let resolvers = Resolvers::new(&state.forwarding, state.servers.clone());
        self.shared.lookup().set_resolvers(resolvers.clone());
        self.dns.set_resolvers(resolvers);
    }

    /// Has the files read again that the snapshot names, where one of them changed.
    fn reread(&self) {
        let Some(snapshot) = self.shared.snapshot() else {
            return;
        };
        let look = Look::at(mesh_proxy::files(&snapshot));
        if std::mem::replace(&mut self.state().named_files, look.clone()) == look {
            return;
        }
        match self.shared.reread() {
            Ok(()) => tracing::info!("files that the snapshot names were read again"),
            Err(error) => {
                tracing::error!(%error, "files that the snapshot names changed; what worked before goes on");
            }
        }
    }

    /// Who the snapshot says that this machine is.
    fn wanted(&self) -> Option<String> {
        let snapshot = self.shared.snapshot()?;
        snapshot.identity.as_ref().map(|wanted| wanted.spiffe.clone())
    }

    fn identity_files(&self) -> Vec<PathBuf> {
        let snapshot = self.shared.snapshot();
        let identity = snapshot.as_ref().and_then(|snapshot| snapshot.identity.as_ref());
        identity
            .map(|wanted| identity::files(&self.layout, &wanted.source).to_vec())
            .unwrap_or_default()
    }

    /// From now on it is not ready: nobody new shall come.
    pub(crate) fn begin_drain(&self) {
        self.state().draining = true;
    }

    /// It stops, or was told to take nothing new.
    pub(crate) fn is_draining(&self) -> bool {
        self.state().draining
    }

    /// Since when the snapshot and the identity are in force.
    pub(crate) fn since(&self) -> Since {
        self.state().since
    }

    /// What it waits for; `None` when it serves.
    pub(crate) fn not_ready(&self) -> Option<String> {
        let state = self.state();
        if state.draining {
            return Some("draining".to_owned());
        }
        if state.snapshot.is_none() {
            let error = state.snapshot_error.as_deref().unwrap_or("none was found");
            return Some(format!("no snapshot: {error}"));
        }
        match self.shared.identity() {
            None => Some(format!(
                "no identity: {}",
                state.identity_error.as_deref().unwrap_or("none was found")
            )),
            Some(identity) => identity::invalid(&identity).map(str::to_owned),
        }
    }

    /// It does at least what whoever serves so far does: what is on disk is good, and it is ready.
    pub(crate) fn may_take_over(&self) -> Result<(), Failure> {
        let refused = self.state().snapshot_error.clone();
        refused.or_else(|| self.not_ready()).map_or(Ok(()), |cause| {
            Err(Failure::new("take over from the process that serves", cause)
                .remedy("put that right, and start again: what serves so far goes on"))
        })
    }

    /// How it is. What only root sees is left for `meshd status`.
    pub(crate) fn status(&self) -> Status {
        let identity = self.shared.identity();
        let reason = self.not_ready();
        let state = self.state();
        Status {
            version: crate::run::VERSION.to_owned(),
            release: self.layout.current(),
            previous: self.layout.previous(),
            running: true,
            ready: reason.is_none(),
            reason,
            snapshot: state.snapshot.clone(),
            snapshot_error: state.snapshot_error.clone(),
            identity_error: state.identity_error.clone(),
            spiffe: identity.as_ref().map(|identity| identity.spiffe().to_string()),
            certificate_seconds: identity.as_ref().map(|identity| identity.expires_in()),
            memory: status::memory(),
            uptime: Some(self.started.elapsed().as_secs()),
            ..Status::default()
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
