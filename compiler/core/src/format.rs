use crate::diag::{Diagnostic, FileId, Language, Sink, Sources};
use crate::syntax::{self, Document};

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
        Some(Document::Nodes(_)) if sink.is_empty() => Ok(syntax::format(text)),
        _ => Err(Unformatted::Mistakes(sink.finish(), sources)),
    }
}
