//! Every test, in the order in which a failure is cheapest.

use std::time::Instant;

use anyhow::Result;

use crate::command::{command, in_ci, run as run_command};
use crate::{demo, fuzz, setup};

/// Targets that read traffic run for so small a part of the time: there are twice as many.
const TRAFFIC: u64 = 6;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Installs what is missing without asking
    #[arg(long)]
    yes: bool,
    /// Leaves out the demo, which needs root and some minutes
    #[arg(long)]
    no_demo: bool,
    /// How many seconds each fuzz target that reads specs runs, and a sixth of it each that reads traffic; 60 where CI=true,
    /// else none
    #[arg(long, value_name = "SECONDS")]
    fuzz: Option<u64>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    setup::run_quietly(setup::Args { yes: args.yes })?;
    step("format", || {
        run_command(command("cargo").args(["fmt", "--all", "--check"]))
    })?;
    let clippy = [
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    step("lints", || run_command(command("cargo").args(clippy)))?;
    // The demo comes first: it fetches the Envoy and the machines' root that tests use too.
    if !args.no_demo {
        step("demo", || demo::run(&demo::Args::unattended()))?;
    }
    step("tests", || {
        run_command(command("cargo").args(["test", "--workspace", "--no-fail-fast"]))
    })?;
    match args.fuzz.unwrap_or(if in_ci() { 60 } else { 0 }) {
        0 => Ok(()),
        seconds => step("fuzz", || {
            fuzz::run(&fuzz::Args::of_specs(seconds))?;
            fuzz::run(&fuzz::Args::of_traffic(seconds.div_ceil(TRAFFIC)))
        }),
    }
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    eprintln!("== {name}");
    work()?;
    eprintln!("== {name}: {:.0} s", start.elapsed().as_secs_f32());
    Ok(())
}
