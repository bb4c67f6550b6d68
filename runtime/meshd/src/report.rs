//! What a command did, for people and for programs.

use mesh_wire::Sha256;
use serde::Serialize;

use crate::failure::Failure;

/// The answer of a command: `--format json` prints it as one object.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) ok: bool,
    pub(crate) release: Option<Sha256>,
    pub(crate) changed: bool,
    pub(crate) steps: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Failure>,
}

/// One step of it.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) ok: bool,
    pub(crate) detail: String,
}

impl Report {
    /// A step that was done.
    pub(crate) fn done(&mut self, name: &'static str, detail: impl Into<String>) {
        self.steps.push(Step {
            name,
            ok: true,
            detail: detail.into(),
        });
    }

    /// A step that failed, without that being the end.
    pub(crate) fn failed(&mut self, name: &'static str, detail: impl Into<String>) {
        self.steps.push(Step {
            name,
            ok: false,
            detail: detail.into(),
        });
    }

    /// The end of the command.
    #[must_use]
    pub(crate) fn end(mut self, result: Result<(), Failure>) -> Self {
        self.ok = result.is_ok();
        self.error = result.err();
        self
    }

    /// For people: a line a step, then what went wrong.
    pub(crate) fn human(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            let mark = if step.ok { "ok  " } else { "FAIL" };
            text.push_str(&format!("{mark} {:<10} {}\n", step.name, step.detail));
        }
        if let Some(error) = &self.error {
            text.push_str(&format!("error: {error}\n"));
            if let Some(remedy) = &error.remedy {
                text.push_str(&format!(" help: {remedy}\n"));
            }
        }
        text
    }
}
