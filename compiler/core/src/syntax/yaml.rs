//! YAML 1.2, read by `granit-parser`: its events, one after the other, so that nothing here goes deeper than the
//! text's author meant it.

mod manner;
mod mistake;
mod order;
mod plain;
mod scalar;
mod sections;
mod stream;

use std::collections::BTreeMap;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span as Place};

use self::manner::Manner;
pub(super) use self::order::order;
pub(super) use self::stream::documents;
use super::Scalar;
use super::data::{Datum, Entry, Kind};
use crate::diag::{Diagnostic, FileId, Sink, Span, Spanned, code};

/// Aliases stand for copies: a text may grow to as many values by them.
const COPIES: usize = 20_000;

pub(super) fn parse(text: &str, file: FileId, sink: &mut Sink) -> Option<Datum> {
    if let Some(root) = plain::parse(text, 0, file, &manner::SPEC) {
        return Some(root);
    }
    // An empty text says nothing, and the language tells what it lacks.
    let empty = || Datum {
        kind: Kind::Mapping(Vec::new()),
        span: Span {
            file,
            start: 0,
            end: 0,
        },
    };
    document(text, file, &manner::SPEC, sink).map(|root| root.unwrap_or_else(empty))
}

/// The one document of `text`: `None` if it is none, and nothing in it if it is empty. Of a broken one, the mistakes in
/// every section are told.
fn document(text: &str, file: FileId, manner: &'static Manner, sink: &mut Sink) -> Option<Option<Datum>> {
    match events(text, file, manner, sink) {
        Ok(root) => Some(root),
        Err(first) => {
            let mut found = sections::mistakes(text, file, manner);
            if found.is_empty() {
                found.push(first);
            }
            found.into_iter().for_each(|found| sink.push(*found));
            None
        }
    }
}

/// Reads up to the first thing that ends the reading.
fn events(text: &str, file: FileId, manner: &'static Manner, sink: &mut Sink) -> Result<Option<Datum>, Stop> {
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = manner.depth * 2;
    options.block_nesting_limit = manner.depth * 2;
    let parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader {
        file,
        text,
        manner,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        copied: 0,
        root: None,
        documents: 0,
    };
    for event in parser {
        match event {
            Ok((event, place)) => reader.take(event, place, sink)?,
            Err(error) => return Err(mistake::of(&error, text, file, manner)),
        }
    }
    Ok(reader.root)
}

/// What ends the reading.
type Stop = Box<Diagnostic>;

/// A list or a mapping whose end is not read yet.
struct Open {
    kind: Kind,
    start: usize,
    anchor: usize,
    /// Of a mapping: the key whose value comes next.
    key: Option<Spanned<String>>,
}

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    manner: &'static Manner,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Datum>,
    /// How many values aliases have made.
    copied: usize,
    root: Option<Datum>,
    documents: usize,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, place: Place, sink: &mut Sink) -> Result<(), Stop> {
        let span = self.span(&place);
        if let Some(tag) = event.tag()
            && !self.harmless(&event)
        {
            let message = format!("the tag `{}` has no meaning here", tag.original());
            let tagged = place.tag_span().map_or(span, |place| self.span(&place));
            sink.push(Diagnostic::new(&code::SYNTAX, tagged, message).help("leave it out"));
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a spec is one document, and a second one begins here";
                    let help = "leave the `---` out, or put what follows into a file of its own";
                    return Err(Box::new(Diagnostic::new(&code::SYNTAX, span, message).help(help)));
                }
                Ok(())
            }
            Event::MappingStart(_, anchor, _) => self.begin(Kind::Mapping(Vec::new()), anchor, span),
            Event::SequenceStart(_, anchor, _) => self.begin(Kind::List(Vec::new()), anchor, span),
            Event::MappingEnd | Event::SequenceEnd => {
                self.end(span, sink);
                Ok(())
            }
            Event::Scalar(text, style, anchor, _) => {
                let scalar = if style == ScalarStyle::Plain {
                    scalar::plain(&text, span.start == span.end)
                } else {
                    Scalar::Text(text.into_owned())
                };
                let datum = Datum {
                    kind: Kind::Scalar(scalar),
                    span,
                };
                self.keep(anchor, &datum);
                self.put(datum, sink);
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, span, sink),
            Event::UnresolvedAlias(name) => {
                let message = format!("nothing is named `&{name}` before this");
                let help = "name the value `&name` where it stands first; quote a text that begins with `*`";
                sink.push(Diagnostic::new(&code::SYNTAX, span, message).help(help));
                self.put(
                    Datum {
                        kind: Kind::Scalar(Scalar::Null),
                        span,
                    },
                    sink,
                );
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// `!!str` and its like before what is that anyway.
    fn harmless(&self, event: &Event<'_>) -> bool {
        let Some(kind) = event.tag().and_then(|tag| tag.core_suffix()) else {
            return false;
        };
        match event {
            Event::MappingStart(..) => kind == "map",
            Event::SequenceStart(..) => kind == "seq",
            Event::Scalar(_, style, ..) => kind == "str" && *style != ScalarStyle::Plain,
            _ => false,
        }
    }

    fn begin(&mut self, kind: Kind, anchor: usize, span: Span) -> Result<(), Stop> {
        let depth = self.manner.depth;
        if self.open.len() >= depth {
            let message = format!("nested deeper than {depth} levels");
            let help = "a text needs no more than a few; is the indentation right?";
            return Err(Box::new(Diagnostic::new(&code::SYNTAX, span, message).help(help)));
        }
        let (start, key) = (span.start, None);
        self.open.push(Open {
            kind,
            start,
            anchor,
            key,
        });
        Ok(())
    }

    fn end(&mut self, span: Span, sink: &mut Sink) {
        let Some(mut open) = self.open.pop() else { return };
        if let (Kind::Mapping(entries), true) = (&mut open.kind, self.manner.merges) {
            manner::merge(entries);
        }
        let last = match &open.kind {
            Kind::List(items) => items.last().map(|last| last.span.end),
            Kind::Mapping(entries) => entries.last().map(|last| last.value.span.end),
            Kind::Scalar(_) => None,
        };
        // A block has no end of its own: it ends where its last value does.
        let closed = self.text[..span.end].ends_with(['}', ']']) && span.end > span.start;
        let end = last.filter(|_| !closed).unwrap_or(span.end).max(open.start);
        let datum = Datum {
            kind: open.kind,
            span: Span {
                file: self.file,
                start: open.start,
                end,
            },
        };
        self.keep(open.anchor, &datum);
        self.put(datum, sink);
    }

    fn keep(&mut self, anchor: usize, datum: &Datum) {
        if anchor != 0 {
            self.anchors.insert(anchor, datum.clone());
        }
    }

    fn alias(&mut self, anchor: usize, span: Span, sink: &mut Sink) -> Result<(), Stop> {
        let Some(datum) = self.anchors.get(&anchor).cloned() else {
            let message = "this stands within the value that it names";
            let found = Diagnostic::new(&code::SYNTAX, span, message);
            return Err(Box::new(found.help("write the value out")));
        };
        self.copied += datum.size();
        if self.copied > COPIES {
            let message = "aliases make this text far larger than it looks";
            let found = Diagnostic::new(&code::SYNTAX, span, message);
            return Err(Box::new(found.help("write the values out")));
        }
        self.put(datum, sink);
        Ok(())
    }

    /// A value is whole: it goes into what is open around it.
    fn put(&mut self, datum: Datum, sink: &mut Sink) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(datum);
            return;
        };
        match &mut open.kind {
            Kind::List(items) => items.push(datum),
            Kind::Mapping(entries) => match open.key.take() {
                Some(key) => entries.push(Entry { key, value: datum }),
                None => open.key = Some(mistake::key(datum, self.text, self.manner, sink)),
            },
            Kind::Scalar(_) => {}
        }
    }

    fn span(&self, place: &Place) -> Span {
        let range = place.byte_range().unwrap_or_default();
        let start = self.text.floor_char_boundary(range.start.min(self.text.len()));
        let end = self
            .text
            .ceil_char_boundary(range.end.clamp(start, self.text.len()));
        Span {
            file: self.file,
            start,
            end,
        }
    }
}

#[cfg(test)]
mod tests;
