use crate::exit::Exit;
use crate::ui::Ui;

/// Take the VMs out of the mesh again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args, ui: &Ui) -> Exit {
    ui.fail("`meshc remove` is not wired yet", "", "");
    Exit::Broken
}
