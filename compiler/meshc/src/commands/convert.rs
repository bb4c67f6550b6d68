use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use mesh_compiler::diag::Language;
use mesh_compiler::diag::render::{self, Style};
use mesh_compiler::syntax::{Comments, print};
use mesh_compiler::{World as _, spec};

use super::build;
use crate::exit::Exit;
use crate::ui::Ui;
use crate::world::FsWorld;

/// Write a spec in another language: KDL, YAML and JSON say the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc convert spec.kdl --to yaml > spec.yaml
  meshc convert - --from json --to kdl < spec.json

Comments stand on lines of their own before what they are of; JSON has none. Files that the spec includes stay as they are.")]
pub(crate) struct Args {
    /// The spec, a folder with one in it, or `-` for standard input.
    spec: PathBuf,

    /// What to write.
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    to: Written,

    /// What it is written in; by its name if it is not given.
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    from: Option<Written>,
}

/// What specs are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Written {
    /// KDL 2.
    Kdl,
    /// YAML 1.2.
    Yaml,
    /// JSON.
    Json,
}

impl From<Written> for Language {
    fn from(written: Written) -> Self {
        match written {
            Written::Kdl => Self::Kdl,
            Written::Yaml => Self::Yaml,
            Written::Json => Self::Json,
        }
    }
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Exit {
    let (path, text) = match text_of(&args.spec, ui) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let language = args.from.map_or_else(|| Language::of_path(&path), Language::from);
    let read = mesh_compiler::read(&text, &path, language);
    let Some(nodes) = read.nodes else {
        let style = Style {
            color: ui.color_err,
            width: ui.width,
        };
        ui.note(render::human(&read.diagnostics, &read.sources, style));
        ui.fail(
            format_args!("`{path}` is not converted"),
            "it has mistakes",
            "put them right first",
        );
        return Exit::Failed;
    };
    let mut comments = Comments::of(&text, language, &nodes);
    ui.out(match args.to {
        Written::Kdl => print::kdl_with(&nodes, &mut comments),
        Written::Yaml => print::yaml_with(&spec::data(&nodes), &mut comments),
        Written::Json => print::json(&spec::data(&nodes)),
    });
    if args.to == Written::Json && !comments.is_empty() {
        ui.note("the comments are left out: JSON has none");
    }
    Exit::Done
}

/// The path and the text of what is to be rewritten.
///
/// # Errors
/// How meshc ends when it cannot be read.
pub(crate) fn text_of(path: &Path, ui: &Ui) -> Result<(String, String), Exit> {
    let read = if path == Path::new("-") {
        let mut text = String::new();
        let read = std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| error.to_string());
        ("standard input".to_owned(), read.map(|_| text))
    } else {
        let path = build::spec_file(path).display().to_string();
        let text = FsWorld.read(&path);
        (path, text)
    };
    match read {
        (path, Ok(text)) => Ok((path, text)),
        (path, Err(cause)) => {
            ui.fail(
                format_args!("`{path}` cannot be read"),
                cause,
                "name a spec, or `-`",
            );
            Err(Exit::Broken)
        }
    }
}
