//! The daemon, put together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mesh_proxy::dns::{self, Machine};
use mesh_proxy::telemetry::LogSink;
use mesh_proxy::{Destinations, Drain, Drainer, Shared, WORKERS, Workers, serve_inbound, serve_outbound};
use sd_notify::NotifyState;
use tokio::net::{TcpListener, UdpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::admin::{self, Admin};
use crate::daemon::Daemon;
use crate::failure::Failure;
use crate::handover::{Door, Predecessor};
use crate::layout::Layout;
use crate::logging::Logging;
use crate::sockets::Sockets;
use crate::{memory, metrics};

/// This program's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long connections of a direction may go on after the request to stop (Istio: terminationDrainDuration).
const DRAIN: Duration = Duration::from_secs(5);

/// Serves until it is told to stop.
pub(crate) fn run(layout: &Layout, logging: Logging) -> Result<(), Failure> {
    raise_file_limit();
    let (sockets, predecessor) = Sockets::open(layout)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(2)
        .enable_all()
        .build()
        .map_err(|cause| Failure::new("start the runtime", cause))?;
    runtime.block_on(serve(layout.clone(), sockets, predecessor, logging))
}

/// Every connection takes two descriptors; the usual soft limit of 1024 is for programs that use select(2).
fn raise_file_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

async fn serve(
    layout: Layout,
    sockets: Sockets,
    mut predecessor: Option<Predecessor>,
    logging: Logging,
) -> Result<(), Failure> {
    let failed = |cause| Failure::new("serve", cause);
    let own = sockets
        .dns_udp
        .iter()
        .filter_map(|socket| socket.local_addr().ok())
        .collect::<Vec<SocketAddr>>();
    let machine = Machine::new(layout.at("/"), own);
    let shared = Shared::new(Destinations::Socket, LogSink::stdout());
    shared.spread(Workers::start().map_err(failed)?);
    let daemon = Arc::new(Daemon::new(layout, shared, machine));
    metrics::register(&daemon);
    daemon.start();
    let mut signals = Signals::new().map_err(failed)?;
    if let Some(predecessor) = &mut predecessor {
        daemon.may_take_over()?;
        predecessor.relieve()?;
        tracing::info!("the process before hands over");
    }
    let drainers = spawn(&sockets, &daemon, &logging).map_err(failed)?;
    tokio::spawn(mesh_proxy::fetch_keys(Arc::clone(&daemon.shared)));
    tokio::spawn(mesh_proxy::tell_collectors(Arc::clone(&daemon.shared)));
    notify(&[NotifyState::Ready]);
    tracing::info!(version = VERSION, "serving");
    memory::release_start_up_code();
    until_the_end(sockets, drainers, &mut signals, &daemon, &logging)
        .await
        .map_err(failed)?;
    if let Some(predecessor) = predecessor {
        predecessor.leave();
    }
    Ok(())
}

/// Serves until it is told to stop, or another process has taken over.
async fn until_the_end(
    sockets: Sockets,
    mut drainers: Drainers,
    signals: &mut Signals,
    daemon: &Arc<Daemon>,
    logging: &Logging,
) -> std::io::Result<()> {
    let door = Door::of(&sockets)?;
    loop {
        let mut successor = tokio::select! {
            () = signals.obey(daemon) => break,
            successor = door.successor(&sockets) => successor,
        };
        tracing::info!("another process serves from now on; this one finishes what is under way");
        let mut finishing = tokio::spawn(drainers.finish());
        tokio::select! {
            _ended = &mut finishing => return Ok(()),
            () = successor.died() => tracing::error!("the process that took over died; this one serves again"),
        }
        drainers = spawn(&sockets, daemon, logging)?;
    }
    drop((door, sockets));
    notify(&[NotifyState::Stopping]);
    daemon.begin_drain();
    tracing::info!("draining");
    drainers.drain().await;
    Ok(())
}

/// What ends those who serve.
struct Drainers {
    inbound: Drainer,
    outbound: Drainer,
    /// Names, and the pages about this process.
    answers: Drainer,
}

impl Drainers {
    /// Nobody else serves. Inbound first: a request that is under way may need a new connection to somebody else, and a
    /// name, to be answered.
    async fn drain(self) {
        self.inbound.drain(DRAIN).await;
        self.outbound.drain(DRAIN).await;
        self.answers.drain(DRAIN).await;
    }

    /// Another process serves what is new.
    async fn finish(self) {
        tokio::join!(
            self.inbound.drain(DRAIN),
            self.outbound.drain(DRAIN),
            self.answers.drain(DRAIN)
        );
    }
}

/// A task for each socket.
fn spawn(sockets: &Sockets, daemon: &Arc<Daemon>, logging: &Logging) -> std::io::Result<Drainers> {
    let sockets = sockets.try_clone()?;
    let (inbound, inbound_drain): (Drainer, Drain) = mesh_proxy::drain::new();
    let (outbound, outbound_drain) = mesh_proxy::drain::new();
    let (answers, answers_drain) = mesh_proxy::drain::new();
    for listener in sockets.outbound {
        let listener = TcpListener::from_std(listener)?;
        let drain = outbound_drain.clone();
        tokio::spawn(serve_outbound(listener, Arc::clone(&daemon.shared), drain));
    }
    for listener in sockets.inbound {
        let listener = TcpListener::from_std(listener)?;
        let drain = inbound_drain.clone();
        tokio::spawn(serve_inbound(listener, Arc::clone(&daemon.shared), drain));
    }
    for socket in sockets.dns_udp {
        let socket = Arc::new(UdpSocket::from_std(socket)?);
        tokio::spawn(dns::serve_udp(
            socket,
            Arc::clone(&daemon.dns),
            answers_drain.clone(),
        ));
    }
    for listener in sockets.dns_tcp {
        let listener = TcpListener::from_std(listener)?;
        tokio::spawn(dns::serve_tcp(
            listener,
            Arc::clone(&daemon.dns),
            answers_drain.clone(),
        ));
    }
    for listener in sockets.health {
        let (listener, daemon) = (TcpListener::from_std(listener)?, Arc::clone(daemon));
        let page = move |request: &_| admin::health(&daemon, request);
        tokio::spawn(admin::serve(listener, answers_drain.clone(), page));
    }
    for listener in sockets.metrics {
        let (listener, daemon) = (TcpListener::from_std(listener)?, Arc::clone(daemon));
        let page = move |request: &_| admin::metrics(&daemon, request);
        tokio::spawn(admin::serve(listener, answers_drain.clone(), page));
    }
    for listener in sockets.admin {
        let admin = Admin {
            daemon: Arc::clone(daemon),
            logging: logging.clone(),
            inbound: inbound.beginner(),
            outbound: outbound.beginner(),
        };
        let (listener, drain) = (TcpListener::from_std(listener)?, answers_drain.clone());
        tokio::spawn(admin::serve(listener, drain, move |request: &_| {
            admin.page(request)
        }));
    }
    Ok(Drainers {
        inbound,
        outbound,
        answers,
    })
}

/// What the service manager and the clock ask for.
struct Signals {
    reload: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            reload: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Acts on them until one says stop.
    async fn obey(&mut self, daemon: &Daemon) {
        let mut look = tokio::time::interval(LOOK);
        // systemd wants to hear from us within this time; half of it leaves room for a busy machine.
        let patience = sd_notify::watchdog_enabled().unwrap_or(Duration::from_secs(3600));
        let mut watchdog = tokio::time::interval((patience / 2).max(Duration::from_millis(1)));
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.reload.recv() => {
                    daemon.reload();
                    daemon.reload_identity();
                }
                _ = look.tick() => daemon.look(),
                _ = watchdog.tick() => notify(&[NotifyState::Watchdog]),
            }
        }
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd is not told");
    }
}
