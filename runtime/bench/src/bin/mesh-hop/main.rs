//! One hop of the data plane, with meshd's runtime, on a port of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use mesh_bench::{CLIENT, Kind, SERVER};
use mesh_proxy::telemetry::LogSink;
use mesh_proxy::tls::Identity;
use mesh_proxy::{Destinations, Shared, WORKERS, Workers, drain, serve_inbound, serve_outbound};
use tokio::net::TcpListener;

mod snapshot;

#[derive(Parser)]
#[command(about = "One hop of the data plane")]
struct Cli {
    side: Side,
    #[arg(long)]
    kind: Kind,
    #[arg(long)]
    listen: SocketAddr,
    /// The other hop, or the application
    #[arg(long)]
    next: SocketAddr,
    /// Where `mesh-load issue` wrote certificates
    #[arg(long)]
    identity: PathBuf,
    /// Takes no session up again: every handshake is full
    #[arg(long)]
    full_handshakes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Side {
    Outbound,
    Inbound,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(2)
        .enable_all()
        .build()?
        .block_on(serve(&cli))
}

async fn serve(cli: &Cli) -> Result<()> {
    let (snapshot, who, destination) = match cli.side {
        Side::Outbound => (
            snapshot::outbound(cli.next, cli.kind)?,
            "client",
            snapshot::service(),
        ),
        Side::Inbound => (snapshot::inbound(cli.kind)?, "server", cli.next),
    };
    let shared = Shared::new(Destinations::Fixed(destination), LogSink::none());
    shared.spread(Workers::start()?);
    shared.apply(snapshot)?;
    let identity = identity(&cli.identity, who)?;
    shared.set_identity(if cli.full_handshakes {
        identity.without_resumption()
    } else {
        identity
    })?;
    let listener = TcpListener::bind(cli.listen)
        .await
        .with_context(|| cli.listen.to_string())?;
    // Nobody ends it but a signal.
    let (_drainer, drain) = drain::new();
    match cli.side {
        Side::Outbound => serve_outbound(listener, shared, drain).await,
        Side::Inbound => serve_inbound(listener, shared, drain).await,
    }
    Ok(())
}

fn identity(folder: &Path, who: &str) -> Result<Identity> {
    let read = |name: String| {
        let path = folder.join(name);
        std::fs::read(&path).with_context(|| path.display().to_string())
    };
    Ok(Identity::load(
        &read(format!("{who}.pem"))?,
        &read(format!("{who}.key"))?,
        &read("ca.pem".to_owned())?,
    )?)
}
