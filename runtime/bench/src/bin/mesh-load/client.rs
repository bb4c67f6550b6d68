//! The clients: connections that ask one after the other, or at times that are set before.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::{Instant, sleep_until};

use super::report::{Done, Report, cpu};
use super::{Load, Work, http1, http2};

/// When it is counted.
#[derive(Clone, Copy)]
struct Window {
    begin: Instant,
    counted: Instant,
    end: Instant,
}

/// Runs `load` to its end.
pub(crate) async fn run(load: &Load) -> Result<Report> {
    let begin = Instant::now();
    let counted = begin + load.warmup;
    let window = Window {
        begin,
        counted,
        end: counted + load.seconds,
    };
    let tasks: Vec<_> = (0..load.connections)
        .map(|index| tokio::spawn(connection(load.clone(), window, index)))
        .collect();
    sleep_until(window.counted).await;
    let before = cpu(&load.watch)?;
    sleep_until(window.end).await;
    let took = cpu(&load.watch)? - before;
    let mut all = Vec::new();
    for task in tasks {
        all.push(task.await?);
    }
    Ok(Report::of(all, load.seconds, took))
}

async fn connection(load: Load, window: Window, index: u32) -> Done {
    let mut done = Done::default();
    while Instant::now() < window.end {
        let asking = asking(&load, window, index, &mut done);
        let ended = tokio::time::timeout_at(window.end, asking).await;
        if let Ok(Err(error)) = ended {
            done.failures += 1;
            done.failure = Some(format!("{error:#}"));
            // Whoever refuses everybody is not to be asked without end.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    done
}

/// A connection of one kind or the other.
enum Connection {
    Http1(http1::Connection),
    Http2(http2::Connection),
}

impl Connection {
    async fn open(load: &Load) -> Result<Self> {
        let opened = match load.work {
            Work::Http2 => http2::Connection::open(load.to).await.map(Self::Http2),
            Work::Http1 | Work::Connect | Work::Read => {
                http1::Connection::open(load.to).await.map(Self::Http1)
            }
        };
        opened.context("no connection")
    }

    async fn ask(&mut self, work: Work) -> Result<u64> {
        match self {
            Self::Http1(connection) if work == Work::Read => connection.take().await,
            Self::Http1(connection) => connection.ask().await,
            Self::Http2(connection) => connection.ask().await,
        }
    }
}

/// Asks on one connection until the end; what has been answered is noted.
async fn asking(load: &Load, window: Window, index: u32, done: &mut Done) -> Result<()> {
    let mut connection = Connection::open(load).await?;
    let every = load
        .rate
        .map(|rate| Duration::from_secs(u64::from(load.connections)) / rate.max(1));
    // Spread over the span: connections do not ask in step.
    let offset = every.unwrap_or_default() * index / load.connections.max(1);
    let mut due = window.begin + offset;
    while let Some(every) = every
        && due < Instant::now()
    {
        due += every;
    }
    loop {
        let ready = Instant::now();
        let asked = match every {
            // An answer that was late delays those behind it, and they count as late too.
            Some(_) if due < ready => due,
            // Clocks wake up to a millisecond late: that is not the proxy's.
            Some(_) => {
                sleep_until(due).await;
                Instant::now()
            }
            None => ready,
        };
        let bytes = connection.ask(load.work).await?;
        if asked >= window.counted {
            done.answers += 1;
            done.bytes += bytes;
            let late = asked.elapsed().as_micros();
            if load.work != Work::Read {
                done.latencies.push(u32::try_from(late).unwrap_or(u32::MAX));
            }
        }
        if load.work == Work::Connect {
            connection = Connection::open(load).await?;
        }
        due += every.unwrap_or_default();
    }
}
