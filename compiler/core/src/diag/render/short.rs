use super::word;
use crate::diag::{Diagnostic, Sources};

/// A line each: `file:line:column: error[MC-C007]: message`, as editors and grep know it.
pub fn short(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let (path, place) = sources.place(diagnostic.primary.span);
        let (word, id, message) = (word(diagnostic.severity), diagnostic.code.id, &diagnostic.message);
        text.push_str(&format!(
            "{path}:{}:{}: {word}[{id}]: {message}\n",
            place.line, place.column
        ));
    }
    text
}
