use crate::diag::{Diagnostic, Language, Severity, Sink, Sources, Span, code, count};
use crate::spec;
use crate::syntax::Node;

/// One text, read by itself.
#[derive(Debug)]
pub struct Read {
    /// Its nodes; `None` if a word of it is wrong.
    pub nodes: Option<Vec<Node>>,
    /// What was found, ordered by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The text, so that places can be shown.
    pub sources: Sources,
}

/// Reads one text and holds its words against the language. What the whole mesh makes of it, and what may lie in
/// other files, is not asked: this is for tools that rewrite texts.
pub fn read(text: &str, path: &str, language: Language) -> Read {
    let mut sources = Sources::default();
    let mut sink = Sink::default();
    let file = sources.add(path, text);
    let nodes = spec::parse(text, language, file, &mut sink);
    let broken = sink.all().iter().any(|found| found.code == &code::SYNTAX);
    let nodes = match spec::kind_of_file(path) {
        Some(kind) if broken => {
            sink.retain(|_| false);
            sink.push(spec::no_spec(path, kind, file));
            None
        }
        _ => nodes,
    };
    if let Some(nodes) = &nodes {
        let whole = Span {
            file,
            start: 0,
            end: 0,
        };
        spec::check(nodes, whole, &mut sink);
    }
    sink.settle(&sources);
    sink.translate(spec::say);
    let mut diagnostics = sink.finish();
    // What one file lacks may be in another.
    diagnostics.retain(|found| found.code != &code::MISSING);
    // What a parameter will be is not said here.
    let open = nodes.as_deref().map(spec::param_places).unwrap_or_default();
    let stands = |span: Span| {
        open.iter()
            .any(|place| place.file == span.file && place.start <= span.start && span.end <= place.end)
    };
    diagnostics.retain(|found| !stands(found.primary.span));
    let nodes = nodes.filter(|_| count(&diagnostics, Severity::Error) == 0);
    Read {
        nodes,
        diagnostics,
        sources,
    }
}
