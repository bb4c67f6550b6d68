mod code;
mod page;

use clap::ValueEnum;
use mesh_compiler::diag::{Code, code as codes, render};
use mesh_compiler::rules;
use serde_json::json;

use self::code::CodeParser;
use crate::exit::Exit;
use crate::ui::Ui;

/// Explain a code: what is wrong, why, and how it is written right.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc explain MC-V016
  meshc explain no-probe
  meshc explain                          all codes
  meshc explain --format md no-probe     the page as it is written")]
pub(crate) struct Args {
    /// Codes such as `MC-V016`, or their names such as `no-probe`; all of them as a list without.
    #[arg(value_name = "CODE", value_parser = CodeParser, hide_possible_values = true)]
    codes: Vec<&'static Code>,

    /// How it is shown.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal.
    #[default]
    Human,
    /// Markdown; of all codes, a table.
    Md,
    /// One JSON document.
    Json,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Exit {
    let all = args.codes.is_empty();
    let wanted = if all { codes::ALL } else { &args.codes };
    match args.format {
        Format::Human if all => list(ui),
        Format::Human => wanted.iter().for_each(|code| ui.out(page::shown(code, ui))),
        Format::Md if all => ui.out(rules::table()),
        Format::Md => wanted
            .iter()
            .for_each(|code| ui.out(rules::page(code).unwrap_or_default())),
        Format::Json => ui.line(format_args!("{:#}", document(wanted))),
    }
    Exit::Done
}

fn document(codes: &[&Code]) -> serde_json::Value {
    let entry = |code: &&Code| {
        json!({
            "code": code.id,
            "slug": code.slug,
            "severity": render::word(code.severity),
            "about": code.about,
            "page": rules::page(code),
        })
    };
    json!({ "format": 1, "codes": codes.iter().map(entry).collect::<Vec<_>>() })
}

/// A line for each, by areas.
fn list(ui: &Ui) {
    let slug = codes::ALL
        .iter()
        .map(|code| code.slug.len())
        .max()
        .unwrap_or_default();
    for area in codes::AREAS {
        ui.line(page::heading(&format!("{}: {}", area.letter, area.about), ui));
        for code in codes::ALL.iter().filter(|code| code.area() == Some(area)) {
            let severity = render::word(code.severity);
            ui.line(format_args!(
                "{}  {severity:7}  {:slug$}  {}",
                code.id, code.slug, code.about
            ));
        }
        ui.line("");
    }
    ui.line("`meshc explain CODE` says more, with examples.");
}
