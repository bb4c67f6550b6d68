use std::path::PathBuf;
use std::time::Duration;

use mesh_apply::deploy::{self, Manner};
use mesh_apply::host::Login;
use mesh_apply::release::Release;
use mesh_apply::{fleet, runtime};

use crate::commands::settings::Values;
use crate::exit::Exit;
use crate::ui::Ui;

pub(crate) mod input;
pub(crate) mod reach;
pub(crate) mod show;

use input::Input;
use reach::{Machine, Reach};

/// Ship the bundles to the VMs and put them in force.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc apply out --ssh                     everything that `meshc build` wrote
  meshc apply spec.kdl --ssh --dry-run      builds, looks, and shows what would change
  meshc apply out --ssh --vm forum-vm-1     one machine
  meshc apply out --ssh --batch 5           five at a time; a batch that fails is the last one

A machine on which something fails has its last release in force again; the others go on. A release
that nobody confirms through a second login goes away by itself.")]
pub(crate) struct Args {
    /// A spec, or the folder that `meshc build` wrote.
    #[arg(value_name = "SPEC|OUT")]
    input: PathBuf,

    #[command(flatten)]
    values: Values,

    #[command(flatten)]
    reach: Reach,

    /// Only look, and show what would be done.
    #[arg(long)]
    dry_run: bool,

    /// Show how the contents of files change; never those of secret files.
    #[arg(long)]
    diff: bool,

    /// After so many machines, stop if one of them failed.
    #[arg(long, value_name = "N", value_parser = reach::positive)]
    batch: Option<usize>,

    /// Where the runtime programs are: `meshd-<machine>` or `meshd`. Beside meshc if it is not given.
    #[arg(long, value_name = "DIR")]
    runtime: Option<PathBuf>,

    /// Build with the certificates and keys of this folder (with a SPEC).
    #[arg(long, value_name = "DIR")]
    identity: Option<PathBuf>,

    /// A machine goes back to its last release when no confirmation came for so long.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=3600))]
    confirm_within: u64,
}

/// One machine with what it is given.
struct Job {
    machine: Machine,
    candidates: Vec<Release>,
}

pub(crate) fn run(args: Args, ui: &Ui) -> Exit {
    match prepare(&args, ui) {
        Ok((jobs, _input)) => apply(&args, &jobs, ui),
        Err(exit) => exit,
    }
}

/// Everything that can go wrong before a machine is touched. The input may be a folder that lives as long as its value.
fn prepare(args: &Args, ui: &Ui) -> Result<(Vec<Job>, Input), Exit> {
    let input = Input::open(&args.input, args.identity.as_deref(), &args.values, ui)?;
    let machines = args.reach.machines(&input, ui)?;
    let folder = args.runtime.clone().or_else(beside_meshc).unwrap_or_default();
    let runtimes = runtime::find(&folder).map_err(|error| {
        ui.fail("no runtime to ship", error, "");
        Exit::Broken
    })?;
    let mut jobs = Vec::with_capacity(machines.len());
    for machine in machines {
        let each = runtimes
            .iter()
            .map(|runtime| Release::assemble(&machine.target, runtime));
        let candidates = each.collect::<Result<Vec<_>, _>>().map_err(|error| {
            ui.fail("the output is not whole", error, "run `meshc build` again");
            Exit::Broken
        })?;
        jobs.push(Job { machine, candidates });
    }
    Ok((jobs, input))
}

fn apply(args: &Args, jobs: &[Job], ui: &Ui) -> Exit {
    let manner = Manner {
        dry_run: args.dry_run,
        texts: args.diff,
        confirm: Duration::from_secs(args.confirm_within),
        silence: args.reach.silence(),
        ..Manner::default()
    };
    let options = fleet::Options {
        parallel: args.reach.parallel,
        batch: args.batch,
    };
    let progress = show::progress(args.reach.format, args.dry_run || args.diff, ui);
    let endings = fleet::run(
        jobs,
        |job| &job.machine.target.name,
        options,
        progress.as_ref(),
        |job, tell| {
            let login: &dyn Login = job.machine.login.as_ref();
            deploy::deploy(login, &job.machine.user, &job.candidates, &manner, tell)
        },
    );
    drop(progress);
    show::endings(&endings, args.reach.format, ui)
}

fn beside_meshc() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.to_owned())
}
