use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;

use crate::command::root;
use crate::machine::{self, Machine};

/// What happened, check by check.
#[derive(Default, Serialize)]
pub(super) struct Report {
    checks: Vec<Outcome>,
    machine: Option<Machine>,
}

#[derive(Serialize)]
struct Outcome {
    name: &'static str,
    ok: bool,
    ms: u128,
    detail: String,
}

impl Report {
    /// Runs one check and notes how it went.
    pub(super) fn play(&mut self, name: &'static str, check: impl FnOnce() -> Result<String>) {
        eprintln!("-- {name}");
        let start = Instant::now();
        let result = check();
        let ms = start.elapsed().as_millis();
        let ok = result.is_ok();
        let detail = result.unwrap_or_else(|error| format!("{error:#}"));
        eprintln!("   {} {ms} ms  {detail}", mark(ok));
        self.checks.push(Outcome { name, ok, ms, detail });
    }

    /// Notes that a check was not tried.
    pub(super) fn skip(&mut self, name: &'static str, because: &str) {
        let detail = format!("not tried, since `{because}` failed");
        self.checks.push(Outcome {
            name,
            ok: false,
            ms: 0,
            detail,
        });
    }

    pub(super) fn failed(&self, name: &str) -> bool {
        self.checks.iter().any(|check| check.name == name && !check.ok)
    }

    pub(super) fn ok(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let path = root().join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let whole = Self {
            checks: Vec::new(),
            machine: Some(machine::here()),
        };
        let mut document = serde_json::to_value(&whole)?;
        document["checks"] = serde_json::to_value(&self.checks)?;
        std::fs::write(path, serde_json::to_string_pretty(&document)? + "\n")?;
        Ok(())
    }

    pub(super) fn print(&self) {
        let width = self
            .checks
            .iter()
            .map(|check| check.name.len())
            .max()
            .unwrap_or_default();
        println!("\n{:width$}      {:>9}  what happened", "check", "time");
        for check in &self.checks {
            let first = check.detail.lines().next().unwrap_or_default();
            println!(
                "{:width$}  {}  {:>6} ms  {first}",
                check.name,
                mark(check.ok),
                check.ms
            );
        }
        let good = self.checks.iter().filter(|check| check.ok).count();
        println!("\n{good} passed, {} failed", self.checks.len() - good);
    }
}

fn mark(ok: bool) -> &'static str {
    if ok { "ok" } else { "NO" }
}
