use crate::diag::{Diagnostic, FileId, Language, Sink, Sources};
use crate::spec;
use crate::syntax::{self, Document, print};

/// What keeps a text from being put in order.
#[derive(Debug)]
pub struct Unformatted {
    /// Where it breaks the rules of its language.
    pub diagnostics: Vec<Diagnostic>,
    /// The text, so that places can be shown.
    pub sources: Sources,
}

/// The spec `text`, which is called `path`, in order.
///
/// # Errors
/// A text with mistakes is not put in order.
pub fn format(text: &str, path: &str) -> Result<String, Unformatted> {
    let language = Language::of_path(path);
    let mut sources = Sources::default();
    let mut sink = Sink::default();
    let file: FileId = sources.add(path, text);
    match syntax::parse(text, language, file, &mut sink) {
        Some(Document::Nodes(nodes)) if sink.is_empty() => {
            let formatted = syntax::format(text);
            // A text that would say something else in order stays as it is.
            match syntax::parse(&formatted, language, file, &mut sink) {
                Some(Document::Nodes(after)) if print::kdl(&after) == print::kdl(&nodes) => Ok(formatted),
                _ => Ok(text.to_owned()),
            }
        }
        Some(Document::Data(datum)) if sink.is_empty() => Ok(syntax::order(text, &datum, language)),
        _ => {
            let kind = spec::kind_of_file(path).map(|kind| vec![spec::no_spec(path, kind, file)]);
            Err(Unformatted {
                diagnostics: kind.unwrap_or_else(|| sink.finish()),
                sources,
            })
        }
    }
}
