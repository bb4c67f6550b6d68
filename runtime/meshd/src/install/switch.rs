//! Putting a release in force, and taking it back.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use mesh_wire::Sha256;

use super::record::Record;
use super::services::{self, Changes};
use super::stage::Release;
use super::{gate, place};
use crate::capture;
use crate::failure::{Failure, OnPath};
use crate::layout::Layout;
use crate::report::Report;
use crate::systemd::Systemd;

/// Puts `new` in force where `old` is, and tells the services.
pub(crate) fn to(
    layout: &Layout,
    systemd: Systemd,
    record: &mut Record,
    old: Option<&Release>,
    new: &Release,
) -> Result<(), Failure> {
    services::leave(systemd, old, new);
    set(layout, "current", &new.name)?;
    place::align(layout, record, Some(new))?;
    Changes::between(old, Some(new)).apply(systemd, new)
}

/// Puts `new` in force and keeps it only if it passes the gate; else the machine is as before.
pub(crate) fn through_gate(
    layout: &Layout,
    systemd: Systemd,
    record: &mut Record,
    old: Option<&Release>,
    new: &Release,
    report: &mut Report,
) -> Result<(), Failure> {
    let result = to(layout, systemd, record, old, new).and_then(|()| {
        report.done("switch", format!("{} is in force", new.name.short()));
        gate::pass(layout, systemd, new, report)
    });
    let Err(failure) = result else { return Ok(()) };
    let now = match (back(layout, systemd, record, new, old), old) {
        (Ok(()), Some(old)) => format!("{} is in force again", old.name.short()),
        (Ok(()), None) => "the machine is without meshd again".to_owned(),
        (Err(error), _) => {
            report.failed("back", error.to_string());
            format!("going back failed, too: {error}")
        }
    };
    report.done("back", now.as_str());
    let remedy = failure.remedy.clone().unwrap_or_default();
    Err(failure.remedy([remedy, now].join("; ").trim_start_matches("; ")))
}

/// Takes `from` out of force for `to`; `None` leaves nothing in force.
pub(crate) fn back(
    layout: &Layout,
    systemd: Systemd,
    record: &mut Record,
    from: &Release,
    to: Option<&Release>,
) -> Result<(), Failure> {
    match to {
        Some(release) => self::to(layout, systemd, record, Some(from), release),
        None => out_of_force(layout, systemd, record),
    }
}

/// Stops everything and takes all links away; the record alone says what there is, so that a damaged release is no hindrance.
pub(crate) fn out_of_force(layout: &Layout, systemd: Systemd, record: &mut Record) -> Result<(), Failure> {
    services::stop(systemd, &record.links);
    let resolver = services::concern_resolver(&record.links);
    place::align(layout, record, None)?;
    systemd.call("daemon-reload", &[])?;
    if resolver {
        capture::resolver::forget(layout)?;
        services::restart_resolver(systemd);
    }
    unset(layout, "current")
}

/// Leads a link of the home to a release, by one rename.
pub(crate) fn set(layout: &Layout, link: &str, release: &Sha256) -> Result<(), Failure> {
    let place = layout.home().join(link);
    let new = layout.home().join(format!("{link}.new"));
    let _ = fs::remove_file(&new);
    symlink(Path::new("releases").join(release.as_str()), &new).on("link", &place)?;
    fs::rename(&new, &place).on("link", &place)
}

/// Removes a link of the home.
pub(crate) fn unset(layout: &Layout, link: &str) -> Result<(), Failure> {
    let place = layout.home().join(link);
    match fs::remove_file(&place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).on("remove", &place),
        _ => Ok(()),
    }
}
