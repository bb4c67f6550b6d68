use super::{Language, Source, Span};

/// A part of a file that is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes; where it is empty, something is put in.
    pub span: Span,
    /// What comes instead.
    pub text: String,
    form: Form,
}

/// What is known of the text that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// Bytes for bytes.
    Plain,
    /// This word, perhaps in quotes, which stay.
    Word(String),
    /// This text, whose quotes go with it.
    Value(String),
    /// The same, and what comes is a keyword: `#true`, `true`.
    Keyword(String),
    /// This, which is written once within the place.
    Part(String),
    /// The value of the property of this name: both go.
    Property(String),
    /// The value there becomes a text in quotes.
    Quoted,
    /// All of its lines go, and nothing else may stand on them.
    Lines,
}

impl Edit {
    /// `text` instead of the bytes of `span`.
    pub fn plain(span: Span, text: impl Into<String>) -> Self {
        Self {
            span,
            text: text.into(),
            form: Form::Plain,
        }
    }

    /// `new` instead of the word `old`, which stands at `span` with or without quotes.
    pub fn word(span: Span, old: &str, new: &str) -> Self {
        Self {
            span,
            text: new.to_owned(),
            form: Form::Word(old.to_owned()),
        }
    }

    /// The number `new` instead of the text `old`, which stands at `span` with or without quotes.
    pub fn number(span: Span, old: &str, new: impl ToString) -> Self {
        Self {
            span,
            text: new.to_string(),
            form: Form::Value(old.to_owned()),
        }
    }

    /// Yes or no instead of the text `old`, which stands at `span` with or without quotes.
    pub fn yes_or_no(span: Span, old: &str, new: bool) -> Self {
        Self {
            span,
            text: new.to_string(),
            form: Form::Keyword(old.to_owned()),
        }
    }

    /// `new` instead of `old`, which is written once within `span`.
    pub fn part(span: Span, old: &str, new: &str) -> Self {
        Self {
            span,
            text: new.to_owned(),
            form: Form::Part(old.to_owned()),
        }
    }

    /// Nothing instead of the property `key`, whose value is at `value`.
    pub fn without_property(value: Span, key: &str) -> Self {
        Self {
            span: value,
            text: String::new(),
            form: Form::Property(key.to_owned()),
        }
    }

    /// The text `new`, in quotes, instead of the value at `span`.
    pub fn quoted(span: Span, new: &str) -> Self {
        Self {
            span,
            text: new.to_owned(),
            form: Form::Quoted,
        }
    }

    /// Nothing instead of the lines of `span`, if nothing else stands on them.
    pub fn without_lines(span: Span) -> Self {
        Self {
            span,
            text: String::new(),
            form: Form::Lines,
        }
    }

    /// The same as a replacement of bytes; `None` if the text is not what it believes.
    pub(super) fn settle(self, source: &Source, language: Language) -> Option<Self> {
        let written = source.text.get(self.span.start..self.span.end)?;
        let Self { span, text, form } = self;
        match form {
            Form::Plain => Some(Self::plain(span, text)),
            Form::Word(old) if written == old => Some(Self::plain(span, text)),
            Form::Word(old) => {
                let inner = in_quotes(written).filter(|inner| *inner == old)?;
                let start = span.start + 1;
                let end = start + inner.len();
                Some(Self::plain(Span { start, end, ..span }, text))
            }
            Form::Value(old) => {
                (written == old || in_quotes(written) == Some(&old)).then(|| Self::plain(span, text))
            }
            Form::Keyword(old) => {
                let hash = if language == Language::Kdl { "#" } else { "" };
                let there = written == old || in_quotes(written) == Some(&old);
                there.then(|| Self::plain(span, format!("{hash}{text}")))
            }
            Form::Part(old) => {
                let mut places = written.match_indices(old.as_str());
                let start = span.start + places.next()?.0;
                let end = start + old.len();
                let once = places.next().is_none();
                once.then(|| Self::plain(Span { start, end, ..span }, text))
            }
            Form::Property(key) => property(span, &key, source, language).map(|span| Self::plain(span, "")),
            Form::Quoted => {
                let harmless = |c: char| !c.is_control() && c != '"' && c != '\\';
                // What stands there is a value as a whole, not a text with parameters or with lines.
                let value = !written.contains(['$', '\n']) && !written.is_empty();
                (text.chars().all(harmless) && value).then(|| Self::plain(span, format!("\"{text}\"")))
            }
            Form::Lines => lines(span, source, language).map(|span| Self::plain(span, "")),
        }
    }
}

/// What stands between the quotes of `written`.
fn in_quotes(written: &str) -> Option<&str> {
    let quote = written
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    written.strip_prefix(quote)?.strip_suffix(quote)
}

/// The whole lines of `span`, if there is nothing on them but this and a comment behind. Only in KDL is a node that is
/// taken out certain to leave the rest as it was.
fn lines(span: Span, source: &Source, language: Language) -> Option<Span> {
    if language != Language::Kdl {
        return None;
    }
    let text = source.text.as_str();
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let behind = text.get(span.end..)?;
    let end = behind.find('\n').map_or(text.len(), |at| span.end + at + 1);
    let rest = text[span.end..end].trim();
    let alone = text[start..span.start].trim().is_empty() && (rest.is_empty() || rest.starts_with("//"));
    alone.then_some(Span { start, end, ..span })
}

/// The place of a property with its key: in KDL with the space before it, in YAML a line between others of its mapping.
fn property(value: Span, key: &str, source: &Source, language: Language) -> Option<Span> {
    let text = source.text.as_str();
    let before = text.get(..value.start)?;
    match language {
        Language::Kdl => {
            let rest = before.strip_suffix('=')?.strip_suffix(key)?;
            let start = rest.trim_end_matches([' ', '\t']).len();
            (start < rest.len()).then_some(Span { start, ..value })
        }
        Language::Yaml => {
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            let indent = before
                .get(start..)?
                .trim_end()
                .strip_suffix(':')?
                .strip_suffix(key)?;
            let behind = text.get(value.end..)?;
            let end = behind.find('\n').map_or(text.len(), |at| value.end + at + 1);
            let beside = |line: &str| {
                let rest = line.strip_prefix(indent);
                rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
            };
            let sibling = text[..start].lines().next_back().is_some_and(beside)
                || text[end..].lines().next().is_some_and(beside);
            let alone = indent.trim().is_empty() && text[value.end..end].trim().is_empty();
            (alone && sibling).then_some(Span { start, end, ..value })
        }
        Language::Json => None,
    }
}

/// `text` with `edits` done. Those that overlap one before them are left out.
pub fn apply<'a>(text: &str, edits: impl IntoIterator<Item = &'a Edit>) -> String {
    let mut edits: Vec<_> = edits.into_iter().collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut done = 0;
    let mut fixed = String::with_capacity(text.len());
    for edit in edits {
        let Some(kept) = text.get(done..edit.span.start) else {
            continue;
        };
        fixed.push_str(kept);
        fixed.push_str(&edit.text);
        done = edit.span.end.min(text.len());
    }
    fixed.push_str(text.get(done..).unwrap_or_default());
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Fix, Sources};

    /// What `edit` makes of `text`.
    fn done(path: &str, text: &str, edit: impl Fn(Span) -> Edit, old: &str) -> Option<String> {
        let mut sources = Sources::default();
        let file = sources.add(path, text);
        let start = text.find(old).unwrap();
        let end = start + old.len();
        let fix = Fix::certain("", vec![edit(Span { file, start, end })]);
        let fix = fix.settle(&sources, |_| Language::of_path(path))?;
        Some(apply(text, &fix.edits))
    }

    #[test]
    fn quotes_stay_and_what_is_not_there_is_not_replaced() {
        let rename = |span| Edit::word(span, "old", "new");
        for (path, text, at, fixed) in [
            ("a.kdl", "a x=old", "old", Some("a x=new")),
            ("a.kdl", "a x=\"old\" b", "\"old\"", Some("a x=\"new\" b")),
            ("a.yaml", "a: 'old'", "'old'", Some("a: 'new'")),
            ("a.kdl", "a x=$p", "$p", None),
            ("a.kdl", "a x=\"old,b\"", "\"old,b\"", None),
        ] {
            assert_eq!(done(path, text, rename, at).as_deref(), fixed, "{text}");
        }
    }

    #[test]
    fn lines_go_only_where_they_are_alone() {
        let text = "a\n    b c=1 // why\nd\n";
        let gone = done("a.kdl", text, Edit::without_lines, "b c=1");
        assert_eq!(gone.as_deref(), Some("a\nd\n"));
        assert_eq!(done("a.kdl", "a { b; c }\n", Edit::without_lines, "b"), None);
        assert_eq!(done("a.yaml", "a:\n  b: c\n", Edit::without_lines, "b: c"), None);
    }

    #[test]
    fn edits_that_overlap_are_done_once() {
        let span = |start, end| Span {
            start,
            end,
            ..Span::default()
        };
        let edits = [
            Edit::plain(span(0, 2), "x"),
            Edit::plain(span(1, 3), "y"),
            Edit::plain(span(3, 3), "z"),
        ];
        assert_eq!(apply("abcd", &edits), "xczd");
    }
}
