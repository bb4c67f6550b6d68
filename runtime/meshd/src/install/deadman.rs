//! The dead-man switch: a release that nobody confirms is taken back.

use std::time::{SystemTime, UNIX_EPOCH};

use mesh_wire::Sha256;
use serde::{Deserialize, Serialize};

use super::record::replace;
use crate::failure::{Failure, OnPath};
use crate::layout::{HOME, Layout};
use crate::systemd::Systemd;

/// The transient units.
pub(crate) const UNIT: &str = "meshd-rollback";
const TIMER: &str = "meshd-rollback.timer";

/// A release that waits for its confirmation: `/var/lib/meshd/unconfirmed.json`. It outlives a restart of the
/// machine, which the timer does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unconfirmed {
    /// It.
    pub(crate) release: Sha256,
    /// The one before; `None` where it was the first.
    pub(crate) back_to: Option<Sha256>,
    /// When it is taken back, seconds since 1970.
    pub(crate) until: u64,
    /// The boot in which the timer runs.
    boot: String,
}

impl Unconfirmed {
    /// What waits on this machine.
    pub(crate) fn read(layout: &Layout) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(layout.unconfirmed()).ok()?).ok()
    }

    /// Seconds that are left.
    pub(crate) fn seconds(&self) -> u64 {
        self.until.saturating_sub(now())
    }

    /// Nobody is left who would take it back.
    pub(crate) fn is_orphan(&self, layout: &Layout) -> bool {
        self.boot != boot(layout)
    }
}

/// Arms the switch.
pub(crate) fn arm(
    layout: &Layout,
    systemd: Systemd,
    release: &Sha256,
    back_to: Option<&Sha256>,
    seconds: u64,
) -> Result<(), Failure> {
    disarm(layout, systemd)?;
    let unconfirmed = Unconfirmed {
        release: release.clone(),
        back_to: back_to.cloned(),
        until: now() + seconds,
        boot: boot(layout),
    };
    let path = layout.unconfirmed();
    let text = serde_json::to_vec(&unconfirmed).on("write", &path)?;
    replace(&path, &text, 0o644)?;
    start(systemd, release, seconds)
}

/// Arms the switch as it was armed before an installation that failed.
pub(crate) fn wait_again(
    layout: &Layout,
    systemd: Systemd,
    waiting: Option<&Unconfirmed>,
) -> Result<(), Failure> {
    let Some(waiting) = waiting else {
        return disarm(layout, systemd);
    };
    let seconds = waiting.seconds().max(1);
    arm(
        layout,
        systemd,
        &waiting.release,
        waiting.back_to.as_ref(),
        seconds,
    )
}

/// Starts the timer.
pub(crate) fn start(systemd: Systemd, release: &Sha256, seconds: u64) -> Result<(), Failure> {
    // The release's own path: the link in /usr/local/bin may lead elsewhere by then.
    let program = format!("{HOME}/releases/{release}/meshd");
    systemd.run_later(
        UNIT,
        seconds,
        &[&program, "rollback", "--unconfirmed", release.as_str()],
    )
}

/// Takes the switch away.
pub(crate) fn disarm(layout: &Layout, systemd: Systemd) -> Result<(), Failure> {
    if layout.unconfirmed().exists() {
        systemd.try_call("stop", &[TIMER]);
        let path = layout.unconfirmed();
        std::fs::remove_file(&path).on("remove", &path)?;
    }
    Ok(())
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn boot(layout: &Layout) -> String {
    let id = std::fs::read_to_string(layout.at("/proc/sys/kernel/random/boot_id"));
    id.unwrap_or_default().trim().to_owned()
}
