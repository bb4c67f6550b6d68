use crate::diag::{Diagnostic, FileId, Language, Sink, Sources};
use crate::syntax::{self, Document, print};

/// Why a text is not put in order.
#[derive(Debug)]
pub enum Unformatted {
    /// It is not KDL.
    Language(Language),
    /// It breaks the rules of KDL.
    Mistakes(Vec<Diagnostic>, Sources),
}

/// The spec `text`, which is called `path`, in order.
///
/// # Errors
/// Only KDL without mistakes is put in order.
pub fn format(text: &str, path: &str) -> Result<String, Unformatted> {
    let language = Language::of_path(path);
    if language != Language::Kdl {
        return Err(Unformatted::Language(language));
    }
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
        _ => Err(Unformatted::Mistakes(sink.finish(), sources)),
    }
}
