//! Who loads hops of the data plane: the server behind them, and the client before.
#![allow(clippy::print_stdout, reason = "its report is read by whoever started it")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use mesh_bench::Kind;

mod backend;
mod client;
mod frames;
mod http1;
mod http2;
mod issue;
mod report;
mod streams;

#[derive(Parser)]
#[command(about = "The server behind hops of the data plane, and the client before")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Writes a CA and the certificates of both workloads, P-256
    Issue { folder: PathBuf },
    /// Answers with 1 KiB; with `tcp` sends as much as is taken
    Serve {
        #[arg(long)]
        kind: Kind,
        #[arg(long)]
        listen: SocketAddr,
    },
    /// Asks, and prints what came of it as JSON
    Run(Load),
}

/// What the client does.
#[derive(Clone, clap::Args)]
struct Load {
    #[arg(long)]
    work: Work,
    #[arg(long)]
    to: SocketAddr,
    #[arg(long, default_value_t = 64)]
    connections: u32,
    #[arg(long, default_value = "3", value_parser = seconds)]
    seconds: Duration,
    /// Not counted, before
    #[arg(long, default_value = "1", value_parser = seconds)]
    warmup: Duration,
    /// Requests a second on all connections together; as many as are answered where it is not said
    #[arg(long)]
    rate: Option<u32>,
    /// Processes whose time on the processors is told
    #[arg(long, value_delimiter = ',')]
    watch: Vec<u32>,
}

/// What one connection carries.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Work {
    /// One request of HTTP/1.1 after the other
    Http1,
    /// One request of HTTP/2 after the other
    Http2,
    /// One request, and then another connection
    Connect,
    /// As many bytes as come
    Read,
}

fn seconds(text: &str) -> Result<Duration> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}

fn main() -> Result<()> {
    let task = Cli::parse().task;
    // One thread: what is measured needs the other processors.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match task {
        Task::Issue { folder } => issue::issue(&folder),
        Task::Serve { kind, listen } => runtime.block_on(backend::serve(kind, listen)),
        Task::Run(load) => {
            let report = runtime.block_on(client::run(&load))?;
            println!("{}", serde_json::to_string(&report)?);
            Ok(())
        }
    }
}
