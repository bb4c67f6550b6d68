use clap::CommandFactory;
use clap_complete::Shell;
use mesh_compiler::diag::code;

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
    if args.shell == Shell::Fish {
        ui.out(codes_for_fish());
    }
    Exit::Done
}

/// What `meshc explain` takes: clap writes no values of positional arguments for fish.
fn codes_for_fish() -> String {
    let line = |name: &str, about: &str| {
        let about = about.replace('\\', "\\\\").replace('\'', "\\'");
        format!(
            "complete -c meshc -n \"__fish_meshc_using_subcommand explain\" -f -a \"{name}\" -d '{about}'\n"
        )
    };
    let lines = code::ALL
        .iter()
        .flat_map(|code| [line(code.id, code.about), line(code.slug, code.about)]);
    lines.collect()
}
