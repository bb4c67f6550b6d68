use clap::ValueEnum;
use mesh_compiler::spec::reference;

use crate::exit::Exit;
use crate::ui::Ui;

/// Print what specs may say: a JSON Schema for editors, or the reference to read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc schema > spec.schema.json       then begin a spec with
                                        # yaml-language-server: $schema=spec.schema.json
  meshc schema --form markdown | less   every node, value and property")]
pub(crate) struct Args {
    /// What is printed.
    #[arg(long, value_enum, default_value_t)]
    form: Form,
}

/// What is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A JSON Schema of specs in YAML and JSON.
    #[default]
    Json,
    /// The reference of the language.
    Markdown,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Exit {
    ui.out(match args.form {
        Form::Json => reference::json_schema(),
        Form::Markdown => reference::markdown(),
    });
    Exit::Done
}
