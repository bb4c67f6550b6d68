//! What `tune` becomes: drop-ins for systemd's units, and settings of the kernel.

use std::fmt::Write;

use crate::model::Tune;

/// Settings of the kernel, in the format of `sysctl.d`.
pub(super) const SYSCTL_FILE: &str = "/etc/sysctl.d/50-meshd.conf";

/// The settings; `None` if there are none.
pub(super) fn sysctls(tune: &Tune) -> Option<String> {
    let lines: Vec<_> = tune
        .sysctls
        .iter()
        .map(|(name, value)| format!("{name} = {value}\n"))
        .collect();
    (!lines.is_empty()).then(|| lines.concat())
}

/// The drop-in of the service that carries the traffic.
pub(super) fn service(tune: &Tune) -> Option<String> {
    let mut unit = order("After", &tune.after);
    unit.push_str(&order("Before", &tune.before));
    let mut service = String::new();
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(service, "{key}={value}");
        }
    };
    line("LimitNOFILE", tune.nofile.map(|number| number.to_string()));
    line("MemoryMax", tune.memory.map(|bytes| bytes.to_string()));
    line("CPUQuota", tune.cpu.map(|share| format!("{share}%")));
    line("TasksMax", tune.tasks.map(|number| number.to_string()));
    sections(&[("Unit", unit), ("Service", service)])
}

/// The drop-in of the unit that loads the capture rules: what starts behind the mesh starts behind them.
pub(super) fn capture(tune: &Tune) -> Option<String> {
    sections(&[("Unit", order("Before", &tune.before))])
}

fn order(key: &str, units: &std::collections::BTreeSet<String>) -> String {
    units.iter().fold(String::new(), |mut all, unit| {
        let _ = writeln!(all, "{key}={unit}");
        all
    })
}

fn sections(all: &[(&str, String)]) -> Option<String> {
    let some = all.iter().filter(|(_, lines)| !lines.is_empty());
    let texts: Vec<_> = some.map(|(name, lines)| format!("[{name}]\n{lines}")).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}
