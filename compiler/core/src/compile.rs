use crate::diag::{Diagnostic, Language, Severity, Sink, Sources, Span, code, count};
use crate::model::{self, Mesh};
use crate::spec::{self, decl::Spec};
use crate::{World, rules};

/// What the compiler made of a spec.
#[derive(Debug)]
pub struct Compiled {
    /// The mesh; `None` if there is any error.
    pub model: Option<Mesh>,
    /// Everything that was found, ordered by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that places lie in.
    pub sources: Sources,
}

impl Compiled {
    /// The spec itself could not be read.
    pub fn unreadable(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|found| found.code == &code::UNREADABLE)
    }
}

/// Reads the spec at `path` and checks it whole. Every phase goes on behind mistakes, so that one run shows all
/// of them; only a text that is no tree at all ends it.
pub fn compile(world: &dyn World, path: &str) -> Compiled {
    let mut sources = Sources::default();
    let mut sink = Sink::default();
    let mesh = match world.read(path) {
        Ok(text) => analyse(&text, path, &mut sources, &mut sink),
        Err(cause) => {
            let file = sources.add(path, "");
            let message = format!("{path} cannot be read: {cause}");
            let start = Span {
                file,
                start: 0,
                end: 0,
            };
            sink.push(
                Diagnostic::new(&code::UNREADABLE, start, message)
                    .help("name a spec, or a folder with a `spec.kdl`, `spec.yaml` or `spec.json` in it"),
            );
            None
        }
    };
    sink.translate(spec::say);
    let diagnostics = sink.finish();
    let model = mesh.filter(|_| count(&diagnostics, Severity::Error) == 0);
    Compiled {
        model,
        diagnostics,
        sources,
    }
}

fn analyse(text: &str, path: &str, sources: &mut Sources, sink: &mut Sink) -> Option<Mesh> {
    let file = sources.add(path, text);
    let nodes = spec::parse(text, Language::of_path(path), file, sink)?;
    // What a file lacks is said at its first line.
    let whole = Span {
        file,
        start: 0,
        end: text.find('\n').unwrap_or(text.len()),
    };
    let items = spec::check(&nodes, whole, sink);
    let spec = Spec::read(&items);
    let mesh = model::build(&spec, whole, sink);
    rules::check(&spec, &mesh, sink);
    Some(mesh)
}
