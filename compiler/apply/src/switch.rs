//! Puts a staged release in force, and confirms it through a second login.
//!
//! meshd does the work on the machine: it stages, flips, restarts, asks its checks, and goes back to the last release
//! when one of them fails, or when no confirmation comes in time. The confirmation comes through a fresh login, since
//! what has to be proven is that an operator can still get in.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::host::{Command, Host, Login, Output};
use crate::layout::Layout;
use crate::release::Release;

const INSTALL: &str = include_str!("scripts/install.sh");
const BACK: &str = include_str!("scripts/back.sh");

const JOURNAL: &str = "look at `journalctl -u meshd` on the machine";

/// What meshd answers with `--format json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// It did what it was asked.
    pub ok: bool,
    /// The release that is in force.
    pub release: Option<String>,
    /// Something is different from before.
    pub changed: bool,
    /// What was done, in order.
    pub steps: Vec<StepDone>,
    /// Why it did not do it.
    pub error: Option<Refusal>,
}

/// One step that meshd took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepDone {
    /// Its name.
    pub name: String,
    /// It succeeded.
    pub ok: bool,
    /// More about it.
    pub detail: Option<String>,
}

/// Why meshd refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// What did not happen.
    pub what: String,
    /// Why.
    pub cause: String,
    /// What to do about it, where there is a word to say.
    pub remedy: Option<String>,
}

/// Reads the last line that is meshd's answer. Programs that it starts may have printed before it.
pub fn answer(output: &Output) -> Option<Answer> {
    let text = output.text();
    serde_json::from_str(text.trim()).ok().or_else(|| {
        text.lines()
            .rev()
            .find_map(|line| serde_json::from_str(line).ok())
    })
}

/// Turns an output into its answer, or into the failure that it tells.
pub fn require(output: &Output, code: &'static str, what: &str) -> Result<Answer, Failure> {
    let Some(answer) = answer(output) else {
        return Err(Failure::new(code, what, output.complaint(), JOURNAL));
    };
    match &answer.error {
        None if answer.ok && output.ok() => Ok(answer),
        Some(error) => {
            let remedy = error.remedy.clone().unwrap_or_else(|| JOURNAL.to_owned());
            Err(Failure::new(
                code,
                what,
                format!("{}: {}", error.what, error.cause),
                remedy,
            ))
        }
        None => {
            let failed: Vec<_> = answer
                .steps
                .iter()
                .filter(|step| !step.ok)
                .map(describe)
                .collect();
            let cause = if failed.is_empty() {
                output.complaint()
            } else {
                failed.join("; ")
            };
            Err(Failure::new(code, what, cause, JOURNAL))
        }
    }
}

fn describe(step: &StepDone) -> String {
    match &step.detail {
        Some(detail) => format!("{}: {detail}", step.name),
        None => step.name.clone(),
    }
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// The machine goes back when no confirmation came for so long.
    pub confirm: Duration,
    /// How long nothing may be heard from a short command.
    pub silence: Duration,
}

/// Lets meshd put `release` in force, provided that `expect` still is.
///
/// # Errors
/// When meshd refused, or its checks failed; the machine has its last release then.
pub fn install(
    host: &mut dyn Host,
    layout: &Layout,
    release: &Release,
    expect: Option<&str>,
    deadlines: Deadlines,
) -> Result<Answer, Failure> {
    let seconds = deadlines.confirm.as_secs().to_string();
    let arguments = [
        &layout.home,
        release.id.as_str(),
        release.runtime.sha256.as_str(),
        &seconds,
        expect.unwrap_or("none"),
    ];
    // A session that the switch cut off must be given up while there is still time to confirm through another one.
    let command = Command::root_script(INSTALL, &arguments, deadlines.confirm * 3 / 4);
    let what = "the release was not put in force";
    let output = host
        .run(&command, &mut std::io::empty())
        .map_err(|error| error.failure(what))?;
    require(&output, "install", what)
}

/// Confirms `release` through a fresh login; when that fails, takes it back through the one that is still open.
///
/// # Errors
/// When there is no second login, or meshd does not accept the confirmation.
pub fn confirm(
    open: &mut dyn Host,
    login: &dyn Login,
    layout: &Layout,
    release: &str,
    deadlines: Deadlines,
) -> Result<(), Failure> {
    let fresh = login.login().and_then(|mut host| {
        let words = [&layout.meshd(), "confirm", release, "--format", "json"].map(str::to_owned);
        let command = Command {
            words: words.to_vec(),
            root: true,
            silence: deadlines.silence,
        };
        let what = "the release was not confirmed";
        let output = host
            .run(&command, &mut std::io::empty())
            .map_err(|error| error.failure(what))?;
        require(&output, "confirm", what).map(drop)
    });
    fresh.map_err(|failure| {
        let back = open.run(
            &Command::root_script(BACK, &[&layout.home], deadlines.silence),
            &mut std::io::empty(),
        );
        let now = match back {
            Ok(output) if output.ok() => "it was taken back at once".to_owned(),
            _ => format!(
                "the machine takes it back by itself within {} s",
                deadlines.confirm.as_secs()
            ),
        };
        let cause = format!("{failure}; {now}");
        Failure::new(
            "confirm",
            "no second login after the switch",
            cause,
            failure.remedy,
        )
    })
}
