//! Confirming a release, and going back to the one before.

use std::time::Duration;

use mesh_wire::Sha256;

use super::deadman::{self, Unconfirmed};
use super::lock::Lock;
use super::record::Record;
use super::stage::Release;
use super::{gate, remove, sweep, switch};
use crate::failure::Failure;
use crate::layout::Layout;
use crate::report::Report;
use crate::systemd::Systemd;

/// The dead-man switch must come through, however long somebody else takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Who wants to go back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reason<'a> {
    /// Somebody asked for it.
    Asked,
    /// This release was not confirmed in time.
    Unconfirmed(&'a str),
}

/// Keeps the release: the dead-man switch is taken away.
pub(crate) fn confirm(layout: &Layout, release: &str, report: &mut Report) -> Result<(), Failure> {
    let systemd = Systemd::live()?;
    let _lock = Lock::take(layout, super::LOCK_PATIENCE)?;
    let current = layout.current();
    report.release.clone_from(&current);
    if current.as_ref().map(Sha256::as_str) != Some(release) {
        let there = current.as_ref().map_or("none", Sha256::as_str);
        return Err(
            Failure::new(format!("confirm {release}"), format!("{there} is in force"))
                .remedy("the deadline was over, or somebody else installed: see `meshd status`"),
        );
    }
    if let Some(waiting) = Unconfirmed::read(layout) {
        report.changed = true;
        deadman::disarm(layout, systemd)?;
        super::retire(layout, waiting.back_to.as_ref(), &waiting.release)?;
    }
    report.done("confirmed", "it stays");
    Ok(())
}

/// Goes back to the release before; from the first one, to a machine without meshd.
pub(crate) fn rollback(layout: &Layout, reason: &Reason<'_>, report: &mut Report) -> Result<(), Failure> {
    let systemd = if layout.is_live() {
        Systemd::live()?
    } else {
        Systemd::Image
    };
    let lock = Lock::take(layout, PATIENCE)?;
    let current = layout.current();
    let waiting = Unconfirmed::read(layout).filter(|waiting| current.as_ref() == Some(&waiting.release));
    if let Reason::Unconfirmed(release) = reason
        && waiting
            .as_ref()
            .is_none_or(|waiting| waiting.release.as_str() != *release)
    {
        report.done("unchanged", "it was confirmed in the meantime");
        return Ok(());
    }
    let Some(current) = current else {
        return Err(Failure::new("go back", "nothing is installed"));
    };
    let confirmed = waiting.is_none();
    let target = match waiting {
        Some(waiting) => waiting.back_to,
        None => Some(layout.previous().ok_or_else(|| {
            Failure::new("go back", "there is no release before this one")
                .remedy("`meshd remove` takes meshd off the machine")
        })?),
    };
    report.changed = true;
    let Some(target) = target else {
        drop(lock);
        return remove(layout, report);
    };
    let (from, to) = (Release::read(layout, &current)?, Release::read(layout, &target)?);
    let mut record = Record::read(layout)?;
    switch::back(layout, systemd, &mut record, &from, Some(&to))?;
    // Only now: whoever is cut off before must be taken back by the next start of the machine.
    deadman::disarm(layout, systemd)?;
    report.release = Some(target);
    report.done("switch", format!("{} is in force", to.name.short()));
    if confirmed {
        // Going back once more means going forward again.
        switch::set(layout, "previous", &from.name)?;
    }
    sweep::collect(layout)?;
    gate::pass(layout, systemd, &to, report)
}

/// After a restart of the machine nobody would take an unconfirmed release back: the timer is started again.
pub(crate) fn rearm(layout: &Layout) -> Result<(), Failure> {
    match Unconfirmed::read(layout) {
        Some(waiting) if waiting.is_orphan(layout) => {
            tracing::warn!(release = %waiting.release, "the machine restarted with an unconfirmed release");
            deadman::start(Systemd::Live, &waiting.release, waiting.seconds().max(1))
        }
        _ => Ok(()),
    }
}
