//! What puts a mistake right by itself: a [`Fix`] replaces parts of the user's text.
//!
//! A rule knows places and words, not how its file quotes them. [`Edit`]s say what they mean (a word instead of
//! another, a line less), and [`Fix::settle`] looks at the text and makes replacements of bytes of them. What does
//! not stand in the text as the rule believes (the value of a parameter, an escape) is not fixed.

use super::{Edit, Language, Sources, Span, certainly, did_you_mean};

/// How sure it is that the user wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applicability {
    /// Nothing else can be meant: `meshc check --fix` does it.
    Certain,
    /// One of several ways, or one that has a price: editors offer it.
    Maybe,
}

/// Something that puts a mistake right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an editor's menu says it: ``write `namespace` ``.
    pub title: String,
    /// How sure it is.
    pub applicability: Applicability,
    /// What is replaced; no two of them overlap.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// What nobody can want otherwise.
    pub fn certain(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self {
            title: title.into(),
            applicability: Applicability::Certain,
            edits,
        }
    }

    /// What somebody may want.
    pub fn maybe(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self {
            applicability: Applicability::Maybe,
            ..Self::certain(title, edits)
        }
    }

    /// One word for another.
    pub fn rename(span: Span, old: &str, new: &str) -> Self {
        Self::certain(format!("write `{new}`"), vec![Edit::word(span, old, new)])
    }

    /// The one of `known` that the word `old` was meant to be, if there is one; certain only where no other is near.
    pub fn meant<'a>(span: Span, old: &str, known: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let known: Vec<_> = known.into_iter().collect();
        match certainly(old, known.iter().copied()) {
            Some(new) => Some(Self::rename(span, old, new)),
            None => did_you_mean(old, known).map(|near| Self::rename(span, old, near).offered()),
        }
    }

    /// It is only offered.
    #[must_use]
    pub fn offered(mut self) -> Self {
        self.applicability = Applicability::Maybe;
        self
    }

    /// Moves all its places `by` bytes on in their file.
    pub(super) fn shift(&mut self, by: usize) {
        for edit in &mut self.edits {
            edit.span.shift(by);
        }
    }

    /// The same as replacements of bytes; `None` if the text is not what the edits believe. `language` is that of
    /// a place.
    pub(super) fn settle(self, sources: &Sources, language: impl Fn(Span) -> Language) -> Option<Self> {
        let settled = |edit: Edit| {
            let source = sources.get(edit.span.file)?;
            let language = language(edit.span);
            edit.settle(source, language)
        };
        let mut edits: Vec<_> = self.edits.into_iter().map(settled).collect::<Option<_>>()?;
        edits.sort_by_key(|edit| edit.span);
        edits.dedup();
        let apart = edits.windows(2).all(|pair| !pair[0].span.overlaps(pair[1].span));
        (apart && !edits.is_empty()).then_some(Self { edits, ..self })
    }
}
