//! Plain lines, for logs and pipes.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use super::{Event, Progress, Step, size};
use crate::deploy::Done;
use crate::fleet::{Ending, Outcome};
use crate::plan::{Action, Plan};

/// Writes a line for everything that a reader of a log wants to know.
pub struct Plain {
    out: Mutex<Box<dyn Write + Send>>,
    shows_changes: bool,
}

impl Plain {
    /// Writes to `out`; with `shows_changes`, a plan is shown file by file.
    pub fn new(out: Box<dyn Write + Send>, shows_changes: bool) -> Self {
        Self {
            out: Mutex::new(out),
            shows_changes,
        }
    }
}

impl Progress for Plain {
    fn event(&self, host: &str, event: &Event) {
        let lines = describe(event, self.shows_changes);
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines {
            // Nobody is left to be told when the log itself cannot be written.
            let _ = writeln!(out, "{host}: {line}");
        }
    }
}

/// The lines for an event; none for what is of no interest afterwards.
pub fn describe(event: &Event, shows_changes: bool) -> Vec<String> {
    match event {
        Event::Step(Step::Send { bytes }) => vec![format!("sending {}", size(*bytes))],
        Event::Step(step @ (Step::Switch | Step::Confirm | Step::Remove)) => vec![step.word().to_owned()],
        // How a machine ended stands in the summary.
        Event::Step(Step::Connect | Step::Look) | Event::Moved(_) | Event::Done(_) => Vec::new(),
        Event::Note(note) => vec![format!("note: {note}")],
        Event::Planned(plan) => plan_lines(plan, shows_changes),
        Event::Failed(failure) => vec![
            format!("failed: {}", failure.what),
            format!("  cause: {}", failure.cause),
            format!("  help: {}", failure.remedy),
        ],
        Event::Skipped => vec!["not begun, since the batch before it failed".to_owned()],
    }
}

/// How a machine ended, for people.
pub fn ending(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done { result } => good_ending(*result).to_owned(),
        Outcome::Failed { error } => format!("failed: {error}"),
        Outcome::Skipped => "not begun".to_owned(),
    }
}

/// How all machines ended: `4 machines: 3 applied, 1 failed`.
pub fn count(endings: &[Ending]) -> String {
    let mut found: Vec<(&str, usize)> = Vec::new();
    for ending in endings {
        let word = match &ending.result {
            Outcome::Done { result } => good_ending(*result).split(',').next().unwrap_or_default(),
            Outcome::Failed { .. } => "failed",
            Outcome::Skipped => "not begun",
        };
        match found.iter_mut().find(|(known, _)| *known == word) {
            Some((_, number)) => *number += 1,
            None => found.push((word, 1)),
        }
    }
    let parts: Vec<_> = found
        .iter()
        .map(|(word, number)| format!("{number} {word}"))
        .collect();
    format!("{} machines: {}", endings.len(), parts.join(", "))
}

fn good_ending(done: Done) -> &'static str {
    match done {
        Done::Unchanged => "unchanged, nothing to do",
        Done::Applied => "applied",
        Done::Planned => "would be changed",
        Done::Removed => "removed, nothing is left",
        Done::Absent => "nothing is installed",
    }
}

/// A plan, for people.
pub fn plan_lines(plan: &Plan, shows_changes: bool) -> Vec<String> {
    let mut lines: Vec<String> = plan
        .warnings
        .iter()
        .map(|warning| format!("warning: {warning}"))
        .collect();
    match &plan.action {
        Action::Nothing => return lines,
        Action::Confirm => lines.push("the release is in force, and waits for its confirmation".to_owned()),
        Action::Install { .. } => lines.push(format!("release {}: {}", plan.release.short(), summary(plan))),
    }
    lines.extend(plan.repairs.iter().map(|repair| format!("  {repair}")));
    if shows_changes {
        for change in &plan.changes {
            lines.push(format!("  {change}"));
            lines.extend(
                change
                    .text
                    .iter()
                    .flat_map(|text| text.lines())
                    .map(|line| format!("    {line}")),
            );
        }
    }
    lines
}

fn summary(plan: &Plan) -> String {
    let files = match plan.changes.len() {
        0 => "no file changes".to_owned(),
        1 => "1 file changes".to_owned(),
        many => format!("{many} files change"),
    };
    format!("{files}, {} to send", size(plan.bytes()))
}
