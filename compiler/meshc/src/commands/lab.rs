use crate::exit::Exit;
use crate::ui::Ui;

/// Run the mesh on this machine: booted VMs, real Envoy, no route out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args, ui: &Ui) -> Exit {
    ui.fail("`meshc lab` is not wired yet", "", "");
    Exit::Broken
}
