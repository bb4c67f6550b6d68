//! Tells the editor what the compiler finds: for the newest state of the desk only.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, Sender};
use lsp_server::{Message, Notification};
use lsp_types::notification::{Notification as _, PublishDiagnostics};
use lsp_types::{Diagnostic, PublishDiagnosticsParams};

use super::session::{Session, State};
use super::{convert, uri};
use crate::project::{Checked, Home, home};

/// What is said of each file, by path.
type Marks = BTreeMap<String, Vec<Diagnostic>>;

/// Until no more states come.
pub(super) fn all(session: &Session, states: &Receiver<State>, out: &Sender<Message>) {
    let mut shown = Marks::new();
    while let Ok(state) = states.recv() {
        // Only the newest counts: what came meanwhile is passed over.
        let state = states.try_iter().last().unwrap_or(state);
        // A mistake of ours in one state must not silence all that follow.
        let found = catch_unwind(AssertUnwindSafe(|| look(session, &state)));
        if let Ok(Some(marks)) = found {
            shown = tell(marks, shown, &state, out);
        }
    }
}

/// What the compiler finds in all that has to do with open documents; `None` if there is a newer state.
fn look(session: &Session, state: &State) -> Option<Marks> {
    let mut marks = Marks::new();
    let mut homes = BTreeMap::new();
    for (path, _) in state.desk.documents() {
        let home = home(path, &state.desk, &session.shelf);
        if home == Home::Foreign {
            continue;
        }
        // What is open and has no mistakes is said to have none.
        marks.entry(path.to_owned()).or_default();
        // What it lists is looked at with its spec.
        let home = match home {
            Home::Listed(spec) => Home::Spec(spec),
            other => other,
        };
        let alone = matches!(home, Home::Alone | Home::Tests(_)).then_some(path);
        homes.insert((home.clone(), alone), path);
    }
    for ((home, _), path) in homes {
        let checked = session.analyst.check(&home, path, &state.desk, state.number)?;
        note(&checked, session, &mut marks);
    }
    session.analyst.wants(state.number).then_some(marks)
}

fn note(checked: &Checked, session: &Session, marks: &mut Marks) {
    let places = convert::Places::new(&checked.sources, session.encoding);
    for found in &checked.diagnostics {
        let Some(source) = places.source(found.primary.span) else {
            continue;
        };
        let mark = convert::diagnostic(found, &places, session);
        let of_file = marks.entry(source.path.clone()).or_default();
        // A file of two specs has each mistake once.
        if !of_file.contains(&mark) {
            of_file.push(mark);
        }
    }
}

/// Says what is new, and takes back what holds no longer.
fn tell(marks: Marks, before: Marks, state: &State, out: &Sender<Message>) -> Marks {
    let gone = before.keys().filter(|path| !marks.contains_key(*path));
    for path in gone {
        publish(path, Vec::new(), state, out);
    }
    for (path, found) in &marks {
        let open = state.desk.document(path).is_some();
        if open || before.get(path) != Some(found) {
            publish(path, found.clone(), state, out);
        }
    }
    marks
}

fn publish(path: &str, diagnostics: Vec<Diagnostic>, state: &State, out: &Sender<Message>) {
    let Some(uri) = uri::uri(path) else { return };
    let params = PublishDiagnosticsParams {
        uri,
        diagnostics,
        version: state.desk.document(path).map(|document| document.version),
    };
    let notification = Notification::new(PublishDiagnostics::METHOD.to_owned(), params);
    // It fails only when the editor is gone.
    out.send(Message::Notification(notification)).ok();
}
