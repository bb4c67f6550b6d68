use anyhow::Result;
use serde::Serialize;

use crate::machine::{self, Machine};

/// One figure of ours, and the peer's where there is one.
#[derive(Serialize)]
pub(super) struct Figure {
    name: String,
    unit: &'static str,
    ours: f64,
    /// The smallest and the largest of ours.
    spread: [f64; 2],
    peer: Option<String>,
    theirs: Option<f64>,
    ratio: Option<f64>,
    goal: String,
    /// `None` where there is no goal, or no peer to hold it against.
    met: Option<bool>,
}

impl Figure {
    /// The median of `ours`, which are of one run each.
    pub(super) fn new(name: impl Into<String>, unit: &'static str, ours: Vec<f64>) -> Self {
        let ours = sorted(ours);
        Self {
            name: name.into(),
            unit,
            ours: median(&ours),
            spread: [
                ours.first().copied().unwrap_or_default(),
                ours.last().copied().unwrap_or_default(),
            ],
            peer: None,
            theirs: None,
            ratio: None,
            goal: String::new(),
            met: None,
        }
    }

    /// What the same takes `peer`.
    pub(super) fn beside(self, peer: impl Into<String>, theirs: f64) -> Self {
        Self {
            peer: Some(peer.into()),
            theirs: Some(theirs),
            ratio: Some(self.ours / theirs),
            ..self
        }
    }

    /// Ours has to be at most this.
    pub(super) fn at_most(self, most: f64) -> Self {
        Self {
            goal: format!("<= {most}"),
            met: Some(self.ours <= most),
            ..self
        }
    }

    /// Ours has to be at most this, times the peer's.
    pub(super) fn at_most_times(self, most: f64) -> Self {
        Self {
            goal: format!("<= {most}x"),
            met: self.ratio.map(|ratio| ratio <= most),
            ..self
        }
    }

    /// Ours has to be at least this, times the peer's.
    pub(super) fn at_least_times(self, least: f64) -> Self {
        Self {
            goal: format!(">= {least}x"),
            met: self.ratio.map(|ratio| ratio >= least),
            ..self
        }
    }

    /// The median of ours.
    pub(super) const fn ours(&self) -> f64 {
        self.ours
    }
}

/// All figures, and the machine that they were taken on.
#[derive(Serialize)]
pub(super) struct Figures {
    figures: Vec<Figure>,
    machine: Machine,
}

impl Figures {
    pub(super) fn new(figures: Vec<Figure>) -> Self {
        Self {
            figures,
            machine: machine::here(),
        }
    }
}

pub(super) fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

pub(super) fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

pub(super) fn print_table(all: &Figures) {
    println!(
        "{:40} {:>5} {:>9} {:>19} {:>14} {:>9} {:>7}  goal",
        "figure", "unit", "ours", "spread", "peer", "theirs", "ratio"
    );
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
    };
    for it in &all.figures {
        let spread = format!("{:.1} - {:.1}", it.spread[0], it.spread[1]);
        let (theirs, ratio) = (number(it.theirs, 1), number(it.ratio, 2));
        let met = match it.met {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None if it.goal.is_empty() => "",
            None => "not compared",
        };
        println!(
            "{:40} {:>5} {:>9.1} {spread:>19} {:>14} {theirs:>9} {ratio:>7}  {} {met}",
            it.name,
            it.unit,
            it.ours,
            it.peer.as_deref().unwrap_or("-"),
            it.goal
        );
    }
}

pub(super) fn print_json(all: &Figures) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(all)?);
    Ok(())
}
