use super::{Comments, Datum, Document, Kind, parse, print, yaml};
use crate::diag::{FileId, Language, Sink};

/// So many times a text is put in order until it is: what moves may show what can.
const TURNS: usize = 4;

/// `text`, which is YAML or JSON without mistakes and says `datum`, in order. A text that would say something else then,
/// or lose a comment, stays as it is.
pub(crate) fn order(text: &str, datum: &Datum, language: Language) -> String {
    let mut now = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    for _ in 0..TURNS {
        let Some(said) = read(&now, language) else { break };
        let next = match language {
            Language::Json => print::json(&said),
            _ => yaml::order(&now, &said),
        };
        if next == now {
            let same = bare(&said) == bare(datum);
            let kept = language == Language::Json || Comments::lines(&now) == Comments::lines(text);
            return if same && kept { now } else { text.to_owned() };
        }
        now = next;
    }
    text.to_owned()
}

fn read(text: &str, language: Language) -> Option<Datum> {
    let mut sink = Sink::default();
    match parse(text, language, FileId::default(), &mut sink) {
        Some(Document::Data(datum)) if sink.is_empty() => Some(datum),
        _ => None,
    }
}

/// What is said, wherever it stands.
fn bare(datum: &Datum) -> Datum {
    let mut datum = datum.clone();
    forget(&mut datum);
    datum
}

fn forget(datum: &mut Datum) {
    datum.span = Default::default();
    match &mut datum.kind {
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter_mut().for_each(forget),
        Kind::Mapping(entries) => {
            for entry in entries {
                entry.key.span = Default::default();
                forget(&mut entry.value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
