//! Leaving a machine as it was before the first installation.

use super::lock::Lock;
use super::record::Record;
use super::{deadman, stage, switch, users};
use crate::capture;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::report::Report;
use crate::systemd::Systemd;

/// Takes everything away; each step is done even where an earlier removal was cut off.
pub(crate) fn remove(layout: &Layout, report: &mut Report) -> Result<(), Failure> {
    let systemd = if layout.is_live() {
        Systemd::live()?
    } else {
        Systemd::Image
    };
    let _lock = Lock::take(layout, super::LOCK_PATIENCE)?;
    if !layout.home().exists() {
        report.done("unchanged", "nothing is installed");
        return Ok(());
    }
    report.changed = true;
    deadman::disarm(layout, systemd)?;
    let mut record = Record::read(layout)?;
    switch::out_of_force(layout, systemd, &mut record)?;
    report.done("links", "units, files and links are gone");
    if layout.is_live() {
        capture::down(layout)?;
        capture::resolver::forget(layout)?;
        report.done("capture", "no rule is left");
    }
    users::remove(layout, &record)?;
    report.done("user", "the user is gone");
    stage::clear(&layout.home())?;
    report.done("files", "nothing is left");
    Ok(())
}
