//! The schema of cloud-init's documents, from its Debian package, which is not installed: it would take over the machine.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use crate::command::{command, run};
use crate::programs::target_folder;

/// Where the package keeps it.
const SCHEMA: &str = "./usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json";

/// Puts it into `target/tools`, unless it is there already.
pub(super) fn schema() -> Result<()> {
    let tools = target_folder().join("tools");
    let place = tools.join("cloud-init.schema.json");
    if place.is_file() || !Path::new("/usr/bin/apt-get").exists() {
        return Ok(());
    }
    let scratch = tools.join("cloud-init");
    std::fs::create_dir_all(&scratch)?;
    let mut download = command("apt-get");
    download.args(["download", "cloud-init"]).current_dir(&scratch);
    run(&mut download).context("cloud-init's package cannot be fetched")?;
    let package = std::fs::read_dir(&scratch)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|end| end == "deb"))
        .context("apt-get left no package")?;
    let mut files = command("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(&package)
        .stdout(Stdio::piped())
        .spawn()?;
    let archive = files.stdout.take().context("dpkg-deb has an output")?;
    let schema = command("tar")
        .args(["--extract", "--to-stdout", SCHEMA])
        .stdin(archive)
        .output()?;
    files.wait()?;
    ensure!(schema.status.success(), "cloud-init's package has no {SCHEMA}");
    std::fs::write(place, schema.stdout)?;
    std::fs::remove_dir_all(&scratch)?;
    Ok(())
}
