//! Sizes, memory and start of meshd.

use anyhow::Result;

pub(crate) fn run() -> Result<()> {
    let programs = crate::programs::build()?;
    let arch = std::env::consts::ARCH;
    let size = std::fs::metadata(programs.runtime.join(format!("meshd-{arch}")))?.len();
    println!("meshd-{arch}: {:.1} MiB", size as f64 / f64::from(1 << 20));
    Ok(())
}
