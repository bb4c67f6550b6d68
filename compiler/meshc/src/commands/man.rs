use std::path::PathBuf;

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::ui::Ui;

/// Write manual pages: meshc.1, and one for every command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc man ~/.local/share/man/man1 && man meshc-build")]
pub(crate) struct Args {
    /// Where to write to; it is made if it is not there.
    folder: PathBuf,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Exit {
    let folder = &args.folder;
    let written =
        std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    match written {
        Ok(()) => Exit::Done,
        Err(error) => {
            ui.fail(
                format_args!("the manual pages cannot be written to `{}`", folder.display()),
                error,
                "name a folder that you may write to",
            );
            Exit::Broken
        }
    }
}
