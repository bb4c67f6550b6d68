//! Size, start and memory of meshd, beside those of Envoy.
//!
//! Both are started in a network namespace of their own, with nothing but a loopback. meshd gets what a VM of the
//! forum gets; Envoy gets the least that answers: its figures are the floor of what a sidecar takes.

mod envoy;
mod runs;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::figure::{Figure, median, sorted};
use crate::command::{as_root, command, output, root};
use crate::programs;

/// The Envoy that is measured, if the lab has brought one here.
pub(super) fn envoy() -> Option<PathBuf> {
    envoy::find()
}

/// Measures inside a network namespace: `program` is started `runs` times and answers on `port`.
pub(super) fn inside(port: &str, program: &[String], runs: u32) -> Result<()> {
    runs::inside(port.parse()?, program, runs)
}

pub(super) fn figures(runs: u32) -> Result<Vec<Figure>> {
    let programs = programs::build()?;
    let meshd = programs.runtime.join(format!("meshd-{}", std::env::consts::ARCH));
    let image = image(&programs.meshc)?;
    let ours = vec![
        meshd.display().to_string(),
        "--root".to_owned(),
        image.display().to_string(),
        "run".to_owned(),
    ];
    let ours = measured(15021, &ours, runs)?;
    let theirs = match envoy::command()? {
        Some((program, port)) => Some((measured(port, &program, runs)?, PathBuf::from(&program[0]))),
        None => None,
    };
    compare(&ours, &meshd, theirs.as_ref())
}

fn compare(
    ours: &[runs::Run],
    meshd: &Path,
    theirs: Option<&(Vec<runs::Run>, PathBuf)>,
) -> Result<Vec<Figure>> {
    let mib = |path: &Path| -> Result<f64> { Ok(std::fs::metadata(path)?.len() as f64 / f64::from(1 << 20)) };
    let of = |runs: &[runs::Run], pick: fn(&runs::Run) -> f64| sorted(runs.iter().map(pick).collect());
    let their = |pick: fn(&runs::Run) -> f64| theirs.map(|(runs, _)| median(&of(runs, pick)));
    let their_size = theirs.map(|(_, program)| mib(program)).transpose()?;
    let beside = |figure: Figure, theirs: Option<f64>| match theirs {
        Some(theirs) => figure.beside("Envoy", theirs),
        None => figure,
    };
    Ok(vec![
        beside(Figure::new("program", "MiB", vec![mib(meshd)?]), their_size),
        beside(
            Figure::new("cold start to first answer", "ms", of(ours, |run| run.ready_ms)),
            their(|run| run.ready_ms),
        )
        .at_most(15.0),
        beside(
            Figure::new("memory idle", "MiB", of(ours, |run| run.memory_mib)),
            their(|run| run.memory_mib),
        )
        .at_most(8.0),
    ])
}

/// What lies on `forum-vm-1`, as a folder.
fn image(meshc: &Path) -> Result<PathBuf> {
    let folder = root().join("target/bench");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let (ca, out) = (folder.join("ca"), folder.join("out"));
    let spec = "examples/forum";
    let mut steps = [command(meshc), command(meshc), command(meshc)];
    steps[0].args(["ca", "init"]).arg(&ca);
    steps[1].args(["ca", "issue"]).arg(&ca).arg(spec);
    steps[2]
        .args(["build", spec, "-o"])
        .arg(&out)
        .arg("--identity")
        .arg(&ca);
    for step in &mut steps {
        quietly(step)?;
    }
    let image = folder.join("image");
    std::fs::create_dir_all(&image)?;
    for part in ["groups/forum/rootfs/.", "vms/forum-vm-1/rootfs/."] {
        quietly(command("cp").arg("-a").arg(out.join(part)).arg(&image))?;
    }
    Ok(image)
}

fn quietly(command: &mut Command) -> Result<String> {
    let done = output(command)?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    bail!("{command:?}: {}", String::from_utf8_lossy(&done.stderr))
}

/// Starts this very program in an empty network namespace, where it starts the measured one.
fn measured(port: u16, program: &[String], runs: u32) -> Result<Vec<runs::Run>> {
    let me = std::env::current_exe()?;
    let mut unshare = as_root("unshare");
    unshare.arg("--net").arg(me).args([
        "bench",
        "--runs",
        &runs.to_string(),
        "--inside",
        &port.to_string(),
    ]);
    let said = quietly(unshare.args(program))?;
    serde_json::from_str(&said).with_context(|| said)
}
