use crate::exit::Exit;
use crate::ui::Ui;

/// Ship the bundles to the VMs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args, ui: &Ui) -> Exit {
    ui.fail("`meshc apply` is not wired yet", "", "");
    Exit::Broken
}
