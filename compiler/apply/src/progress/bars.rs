//! Moving bars, for a terminal.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Event, Progress, Step, plain};

/// A bar for every machine that is being worked on; a machine that is ready becomes a line above them.
pub struct Bars {
    all: MultiProgress,
    colours: bool,
    shows_changes: bool,
    running: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Bars {
    /// Draws on standard error; without `colours` in one colour.
    pub fn new(colours: bool, shows_changes: bool) -> Self {
        Self {
            all: MultiProgress::new(),
            colours,
            shows_changes,
            running: Mutex::default(),
        }
    }

    fn bar(&self, host: &str) -> ProgressBar {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || {
            let bar = self.all.add(ProgressBar::new(0)).with_prefix(host.to_owned());
            bar.set_style(style("{prefix:>20}  {msg}"));
            bar
        };
        running.entry(host.to_owned()).or_insert_with(fresh).clone()
    }

    fn step(&self, host: &str, step: Step) {
        let bar = self.bar(host);
        if let Step::Send { bytes } = step {
            bar.set_length(bytes);
            let colour = if self.colours { ".cyan" } else { "" };
            bar.set_style(style(&format!(
                "{{prefix:>20}}  {{msg}} {{bar:30{colour}}} {{bytes}}/{{total_bytes}}"
            )));
        } else {
            bar.set_style(style("{prefix:>20}  {msg}"));
        }
        bar.set_message(step.word());
        bar.tick();
    }

    fn lines(&self, host: &str, event: &Event) {
        for line in plain::describe(event, self.shows_changes) {
            // A terminal that is gone needs no lines.
            let _ = self.all.println(format!("{host:>20}  {line}"));
        }
    }
}

impl Progress for Bars {
    fn event(&self, host: &str, event: &Event) {
        match event {
            Event::Step(step) => self.step(host, *step),
            Event::Moved(length) => self.bar(host).inc(*length),
            Event::Planned(_) | Event::Note(_) => self.lines(host, event),
            Event::Done(_) | Event::Failed(_) | Event::Skipped => {
                let bar = self
                    .running
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(host);
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
                self.lines(host, event);
            }
        }
    }
}

/// The templates are ours; one that indicatif cannot read would only look plain.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
