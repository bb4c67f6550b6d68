//! One machine, through all steps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::diff::{self, Kind};
use crate::facts::{self, Facts, Question};
use crate::failure::Failure;
use crate::host::{Command, Host, Login};
use crate::layout::Layout;
use crate::plan::{self, Action, Plan};
use crate::progress::{Event, Step};
use crate::release::Release;
use crate::switch::{self, Deadlines};
use crate::transfer;

/// How a machine is treated.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Where meshd lives on it.
    pub layout: Layout,
    /// Only looks, and shows what would be done.
    pub dry_run: bool,
    /// Shows how the contents of files differ.
    pub texts: bool,
    /// The machine goes back when no confirmation came for so long.
    pub confirm: Duration,
    /// How long nothing may be heard from a command.
    pub silence: Duration,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            layout: Layout::default(),
            dry_run: false,
            texts: false,
            confirm: Duration::from_secs(60),
            silence: Duration::from_secs(60),
        }
    }
}

/// How a machine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// It was as it should be.
    Unchanged,
    /// The release is in force and confirmed.
    Applied,
    /// It would be changed.
    Planned,
    /// meshd is gone.
    Removed,
    /// There was no meshd.
    Absent,
}

/// Takes one machine to its release.
///
/// `candidates` are its release for each kind of machine; `tell` hears what happens.
///
/// # Errors
/// The first thing that went wrong. The machine is as it was then, or goes back by itself.
pub fn deploy(
    login: &dyn Login,
    user: &str,
    candidates: &[Release],
    manner: &Manner,
    tell: &mut dyn FnMut(Event),
) -> Result<Done, Failure> {
    tell(Event::Step(Step::Connect));
    let mut host = login.login()?;
    tell(Event::Step(Step::Look));
    let facts = look(host.as_mut(), user, candidates, manner)?;
    let release = plan::choose(candidates, &facts)?;
    let mut plan = plan::plan(release, &facts, now())?;
    if manner.texts {
        add_texts(host.as_mut(), release, manner, &mut plan)?;
    }
    let action = plan.action.clone();
    let bytes = plan.bytes();
    tell(Event::Planned(Box::new(plan)));
    let deadlines = Deadlines {
        confirm: manner.confirm,
        silence: manner.silence,
    };
    match action {
        Action::Nothing => return Ok(Done::Unchanged),
        _ if manner.dry_run => return Ok(Done::Planned),
        Action::Confirm => {}
        Action::Install { send, expect } => {
            tell(Event::Step(Step::Send { bytes }));
            let mut moved = |length| tell(Event::Moved(length));
            transfer::send(
                host.as_mut(),
                &manner.layout,
                release,
                &send,
                manner.silence,
                &mut moved,
            )?;
            tell(Event::Step(Step::Switch));
            let expect = expect.as_ref().map(mesh_wire::Sha256::as_str);
            let installed = switch::install(host.as_mut(), &manner.layout, release, expect, deadlines);
            if let Err(failure) = installed {
                host = come_back(login, user, release, manner, &failure).ok_or(failure)?;
                tell(Event::Note(
                    "the connection broke during the switch, and a fresh one works".to_owned(),
                ));
            }
        }
    }
    tell(Event::Step(Step::Confirm));
    switch::confirm(
        host.as_mut(),
        login,
        &manner.layout,
        release.id.as_str(),
        deadlines,
    )?;
    Ok(Done::Applied)
}

/// Asks shortly first; a machine that is as it should be answers with little work.
fn look(host: &mut dyn Host, user: &str, candidates: &[Release], manner: &Manner) -> Result<Facts, Failure> {
    let mut question = Question {
        layout: &manner.layout,
        candidates,
        full: false,
        user,
        silence: manner.silence,
    };
    let facts = facts::gather(host, &question)?;
    let satisfied = candidates.iter().any(|release| plan::satisfied(release, &facts));
    if satisfied || !facts.short {
        return Ok(facts);
    }
    question.full = true;
    facts::gather(host, &question)
}

/// A fresh session, when the old one broke while meshd put the release in force. A switch touches the network, and
/// whether it came through is for the machine to say; meshd's own lock keeps a confirmation from coming too early.
fn come_back(
    login: &dyn Login,
    user: &str,
    release: &Release,
    manner: &Manner,
    failure: &Failure,
) -> Option<Box<dyn Host>> {
    if !matches!(failure.code, "connection-lost" | "command-timeout") {
        return None;
    }
    let mut host = login.login().ok()?;
    let candidates = std::slice::from_ref(release);
    let facts = look(host.as_mut(), user, candidates, manner).ok()?;
    (facts.release.as_ref() == Some(&release.id)).then_some(host)
}

/// Fetches the texts that change and puts the differences into the plan. Secret files are not even read.
fn add_texts(
    host: &mut dyn Host,
    release: &Release,
    manner: &Manner,
    plan: &mut Plan,
) -> Result<(), Failure> {
    for change in plan.changes.iter_mut().filter(|change| !change.secret) {
        let old = match change.kind {
            Kind::Add => Vec::new(),
            Kind::Change | Kind::Remove => {
                let path = format!("{}/current/rootfs{}", manner.layout.home, change.path);
                let words = vec!["cat".to_owned(), "--".to_owned(), path];
                let command = Command {
                    words,
                    root: true,
                    silence: manner.silence,
                };
                let read = host.run(&command, &mut std::io::empty());
                read.map_err(|error| error.failure("cannot read a file of the machine"))?
                    .stdout
            }
        };
        let file = release.bundle.files.iter().find(|file| file.path == change.path);
        let blob = file.and_then(|file| release.blobs.get(&file.sha256));
        let new = blob
            .map(|blob| std::fs::read(&blob.path))
            .transpose()
            .unwrap_or_default()
            .unwrap_or_default();
        change.text = diff::unified(&change.path, &old, &new);
    }
    Ok(())
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
