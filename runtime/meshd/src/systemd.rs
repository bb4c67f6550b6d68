//! systemd, by its own commands.

use crate::command;
use crate::failure::Failure;

/// systemd of this machine, or nothing where a root is only an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Systemd {
    /// It runs here.
    Live,
    /// The files are for a machine that does not run.
    Image,
}

impl Systemd {
    /// systemd of the machine, which must run.
    pub(crate) fn live() -> Result<Self, Failure> {
        if std::path::Path::new("/run/systemd/system").is_dir() {
            return Ok(Self::Live);
        }
        Err(
            Failure::new("find systemd", "this machine was not booted with it").remedy(
                "run `meshd run` under your own supervisor as user 1337, and `meshd capture up` as root",
            ),
        )
    }

    /// `systemctl VERB UNIT…`, which must succeed.
    pub(crate) fn call(self, verb: &str, units: &[&str]) -> Result<(), Failure> {
        if self == Self::Image {
            return Ok(());
        }
        let arguments: Vec<&str> = std::iter::once(verb).chain(units.iter().copied()).collect();
        command::run("systemctl", &arguments, None)
            .map(drop)
            .map_err(|mut failure| {
                // What follows the first line is advice to whoever sits at the machine.
                failure.cause = failure.cause.lines().next().unwrap_or_default().to_owned();
                let unit = units.iter().find(|unit| failure.cause.contains(**unit));
                let unit = unit.or(units.first()).unwrap_or(&"meshd.target");
                failure.remedy(format!("see `journalctl -u {unit}` on the machine"))
            })
    }

    /// `systemctl VERB UNIT…` where a failure changes nothing, such as stopping what is not there.
    pub(crate) fn try_call(self, verb: &str, units: &[&str]) {
        if let Err(error) = self.call(verb, units) {
            tracing::debug!(%error, "ignored");
        }
    }

    /// The unit's state, such as `active` or `failed`.
    pub(crate) fn state(self, unit: &str) -> String {
        if self == Self::Image {
            return "inactive".to_owned();
        }
        let output = command::output("systemctl", &["is-active", unit], None);
        output.map_or_else(|| "unknown".to_owned(), |output| output.stdout.trim().to_owned())
    }

    /// The unit is up.
    pub(crate) fn is_active(self, unit: &str) -> bool {
        self.state(unit) == "active"
    }

    /// The machine's state, such as `running` or `stopping`.
    pub(crate) fn state_of_system(self) -> String {
        let output = command::output("systemctl", &["is-system-running"], None);
        output.map_or_else(|| "unknown".to_owned(), |output| output.stdout.trim().to_owned())
    }

    /// Runs a command after `seconds`, whatever becomes of the caller.
    pub(crate) fn run_later(self, unit: &str, seconds: u64, command: &[&str]) -> Result<(), Failure> {
        if self == Self::Image {
            return Ok(());
        }
        let unit = format!("--unit={unit}");
        let delay = format!("--on-active={seconds}");
        let mut arguments = vec![
            "--quiet",
            "--collect",
            &unit,
            &delay,
            "--timer-property=AccuracySec=100ms",
        ];
        arguments.extend(command);
        command::run("systemd-run", &arguments, None).map(drop)
    }
}
