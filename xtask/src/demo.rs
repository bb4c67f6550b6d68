//! The whole way, on this machine: build, boot, apply, traffic both ways, trouble, remove.
//!
//! Each check does what a user would do and looks at what a user would see. The report goes to
//! `target/demo/report.json` and, as a table, to the terminal.

mod checks;
mod footprint;
mod report;
mod stage;
mod wait;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::{programs, setup};
use report::Report;
use stage::Stage;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Installs what is missing without asking
    #[arg(long)]
    yes: bool,
    /// Leaves the machines up at the end
    #[arg(long)]
    keep: bool,
    /// Where the report goes
    #[arg(long, default_value = "target/demo/report.json")]
    report: PathBuf,
}

impl Args {
    /// As `cargo xtask test` runs it.
    pub(crate) fn unattended() -> Self {
        Self {
            yes: true,
            keep: false,
            report: PathBuf::from("target/demo/report.json"),
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    setup::run_quietly(setup::Args { yes: args.yes })?;
    let stage = Stage::new(programs::build()?)?;
    stage.down()?;
    let report = play(&stage);
    if !args.keep {
        stage.down()?;
    }
    report.write(&args.report)?;
    report.print();
    if report.ok() {
        Ok(())
    } else {
        bail!("the demo failed; {} has the details", args.report.display())
    }
}

/// Plays all checks; what needs a machine is not tried once there is none.
fn play(stage: &Stage) -> Report {
    let mut report = Report::default();
    for check in checks::ALL {
        let foundation = checks::FOUNDATION.iter().find(|name| report.failed(name));
        match foundation {
            Some(name) => report.skip(check.name, name),
            None => report.play(check.name, || (check.run)(stage)),
        }
    }
    report
}
