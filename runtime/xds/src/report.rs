//! What a snapshot does not say although istiod did.

use std::cell::RefCell;

use serde::Serialize;

/// Something that was sent and that the snapshot does not say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unsupported {
    /// Where: the kind of resource, its name, then fields by the names of the `.proto` files.
    pub path: String,
    /// What was sent there, as JSON; long ones are cut.
    pub value: String,
    /// Why it is not in the snapshot.
    pub why: String,
}

impl std::fmt::Display for Unsupported {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} = {}: {}", self.path, self.value, self.why)
    }
}

/// Collects them.
#[derive(Debug, Default)]
pub(crate) struct Report(RefCell<Vec<Unsupported>>);

impl Report {
    pub(crate) fn add(&self, path: String, value: &serde_json::Value, why: &str) {
        let (value, why) = (short(&value.to_string()), why.to_owned());
        self.0.borrow_mut().push(Unsupported { path, value, why });
    }

    /// All of them, in order.
    pub(crate) fn end(self) -> Vec<Unsupported> {
        let mut all = self.0.into_inner();
        all.sort();
        all.dedup();
        all
    }
}

/// So many characters of a value are shown.
const SHOWN: usize = 160;

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
