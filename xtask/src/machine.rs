//! What machine this is, for reports.

use serde::Serialize;

/// The machine, as a report names it.
#[derive(Serialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) memory_mib: u64,
    pub(crate) kernel: String,
    pub(crate) arch: &'static str,
}

pub(crate) fn here() -> Machine {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let memory = read("/proc/meminfo");
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = kib.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    Machine {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_mib: kib.unwrap_or_default() / 1024,
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        arch: std::env::consts::ARCH,
    }
}
