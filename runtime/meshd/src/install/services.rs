//! What must be started, restarted or told when another release comes into force.

use std::collections::BTreeSet;

use mesh_wire::Effects;

use super::stage::Release;
use crate::failure::Failure;
use crate::systemd::Systemd;

const RESOLVED: &str = "systemd-resolved.service";
const RESOLVED_FOLDER: &str = "/etc/systemd/resolved.conf.d/";
const UNIT_FOLDER: &str = "/etc/systemd/system/";
const SYSCTL: &str = "meshd-sysctl.service";

/// The difference between two releases, as far as running things are concerned.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Changes(Effects);

impl Changes {
    /// What is different in `new`.
    pub(crate) fn between(old: Option<&Release>, new: Option<&Release>) -> Self {
        let releases = [old, new].into_iter().flatten();
        let paths = releases.flat_map(|release| &release.bundle.files);
        let changed = paths
            .map(|file| file.path.as_str())
            .filter(|path| old.and_then(|old| old.file(path)) != new.and_then(|new| new.file(path)));
        let mut effects = Effects::of(changed);
        effects.program |= old.map(|old| &old.program) != new.map(|new| &new.program);
        Self(effects)
    }

    /// Acts on it.
    pub(crate) fn apply(&self, systemd: Systemd, new: &Release) -> Result<(), Failure> {
        let Self(effects) = self;
        // Even the same unit in another release is another file, which systemd notices and warns of.
        systemd.call("daemon-reload", &[])?;
        if effects.sockets {
            systemd.try_call(
                "stop",
                &["meshd-capture.service", "meshd.service", "meshd.socket"],
            );
        }
        let units: Vec<&str> = new.bundle.units.iter().map(|unit| unit.name.as_str()).collect();
        systemd.try_call("reset-failed", &units);
        if effects.program && !effects.sockets && systemd.is_active("meshd.service") {
            systemd.call("restart", &["meshd.service"])?;
        } else if effects.files && systemd.is_active("meshd.service") {
            systemd.call("reload", &["meshd.service"])?;
        }
        if effects.capture && systemd.is_active("meshd-capture.service") {
            systemd.call("reload", &["meshd-capture.service"])?;
        }
        if effects.kernel && systemd.is_active(SYSCTL) {
            // It puts back what was before, and sets anew.
            systemd.call("restart", &[SYSCTL])?;
        }
        if !units.is_empty() {
            systemd.call("start", &units)?;
        }
        if effects.resolver {
            restart_resolver(systemd);
        }
        Ok(())
    }
}

/// Stops the units that `new` does not have any more, while systemd still knows how.
pub(crate) fn leave(systemd: Systemd, old: Option<&Release>, new: &Release) {
    let kept = |name: &str| new.bundle.units.iter().any(|unit| unit.name == name);
    let gone = old.into_iter().flat_map(|old| &old.bundle.units);
    for unit in gone.filter(|unit| !kept(&unit.name)) {
        systemd.try_call("stop", &[unit.name.as_str()]);
    }
}

/// systemd-resolved reads its settings only when it starts.
pub(crate) fn restart_resolver(systemd: Systemd) {
    systemd.try_call("try-restart", &[RESOLVED]);
}

/// One of the links changes what systemd-resolved does.
pub(crate) fn concern_resolver(links: &BTreeSet<String>) -> bool {
    links.iter().any(|path| path.starts_with(RESOLVED_FOLDER))
}

/// Stops all units among the links: first what starts others, then the rules, since what is captured must always have
/// somebody to go to.
pub(crate) fn stop(systemd: Systemd, links: &BTreeSet<String>) {
    let units = in_order_of_end(links);
    for unit in &units {
        systemd.try_call("stop", &[unit]);
    }
    // One that ended with another is known as failed only now.
    for unit in &units {
        systemd.try_call("reset-failed", &[unit]);
    }
}

fn in_order_of_end(links: &BTreeSet<String>) -> Vec<&str> {
    let names = links
        .iter()
        .filter_map(|path| path.strip_prefix(UNIT_FOLDER))
        .filter(|name| !name.contains('/'));
    let mut units: Vec<&str> = names.collect();
    let is = |unit: &str, kind: &str| unit.rsplit('.').next() == Some(kind);
    units.sort_by_key(|unit| (!is(unit, "timer"), !unit.contains("capture"), !is(unit, "socket")));
    units
}

/// The release wants systemd-resolved's help.
pub(crate) fn needs_resolved(release: &mesh_wire::Bundle) -> bool {
    release
        .files
        .iter()
        .any(|file| file.path.starts_with(RESOLVED_FOLDER))
}

/// systemd-resolved runs here.
pub(crate) fn has_resolved(systemd: Systemd) -> bool {
    systemd == Systemd::Image || systemd.is_active(RESOLVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_starts_what_was_stopped() {
        let names = [
            "meshd.service",
            "meshd.socket",
            "meshd-capture-look.service",
            "meshd-capture-look.timer",
            "meshd-capture.service",
            "app.service.d/50-meshd.conf",
        ];
        let links = names.map(|name| format!("{UNIT_FOLDER}{name}")).into();
        assert_eq!(
            in_order_of_end(&links),
            [
                "meshd-capture-look.timer",
                "meshd-capture-look.service",
                "meshd-capture.service",
                "meshd.socket",
                "meshd.service",
            ]
        );
    }
}
