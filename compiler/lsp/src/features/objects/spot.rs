use mesh_compiler::diag::Language;
use mesh_compiler::syntax::{Datum, Kind};

use crate::features::cursor::word::{MARK, Word};
use crate::tree::{Range, object};

/// A place in an object of Kubernetes.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    /// `apiVersion` of the object.
    pub(super) api: String,
    /// `kind` of the object.
    pub(super) kind: String,
    /// The keys around, the outermost first; entries of lists have none.
    pub(super) path: Vec<String>,
    /// The key whose value the place is in; on a key there is none.
    pub(super) key: Option<String>,
    /// The word at the place.
    pub(super) name: String,
    /// Other keys of the same mapping.
    pub(super) beside: Vec<String>,
    /// Where the word stands: of a key with its quotes.
    pub(super) word: Range,
    /// A colon stands behind the word.
    pub(super) has_colon: bool,
    /// How the mapping is written.
    pub(super) style: Style,
}

/// How a mapping is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// In lines of its own, whose keys begin in this column.
    Block(usize),
    /// In braces, in YAML.
    Flow,
    /// In JSON.
    Json {
        /// The word has its quotes already.
        quoted: bool,
    },
}

impl Spot {
    /// What byte `at` of `text` may be, the likelier first: a key or a value.
    pub(super) fn of(text: &str, language: Language, at: usize) -> Vec<Self> {
        let document = match language {
            Language::Json => Range::new(0, text.len()),
            _ => document(text, at),
        };
        let within = &text[document.start..document.end];
        let word = Word::at(within, at.clamp(document.start, document.end) - document.start);
        if word.in_comment {
            return Vec::new();
        }
        let marked = word.marked(within, language);
        let spot = |text: &String| {
            let found = Search::new(text, language).spot(&object(text, language)?)?;
            Some(found.with(&word, within, document.start, language))
        };
        marked.iter().filter_map(spot).collect()
    }

    /// What only the text without the mark says.
    fn with(mut self, word: &Word, text: &str, start: usize, language: Language) -> Self {
        let quoted = word.inner != word.outer;
        let range = if self.key.is_none() {
            word.outer
        } else {
            word.inner
        };
        self.word = Range::new(start + range.start, start + range.end);
        text[word.inner.start..word.inner.end].clone_into(&mut self.name);
        self.has_colon = word.has_colon(text);
        self.style = match self.style {
            _ if language == Language::Json => Style::Json { quoted },
            Style::Block(_) => {
                let line = text[..range.start].rfind('\n').map_or(0, |end| end + 1);
                Style::Block(range.start - line)
            }
            other => other,
        };
        self
    }
}

/// The document of a text in YAML that byte `at` lies in.
fn document(text: &str, at: usize) -> Range {
    let (mut start, mut end) = (0, 0);
    for line in text.split_inclusive('\n') {
        let next = end + line.len();
        if line.starts_with("---") {
            if at < end {
                return Range::new(start, end);
            }
            start = next;
        }
        end = next;
    }
    Range::new(start.min(end), end)
}

/// Looks for the mark.
struct Search<'a> {
    text: &'a str,
    language: Language,
    path: Vec<&'a str>,
}

impl<'a> Search<'a> {
    const fn new(text: &'a str, language: Language) -> Self {
        Self {
            text,
            language,
            path: Vec::new(),
        }
    }

    /// In an object, or a list of them.
    fn spot(&mut self, object: &'a Datum) -> Option<Spot> {
        let text = |key| object.field_text(key).map(|text| text.value);
        let kind = text("kind")?;
        if kind == "List" {
            let items = object.at(&["items"]).map_or(&[][..], Datum::items);
            return items.iter().find_map(|item| self.spot(item));
        }
        let mut spot = self.within(object)?;
        spot.api = text("apiVersion")?;
        spot.kind = kind;
        Some(spot)
    }

    fn within(&mut self, datum: &'a Datum) -> Option<Spot> {
        match &datum.kind {
            Kind::List(items) => items.iter().find_map(|item| self.within(item)),
            Kind::Scalar(_) => {
                let here = datum.text().is_some_and(|text| text.value.contains(MARK));
                let (key, path) = self.path.split_last()?;
                here.then(|| self.found(path, Some((*key).to_owned()), datum))
            }
            Kind::Mapping(entries) => {
                for entry in entries {
                    if entry.key.value.contains(MARK) {
                        let mut spot = self.found(&self.path, None, datum);
                        let others = entries.iter().filter(|other| !other.key.value.contains(MARK));
                        spot.beside = others.map(|other| other.key.value.clone()).collect();
                        return Some(spot);
                    }
                    self.path.push(&entry.key.value);
                    let found = self.within(&entry.value);
                    self.path.pop();
                    if found.is_some() {
                        return found;
                    }
                }
                None
            }
        }
    }

    fn found(&self, path: &[&str], key: Option<String>, datum: &Datum) -> Spot {
        let first = self
            .text
            .get(datum.span.start..)
            .and_then(|text| text.chars().next());
        let flow = self.language == Language::Yaml && matches!(first, Some('{' | '['));
        Spot {
            api: String::new(),
            kind: String::new(),
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            key,
            name: String::new(),
            beside: Vec::new(),
            word: Range::default(),
            has_colon: false,
            style: if flow { Style::Flow } else { Style::Block(0) },
        }
    }
}
