use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::runs::Run;
use crate::machine::{self, Machine};

/// One figure of ours, beside the peer's.
#[derive(Serialize)]
struct Figure {
    name: &'static str,
    unit: &'static str,
    ours: f64,
    /// The smallest and the largest of ours.
    spread: [f64; 2],
    peer: Option<&'static str>,
    theirs: Option<f64>,
    ratio: Option<f64>,
    goal: &'static str,
    met: bool,
}

/// All figures, and the machine that they were taken on.
#[derive(Serialize)]
pub(super) struct Figures {
    figures: Vec<Figure>,
    machine: Machine,
}

impl Figures {
    pub(super) fn new(ours: &[Run], meshd: &Path, theirs: Option<&(Vec<Run>, PathBuf)>) -> Result<Self> {
        let mib =
            |path: &Path| -> Result<f64> { Ok(std::fs::metadata(path)?.len() as f64 / f64::from(1 << 20)) };
        let size = mib(meshd)?;
        let their_size = theirs.map(|(_, program)| mib(program)).transpose()?;
        let of = |runs: &[Run], pick: fn(&Run) -> f64| sorted(runs.iter().map(pick).collect());
        let (ready, memory) = (of(ours, |run| run.ready_ms), of(ours, |run| run.memory_mib));
        let their = |pick: fn(&Run) -> f64| theirs.map(|(runs, _)| median(&of(runs, pick)));
        Ok(Self {
            figures: vec![
                figure("program", "MiB", &[size], their_size, "none", |_| true),
                figure(
                    "cold start to first answer",
                    "ms",
                    &ready,
                    their(|run| run.ready_ms),
                    "<= 15",
                    |ours| ours <= 15.0,
                ),
                figure(
                    "memory idle",
                    "MiB",
                    &memory,
                    their(|run| run.memory_mib),
                    "<= 8",
                    |ours| ours <= 8.0,
                ),
            ],
            machine: machine::here(),
        })
    }
}

fn figure(
    name: &'static str,
    unit: &'static str,
    ours: &[f64],
    theirs: Option<f64>,
    goal: &'static str,
    met: fn(f64) -> bool,
) -> Figure {
    let middle = median(ours);
    let spread = [
        ours.first().copied().unwrap_or_default(),
        ours.last().copied().unwrap_or_default(),
    ];
    let ratio = theirs.map(|theirs| middle / theirs);
    Figure {
        name,
        unit,
        ours: middle,
        spread,
        peer: theirs.map(|_| "Envoy"),
        theirs,
        ratio,
        goal,
        met: met(middle),
    }
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

pub(super) fn print_table(all: &Figures) -> Result<()> {
    println!(
        "{:28} {:>5} {:>8} {:>17} {:>8} {:>7}  goal",
        "figure", "unit", "meshd", "spread", "Envoy", "ratio"
    );
    for it in &all.figures {
        let spread = format!("{:.1} - {:.1}", it.spread[0], it.spread[1]);
        let theirs = it
            .theirs
            .map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
        let ratio = it
            .ratio
            .map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
        let met = if it.met { "met" } else { "NOT MET" };
        println!(
            "{:28} {:>5} {:>8.1} {spread:>17} {theirs:>8} {ratio:>7}  {} {met}",
            it.name, it.unit, it.ours, it.goal
        );
    }
    Ok(())
}

pub(super) fn print_json(all: &Figures) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(all)?);
    Ok(())
}
