use std::path::PathBuf;
use std::sync::Arc;

use mesh_compiler::diag::Code;
use mesh_compiler::rules;
use mesh_lsp::server::{Ended, Setup};

use crate::exit::Exit;
use crate::ui::Ui;
use crate::world::FsWorld;

/// Answer an editor: mistakes as you type, completion, explanations, names, fixes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Editors start it themselves, and speak the Language Server Protocol with it over standard input and output.
How to set them up is told in editors/README.md.")]
pub(crate) struct Args {
    /// Speak over standard input and output, which it does anyway: some editors say so.
    #[arg(long)]
    stdio: bool,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Exit {
    let Args { stdio: _ } = args;
    let folder = pages_folder(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let setup = Setup {
        disk: Arc::new(FsWorld),
        pages: Arc::new(move |code| page(folder.as_ref()?, code)),
        version: env!("CARGO_PKG_VERSION"),
    };
    let help = "an editor starts it: `meshc lsp` alone has nobody to speak with";
    match mesh_lsp::server::run(&setup) {
        Ok(Ended::Announced) => Exit::Done,
        Ok(Ended::Unannounced) => {
            let cause = "the editor went without asking it to shut down";
            ui.fail("the language server stopped", cause, help);
            Exit::Failed
        }
        Err(cause) => {
            ui.fail("the language server stopped", cause, help);
            Exit::Broken
        }
    }
}

/// Where pages of codes lie for editors to open.
fn pages_folder(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let cache = env("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| env("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    Some(cache.join("meshc/rules"))
}

/// Writes the page of `code` down, unless it lies there already, and names it as a URI.
fn page(folder: &PathBuf, code: &Code) -> Option<String> {
    let text = rules::page(code)?;
    let path = folder.join(format!("{}.md", code.slug));
    if std::fs::read_to_string(&path).ok().as_deref() != Some(text) {
        std::fs::create_dir_all(folder).ok()?;
        std::fs::write(&path, text).ok()?;
    }
    mesh_lsp::server::uri_of(path.to_str()?)
}
