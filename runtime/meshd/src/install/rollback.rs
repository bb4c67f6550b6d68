//! Confirming a release, and going back to the one before.

use std::time::Duration;

use mesh_wire::Sha256;

use super::deadman::{self, Unconfirmed};
use super::lock::Lock;
use super::record::Record;
use super::stage::Release;
use super::{gate, remove, switch};
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
    report.changed = layout.unconfirmed().exists();
    deadman::disarm(layout, systemd)?;
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
    let unconfirmed = Unconfirmed::read(layout);
    if let Reason::Unconfirmed(release) = reason
        && unconfirmed
            .as_ref()
            .is_none_or(|waiting| waiting.release.as_str() != *release)
    {
        report.done("unchanged", "it was confirmed in the meantime");
        return Ok(());
    }
    let Some(current) = layout.current() else {
        return Err(Failure::new("go back", "nothing is installed"));
    };
    let target = match unconfirmed {
        Some(waiting) if waiting.release == current => waiting.back_to,
        _ => Some(layout.previous().ok_or_else(|| {
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
    // Going back once more means going forward again, unless that release was never confirmed.
    switch::set(layout, "previous", &from.name)?;
    if matches!(reason, Reason::Unconfirmed(_)) {
        switch::unset(layout, "previous")?;
    }
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
