use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait4::Wait4 as _;

use crate::programs::target_folder;

/// What one run of a program took.
pub(super) struct Taken {
    pub(super) time: Duration,
    /// The most that it had resident, bytes.
    pub(super) memory: u64,
}

/// Runs what `make` makes, `runs` times.
pub(super) fn take(runs: u32, mut make: impl FnMut() -> Command) -> Result<Vec<Taken>> {
    (0..runs).map(|_| once(&mut make())).collect()
}

fn once(command: &mut Command) -> Result<Taken> {
    let name = command.get_program().to_string_lossy().into_owned();
    // Some programs tell of every file that they read: that is for nobody but when they fail.
    let folder = target_folder().join("bench");
    std::fs::create_dir_all(&folder)?;
    let said = folder.join("said.txt");
    let errors = File::create(&said).with_context(|| format!("cannot write {}", said.display()))?;
    let start = Instant::now();
    let child = command
        .stdout(Stdio::null())
        .stderr(errors)
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let used = child.wait4()?;
    let time = start.elapsed();
    if !used.status.success() {
        let said = std::fs::read_to_string(&said).unwrap_or_default();
        bail!("{name} ended with {}\n{said}", used.status);
    }
    Ok(Taken {
        time,
        memory: used.rusage.maxrss,
    })
}

/// Their times, milliseconds.
pub(super) fn millis(taken: &[Taken]) -> Vec<f64> {
    taken
        .iter()
        .map(|taken| taken.time.as_secs_f64() * 1000.0)
        .collect()
}

/// What they had resident at most, MiB.
pub(super) fn mebibytes(taken: &[Taken]) -> Vec<f64> {
    taken
        .iter()
        .map(|taken| taken.memory as f64 / f64::from(1 << 20))
        .collect()
}
