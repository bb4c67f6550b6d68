use std::path::{Path, PathBuf};

use clap::ValueEnum;
use mesh_compiler::query::{Graph, render};

use super::given;
use super::settings::Values;
use super::trace::put;
use crate::exit::Exit;
use crate::ui::Ui;

/// Draw the mesh: networks, clusters, gateways, what runs there, and who may call whom.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc graph examples/forum -o forum.svg
  meshc graph examples/forum --format mermaid     for Markdown
  meshc graph examples/forum --format dot | dot -Tpng -o forum.png

Who may call is read from the policies that are built. A mesh with very much in it is folded by namespaces.")]
pub(crate) struct Args {
    /// The spec, or a folder with `spec.kdl`, `spec.yaml` or `spec.json` in it; or manifests, or a folder of them.
    #[arg(default_value = ".")]
    spec: PathBuf,

    #[command(flatten)]
    values: Values,

    /// What is written; by the end of the file's name if it is not said, else a picture.
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Write it to a file.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A picture.
    Svg,
    /// For Graphviz.
    Dot,
    /// For Markdown.
    Mermaid,
    /// One JSON document.
    Json,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Exit {
    let given = match given::mesh(&args.spec, &args.values, ui) {
        Ok(given) => given,
        Err(exit) => return exit,
    };
    let graph = Graph::of(&given.mesh);
    let by_name = args.output.as_deref().and_then(by_name);
    let text = match args.format.or(by_name).unwrap_or(Format::Svg) {
        Format::Svg => render::graph_svg(&graph),
        Format::Dot => render::dot(&graph),
        Format::Mermaid => render::mermaid(&graph),
        Format::Json => render::graph_json(&graph, &given.sources),
    };
    match put(&text, args.output.as_deref(), ui) {
        Ok(()) => Exit::Done,
        Err(exit) => exit,
    }
}

fn by_name(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()? {
        "svg" => Some(Format::Svg),
        "dot" | "gv" => Some(Format::Dot),
        "mmd" | "mermaid" => Some(Format::Mermaid),
        "json" => Some(Format::Json),
        _ => None,
    }
}
