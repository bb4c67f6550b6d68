use crate::exit::Exit;
use crate::ui::Ui;

/// Make an offline CA, intermediates for clusters and certificates for VMs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args, ui: &Ui) -> Exit {
    ui.fail("`meshc ca` is not wired yet", "", "");
    Exit::Broken
}
