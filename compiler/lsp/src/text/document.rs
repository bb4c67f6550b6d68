use std::sync::Arc;

use super::{Encoding, Lines, Range};

/// A text that is open in an editor. It never changes: an edit makes the next one, so that whoever looks at it
/// meanwhile is not disturbed.
#[derive(Clone, Debug)]
pub struct Document {
    /// What the editor calls this state of it.
    pub version: i32,
    /// The text.
    pub text: Arc<str>,
    /// Its lines.
    pub lines: Arc<Lines>,
}

/// What an editor changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is taken away; `None` is everything.
    pub range: Option<Range>,
    /// What is there instead.
    pub text: String,
}

impl Document {
    /// `text` as it is in `version`.
    pub fn new(version: i32, text: &str) -> Self {
        Self {
            version,
            text: Arc::from(text),
            lines: Arc::new(Lines::of(text)),
        }
    }

    /// The document after `edits`, each of which counts from what those before it left.
    #[must_use]
    pub fn edited(&self, version: i32, edits: &[Edit], encoding: Encoding) -> Self {
        let mut text = self.text.to_string();
        let mut lines = Arc::clone(&self.lines);
        for (at, edit) in edits.iter().enumerate() {
            match edit.range {
                Some(range) => {
                    if at > 0 {
                        lines = Arc::new(Lines::of(&text));
                    }
                    let start = lines.offset(&text, range.start, encoding);
                    let end = lines.offset(&text, range.end, encoding).max(start);
                    text.replace_range(start..end, &edit.text);
                }
                None => text.clone_from(&edit.text),
            }
        }
        Self::new(version, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Position;

    fn range(start: (u32, u32), end: (u32, u32)) -> Option<Range> {
        let place = |(line, column)| Position { line, column };
        Some(Range {
            start: place(start),
            end: place(end),
        })
    }

    #[test]
    fn edits_follow_each_other() {
        let document = Document::new(1, "one\ntwo\n");
        let edits = [
            Edit {
                range: range((0, 3), (1, 0)),
                text: " ".to_owned(),
            },
            Edit {
                range: range((0, 4), (0, 7)),
                text: "𝕏\n".to_owned(),
            },
        ];
        let after = document.edited(2, &edits, Encoding::Utf16);
        assert_eq!((&*after.text, after.version), ("one 𝕏\n\n", 2));
        assert_eq!(&*document.text, "one\ntwo\n");
    }
}
