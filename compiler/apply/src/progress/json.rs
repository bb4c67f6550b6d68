//! A JSON object a line, for programs.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Event, Progress, Step};

/// Writes `{"host": …, "event": …}` for everything that happens but the single bytes.
pub struct Json {
    out: Mutex<Box<dyn Write + Send>>,
}

impl Json {
    /// Writes to `out`.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: Mutex::new(out) }
    }
}

impl Progress for Json {
    fn event(&self, host: &str, event: &Event) {
        let Some(mut object) = describe(event) else { return };
        object["host"] = json!(host);
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody is left to be told when the stream itself cannot be written.
        let _ = writeln!(out, "{object}");
    }
}

fn describe(event: &Event) -> Option<Value> {
    Some(match event {
        Event::Moved(_) => return None,
        Event::Step(Step::Send { bytes }) => json!({"event": "step", "step": "sending", "bytes": bytes}),
        Event::Step(step) => json!({"event": "step", "step": step.word()}),
        Event::Planned(plan) => json!({"event": "plan", "plan": plan}),
        Event::Note(note) => json!({"event": "note", "note": note}),
        Event::Done(done) => json!({"event": "done", "result": done}),
        Event::Failed(failure) => json!({"event": "failed", "error": failure}),
        Event::Skipped => json!({"event": "skipped"}),
    })
}
