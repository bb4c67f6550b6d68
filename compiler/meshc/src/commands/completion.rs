use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::ui::Ui;

/// Print what makes your shell complete meshc's commands.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  source <(meshc completion bash)
  meshc completion zsh > ~/.zfunc/_meshc
  meshc completion fish > ~/.config/fish/completions/meshc.fish")]
pub(crate) struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: Args, ui: &Ui) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "meshc", &mut script);
    ui.out(String::from_utf8_lossy(&script));
    Exit::Done
}
