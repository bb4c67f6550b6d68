use std::io::Read as _;
use std::path::{Path, PathBuf};

use mesh_compiler::diag::render::{self, Style};
use mesh_compiler::{Unformatted, World as _};

use super::build;
use crate::exit::Exit;
use crate::rewrite::rewrite;
use crate::ui::Ui;
use crate::world::FsWorld;

/// Put specs in order: in KDL four spaces a level and one space between words, in YAML and JSON two spaces a level.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc fmt spec.kdl teams/*.kdl
  meshc fmt --check .            in CI: 1 if a file is not in order
  meshc fmt - < spec.kdl         for editors

Comments stay where they are, and what is on one line stays on one line. A file with mistakes is left as it is.")]
pub(crate) struct Args {
    /// Files, folders with a spec in them, or `-` for standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,

    /// Write nothing, and name the files that are not in order.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Exit {
    let ends = args.files.iter().map(|file| {
        if file == Path::new("-") {
            standard_input(args.check, ui)
        } else {
            one(&build::spec_file(file), args.check, ui)
        }
    });
    ends.max().unwrap_or(Exit::Done)
}

fn one(path: &Path, check: bool, ui: &Ui) -> Exit {
    let name = path.display().to_string();
    let text = match FsWorld.read(&name) {
        Ok(text) => text,
        Err(cause) => {
            ui.fail(
                format_args!("`{name}` cannot be read"),
                cause,
                "name a spec, or `-`",
            );
            return Exit::Broken;
        }
    };
    let Some(formatted) = formatted(&text, &name, ui) else {
        return Exit::Failed;
    };
    if formatted == text {
        return Exit::Done;
    }
    if check {
        ui.line(format_args!("{name} is not in order: run `meshc fmt {name}`"));
        return Exit::Failed;
    }
    match rewrite(path, &formatted) {
        Ok(()) => Exit::Done,
        Err(error) => {
            ui.fail(
                format_args!("`{name}` cannot be written"),
                error,
                "it is as it was",
            );
            Exit::Broken
        }
    }
}

fn standard_input(check: bool, ui: &Ui) -> Exit {
    let mut text = String::new();
    if let Err(error) = std::io::stdin().read_to_string(&mut text) {
        ui.fail("standard input cannot be read", error, "");
        return Exit::Broken;
    }
    let Some(formatted) = formatted(&text, "standard input", ui) else {
        return Exit::Failed;
    };
    if !check {
        ui.out(&formatted);
    } else if formatted != text {
        ui.line("standard input is not in order");
        return Exit::Failed;
    }
    Exit::Done
}

/// The text in order; why it cannot be is told.
fn formatted(text: &str, name: &str, ui: &Ui) -> Option<String> {
    let style = Style {
        color: ui.color_err,
        width: ui.width,
    };
    match mesh_compiler::format(text, name) {
        Ok(formatted) => return Some(formatted),
        Err(Unformatted { diagnostics, sources }) => {
            ui.note(render::human(&diagnostics, &sources, style));
            ui.fail(
                format_args!("`{name}` is left as it is"),
                "it has mistakes",
                "put them right first",
            );
        }
    }
    None
}
