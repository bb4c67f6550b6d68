use crate::exit::Exit;
use crate::ui::Ui;

/// Write manifests for the cluster and a bundle for each VM.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args, ui: &Ui) -> Exit {
    ui.fail("`meshc build` is not wired yet", "", "");
    Exit::Broken
}
