//! Sizes, start and memory of meshd, beside those of Envoy in the same run.
//!
//! Both are started in a network namespace of their own, with nothing but a loopback. meshd gets what a VM of the
//! forum gets; Envoy gets the least that answers: its figures are the floor of what a sidecar takes.

mod figure;
mod peer;
mod runs;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{as_root, command, output, root};
use crate::programs;
use figure::{Figures, print_json, print_table};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How the figures are printed: `table` or `json`
    #[arg(long, default_value = "table", value_parser = ["table", "json"])]
    format: String,
    /// How often each program is started
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(3..=50))]
    runs: u32,
    /// Measures a program that is given, in this network namespace (used by the task itself)
    #[arg(long, hide = true, num_args = 2.., allow_hyphen_values = true)]
    inside: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let [port, program @ ..] = args.inside.as_slice() {
        return runs::inside(port.parse()?, program, args.runs);
    }
    let programs = programs::build()?;
    let meshd = programs.runtime.join(format!("meshd-{}", std::env::consts::ARCH));
    let image = image(&programs.meshc)?;
    let ours = vec![
        meshd.display().to_string(),
        "--root".to_owned(),
        image.display().to_string(),
        "run".to_owned(),
    ];
    let ours = measured(15021, &ours, args.runs)?;
    let theirs = match peer::envoy()? {
        Some((program, port)) => Some((measured(port, &program, args.runs)?, PathBuf::from(&program[0]))),
        None => None,
    };
    let figures = Figures::new(&ours, &meshd, theirs.as_ref())?;
    if args.format == "json" {
        print_json(&figures)
    } else {
        print_table(&figures)
    }
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
