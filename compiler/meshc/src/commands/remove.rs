use std::path::PathBuf;

use mesh_apply::deploy::Done;
use mesh_apply::layout::Layout;
use mesh_apply::progress::{Event, Step};
use mesh_apply::remove::{self, Removed};
use mesh_apply::{failure::Failure, fleet};

use super::apply::input::Input;
use super::apply::reach::{Machine, Reach};
use super::apply::show;
use super::settings::Values;
use crate::exit::Exit;
use crate::ui::Ui;

/// Take the VMs out of the mesh again; nothing of it stays on them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc remove out --ssh                     all machines of the mesh
  meshc remove spec.kdl --ssh --vm forum-vm-1

Remove the VMs' objects from Kubernetes afterwards, not before: callers would lose the way to a VM that still serves.")]
pub(crate) struct Args {
    /// A spec, or the folder that `meshc build` wrote.
    #[arg(value_name = "SPEC|OUT")]
    input: PathBuf,

    #[command(flatten)]
    values: Values,

    #[command(flatten)]
    reach: Reach,
}

pub(crate) fn run(args: Args, ui: &Ui) -> Exit {
    let machines =
        Input::open(&args.input, None, &args.values, ui).and_then(|input| args.reach.machines(&input, ui));
    let machines = match machines {
        Ok(machines) => machines,
        Err(exit) => return exit,
    };
    let options = fleet::Options {
        parallel: args.reach.parallel,
        batch: None,
    };
    let progress = show::progress(args.reach.format, false, ui);
    let endings = fleet::run(
        &machines,
        |machine| &machine.target.name,
        options,
        progress.as_ref(),
        |machine, tell| one(machine, &args.reach, tell),
    );
    drop(progress);
    show::endings(&endings, args.reach.format, ui)
}

fn one(machine: &Machine, reach: &Reach, tell: &mut dyn FnMut(Event)) -> Result<Done, Failure> {
    tell(Event::Step(Step::Connect));
    let mut host = machine.login.login()?;
    tell(Event::Step(Step::Remove));
    let removed = remove::remove(host.as_mut(), &Layout::default(), &machine.user, reach.silence())?;
    Ok(match removed {
        Removed::Gone => Done::Removed,
        Removed::Nothing => Done::Absent,
    })
}
