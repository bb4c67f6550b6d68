//! Installing releases on this machine, going back, and leaving it as it was.
//!
//! # Steps
//! [`bundle`] is read, [`preflight`] looks whether the machine can take it, [`users`] makes the user, [`stage`] lays
//! the release out, [`switch`] puts it in force by one rename with the links of [`place`], [`services`] are told, and the
//! [`gate`] decides whether it stays. [`record`] knows all that was done, so that [`remove`] can undo it.

mod bundle;
mod deadman;
mod gate;
mod lock;
mod place;
mod preflight;
mod record;
mod remove;
mod rollback;
mod services;
mod stage;
mod sweep;
mod switch;
mod users;

#[cfg(test)]
mod tests;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use mesh_wire::Sha256;

pub(crate) use deadman::Unconfirmed;
pub(crate) use remove::remove;
pub(crate) use rollback::{Reason, confirm, rearm, rollback};

use crate::failure::{Failure, OnPath};
use crate::layout::{ID, Layout};
use crate::report::Report;
use crate::systemd::Systemd;
use bundle::Delivery;
use lock::Lock;
use record::Record;
use stage::Release;

/// How long an operation waits for another one.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// What an installation is asked to do.
#[derive(Debug, Default)]
pub(crate) struct Wish<'a> {
    /// Seconds in which it must be confirmed.
    pub(crate) confirm_within: Option<u64>,
    /// The release that must be in force before, or `none`.
    pub(crate) expect: Option<&'a str>,
}

/// Installs the bundle in a folder.
pub(crate) fn install(
    layout: &Layout,
    folder: &Path,
    wish: &Wish<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    let systemd = if layout.is_live() {
        Systemd::live()?
    } else {
        Systemd::Image
    };
    let _lock = Lock::take(layout, LOCK_PATIENCE)?;
    let delivery = Delivery::read(folder, layout)?;
    report.release = Some(delivery.release.clone());
    let old = layout.current();
    expect(old.as_ref(), wish.expect)?;
    let old = old.map(|name| Release::read(layout, &name)).transpose()?;
    if let Some(old) = &old
        && is_in_force(layout, systemd, old, &delivery)
    {
        report.done("unchanged", "this release is in force");
        return gate::pass(layout, systemd, old, report);
    }
    let first = old.is_none();
    let result = preflight::check(layout, systemd, &delivery, report)
        .and_then(|()| bring_in(layout, systemd, &delivery, old, wish, report));
    if result.is_err() {
        // What was shipped goes again, too: the machine is as it was.
        let swept = if first {
            sweep::first_install_failed(layout)
        } else {
            sweep::collect(layout)
        };
        if let Err(error) = swept {
            report.failed("sweep", error.to_string());
        }
    }
    report.changed = result.is_ok();
    result
}

fn bring_in(
    layout: &Layout,
    systemd: Systemd,
    delivery: &Delivery,
    old: Option<Release>,
    wish: &Wish<'_>,
    report: &mut Report,
) -> Result<(), Failure> {
    make_home(layout)?;
    let mut record = Record::read(layout)?;
    let result = users::ensure(layout, &mut record)
        .and_then(|()| make_state(layout))
        .and_then(|()| stage::stage(layout, delivery));
    let new = match result {
        Ok(new) => new,
        Err(failure) => return undo_first(layout, &record, old.as_ref(), failure),
    };
    report.done("stage", format!("{} files are laid out", new.bundle.files.len()));
    // The release in force may itself wait for its confirmation.
    let waiting = Unconfirmed::read(layout);
    match wish.confirm_within {
        Some(seconds) => {
            // A repair goes back to the same release, never to a machine without meshd.
            let back_to = old.as_ref().map(|old| &old.name);
            deadman::arm(layout, systemd, &new.name, back_to, seconds)?;
            report.done(
                "armed",
                format!("it is taken back in {seconds} s without `meshd confirm`"),
            );
        }
        None => deadman::disarm(layout, systemd)?,
    }
    if let Err(failure) = switch::through_gate(layout, systemd, &mut record, old.as_ref(), &new, report) {
        deadman::wait_again(layout, systemd, waiting.as_ref())?;
        return undo_first(layout, &record, old.as_ref(), failure);
    }
    if wish.confirm_within.is_some() {
        // Until then all stays that the machine would have again.
        return Ok(());
    }
    retire(layout, old.as_ref().map(|old| &old.name), &new.name)
}

/// `new` stays: `old` becomes the one before it, and what neither needs is thrown away.
fn retire(layout: &Layout, old: Option<&Sha256>, new: &Sha256) -> Result<(), Failure> {
    if let Some(old) = old.filter(|old| *old != new) {
        switch::set(layout, "previous", old)?;
    }
    sweep::collect(layout)
}

/// A first installation that failed takes its user with it.
fn undo_first(
    layout: &Layout,
    record: &Record,
    old: Option<&Release>,
    failure: Failure,
) -> Result<(), Failure> {
    if old.is_none() {
        users::remove(layout, record)?;
    }
    Err(failure)
}

fn expect(current: Option<&Sha256>, expected: Option<&str>) -> Result<(), Failure> {
    let current = current.map_or("none", Sha256::as_str);
    match expected {
        Some(expected) if expected != current => Err(Failure::new(
            "install the release",
            format!("the plan was made for {expected}, but {current} is in force"),
        )
        .remedy("somebody else was faster: plan again")),
        _ => Ok(()),
    }
}

fn is_in_force(layout: &Layout, systemd: Systemd, old: &Release, delivery: &Delivery) -> bool {
    let active = |unit: &mesh_wire::bundle::Unit| systemd == Systemd::Image || systemd.is_active(&unit.name);
    old.name == delivery.release
        && place::is_aligned(layout, old)
        && stage::is_whole(&layout.release(&old.name), delivery)
        && old.bundle.units.iter().all(active)
}

fn make_home(layout: &Layout) -> Result<(), Failure> {
    for (folder, mode) in [
        (layout.home(), 0o755),
        (layout.releases(), 0o755),
        (layout.store(), 0o700),
    ] {
        fs::create_dir_all(&folder).on("make", &folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).on("change", &folder)?;
    }
    Ok(())
}

/// The only folder that the running meshd writes to.
fn make_state(layout: &Layout) -> Result<(), Failure> {
    let state = layout.state();
    fs::create_dir_all(&state).on("make", &state)?;
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).on("change", &state)?;
    if nix::unistd::geteuid().is_root() {
        std::os::unix::fs::chown(&state, Some(ID), Some(ID)).on("give away", &state)?;
    }
    Ok(())
}
