//! What two hops of the data plane carry, beside the same two hops of others.
//!
//! A client, an outbound proxy, mutual TLS 1.3, an inbound proxy and a server, all on this machine's loopback. Every
//! program is tried in turn, again and again, so that what else the machine does falls on all of them alike.

mod envoy;
mod haproxy;
mod process;
mod program;
mod trial;

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::figure::{Figure, median, sorted};
use crate::command::{command, output};
use crate::programs::{self, target_folder};
use program::Program;
use trial::{Kind, Outcome, Trial, Work};

/// How much is measured.
pub(super) struct Wanted<'a> {
    pub(super) runs: u32,
    pub(super) seconds: f64,
    /// Only trials whose name has this in it.
    pub(super) only: Option<&'a str>,
}

/// A figure of a trial.
struct Row {
    name: &'static str,
    unit: &'static str,
    of: fn(&Outcome) -> f64,
    goal: Goal,
}

/// What ours has to be, measured by Envoy's or by itself.
#[derive(Clone, Copy)]
enum Goal {
    AtLeast(f64),
    AtMost(f64),
    Limit(f64),
}

const fn row(name: &'static str, unit: &'static str, of: fn(&Outcome) -> f64, goal: Goal) -> Row {
    Row { name, unit, of, goal }
}

/// Every trial, with the figures that it gives.
const TRIALS: &[(Trial, &[Row])] = &[
    (
        Trial::new("tcp", Kind::Tcp, Work::Http1),
        &[
            row("L4 requests", "1/s", Outcome::rate, Goal::AtLeast(1.5)),
            row("L4 CPU a request", "us", Outcome::cpu, Goal::AtMost(0.67)),
        ],
    ),
    (
        Trial::new("bulk", Kind::Tcp, Work::Read),
        &[
            row("L4 bulk", "Gbit/s", Outcome::gigabits, Goal::AtLeast(1.3)),
            row(
                "L4 bulk, CPU a gigabyte",
                "s",
                Outcome::cpu_a_gigabyte,
                Goal::AtMost(0.77),
            ),
        ],
    ),
    (
        Trial::new("handshakes", Kind::Tcp, Work::Connect),
        &[
            row(
                "new connections, full handshakes",
                "1/s",
                Outcome::rate,
                Goal::AtLeast(1.5),
            ),
            row("CPU a new connection", "us", Outcome::cpu, Goal::AtMost(0.67)),
        ],
    ),
    (
        Trial::new("http1", Kind::Http1, Work::Http1),
        &[
            row("HTTP/1.1 requests", "1/s", Outcome::rate, Goal::AtLeast(2.6)),
            row("HTTP/1.1 CPU a request", "us", Outcome::cpu, Goal::AtMost(0.33)),
            row("memory idle, a hop", "MiB", Outcome::idle, Goal::Limit(8.0)),
            row(
                "memory under HTTP/1.1, a hop",
                "MiB",
                Outcome::loaded,
                Goal::Limit(12.0),
            ),
            row(
                "start until it listens",
                "ms",
                Outcome::started,
                Goal::Limit(15.0),
            ),
        ],
    ),
    (
        Trial::new("http1-calm", Kind::Http1, Work::Http1).at(2000),
        &[row(
            "HTTP/1.1 p99 at 2,000/s",
            "us",
            Outcome::p99,
            Goal::AtMost(0.38),
        )],
    ),
    (
        Trial::new("http2", Kind::Http2, Work::Http2),
        &[
            row("HTTP/2 requests", "1/s", Outcome::rate, Goal::AtLeast(3.5)),
            row("HTTP/2 CPU a request", "us", Outcome::cpu, Goal::AtMost(0.21)),
            row(
                "memory under HTTP/2, a hop",
                "MiB",
                Outcome::loaded,
                Goal::Limit(12.0),
            ),
        ],
    ),
    (
        Trial::new("http2-calm", Kind::Http2, Work::Http2).at(2000),
        &[row(
            "HTTP/2 p99 at 2,000/s",
            "us",
            Outcome::p99,
            Goal::AtMost(0.5),
        )],
    ),
];

pub(super) fn figures(wanted: &Wanted<'_>) -> Result<Vec<Figure>> {
    let ours = programs::bench()?;
    let folder = folder()?;
    let issued = output(command(&ours.load).arg("issue").arg(&folder))?;
    anyhow::ensure!(
        issued.status.success(),
        "{}",
        String::from_utf8_lossy(&issued.stderr)
    );
    let mut all = vec![Program::ours(ours.hop.clone())];
    all.extend(Program::envoy()?);
    all.extend(Program::haproxy()?);
    let mut figures = Vec::new();
    for (trial, rows) in TRIALS {
        if wanted.only.is_some_and(|only| !trial.name.contains(only)) {
            continue;
        }
        let mut outcomes: Vec<Vec<Outcome>> = all.iter().map(|_| Vec::new()).collect();
        for run in 1..=wanted.runs {
            for (program, outcomes) in all.iter().zip(&mut outcomes) {
                eprintln!(
                    "{} of {}: {}, run {run}",
                    trial.name, program.name, wanted.seconds
                );
                let run = || trial.run(program, &ours.load, &folder, wanted.seconds);
                let outcome = run().or_else(|error| {
                    eprintln!("once more, since: {error:#}");
                    run()
                });
                outcomes.push(outcome.with_context(|| format!("{} of {}", trial.name, program.name))?);
            }
        }
        for row in *rows {
            figures.extend(compared(row, &all, &outcomes));
        }
    }
    Ok(figures)
}

/// Ours beside each of the others; the goal is held against Envoy's.
fn compared(row: &Row, all: &[Program], outcomes: &[Vec<Outcome>]) -> Vec<Figure> {
    let values = |outcomes: &[Outcome]| -> Vec<f64> { outcomes.iter().map(row.of).collect() };
    let mut measured = all.iter().zip(outcomes);
    let Some((_, ours)) = measured.next() else {
        return Vec::new();
    };
    let figure = || Figure::new(row.name, row.unit, values(ours));
    let mut figures: Vec<Figure> = measured
        .map(|(program, outcomes)| {
            let theirs = median(&sorted(values(outcomes)));
            let figure = figure().beside(program.name.clone(), theirs);
            match row.goal {
                _ if !program.is_envoy => figure,
                Goal::AtLeast(least) => figure.at_least_times(least),
                Goal::AtMost(most) => figure.at_most_times(most),
                Goal::Limit(most) => figure.at_most(most),
            }
        })
        .collect();
    if figures.is_empty() {
        figures.push(figure());
    }
    figures
}

/// Where certificates and settings lie.
fn folder() -> Result<PathBuf> {
    let folder = target_folder().join("bench/proxy");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
