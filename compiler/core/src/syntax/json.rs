//! JSON (RFC 8259). What people often write beyond it (comments, commas behind the last, keys without quotes) is
//! told each by itself, and the rest is read. Of a text that is none, the mistakes of every entry are told.

mod blocks;
mod string;

use super::data::{Datum, Entry, Kind};
use super::{SHOWN, Scalar};
use crate::diag::{Diagnostic, FileId, Sink, Span, Spanned, code};

/// Values deeper than `limit` are refused.
pub(super) fn parse(text: &str, limit: usize, file: FileId, sink: &mut Sink) -> Option<Datum> {
    let mut own = Sink::default();
    let mut reader = Reader::new(text, limit, file, &mut own);
    let datum = reader.whole().ok();
    if datum.is_none() {
        let all = blocks::mistakes(text, limit, file);
        if !all.is_empty() {
            all.into_iter().for_each(|found| sink.push(found));
            return None;
        }
    }
    sink.take_shifted(own, 0);
    datum
}

/// What is said about the text ends the reading.
struct Stop;

struct Reader<'a> {
    text: &'a str,
    file: FileId,
    at: usize,
    depth: usize,
    limit: usize,
    told: usize,
    sink: &'a mut Sink,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, limit: usize, file: FileId, sink: &'a mut Sink) -> Self {
        Self {
            text,
            file,
            at: if text.starts_with('\u{feff}') { 3 } else { 0 },
            depth: 0,
            limit,
            told: 0,
            sink,
        }
    }
}

impl Reader<'_> {
    fn whole(&mut self) -> Result<Datum, Stop> {
        self.blank()?;
        if self.rest().is_empty() {
            // The language tells what an empty spec lacks.
            return Ok(Datum {
                kind: Kind::Mapping(Vec::new()),
                span: self.span(self.at),
            });
        }
        let datum = self.value()?;
        self.blank()?;
        if !self.rest().is_empty() {
            return self.stop(
                self.at,
                "the text goes on behind its value",
                "a spec is one `{ … }`",
            );
        }
        Ok(datum)
    }

    fn value(&mut self) -> Result<Datum, Stop> {
        let start = self.at;
        let kind = match self.rest().chars().next() {
            Some('{') => self.nested(Self::mapping)?,
            Some('[') => self.nested(Self::list)?,
            Some('"' | '\'') => Kind::Scalar(Scalar::Text(self.string()?)),
            Some(c) if !"}],:".contains(c) => Kind::Scalar(self.word()?),
            _ => {
                return self.stop(
                    start,
                    "a value is missing here",
                    "write a text, a number, `{ … }` or `[ … ]`",
                );
            }
        };
        Ok(Datum {
            kind,
            span: self.span(start),
        })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Kind, Stop>) -> Result<Kind, Stop> {
        self.depth += 1;
        if self.depth > self.limit {
            let message = format!("nested deeper than {} levels", self.limit);
            return self.stop(self.at, &message, "is a bracket not closed?");
        }
        let kind = read(self);
        self.depth -= 1;
        kind
    }

    fn mapping(&mut self) -> Result<Kind, Stop> {
        let mut entries = Vec::new();
        self.entries('}', |reader| {
            let key = reader.key()?;
            reader.blank()?;
            if !reader.eat(':') {
                let help = format!("write `\"{}\": …`", key.value);
                return reader.stop(reader.at, "a `:` is missing here", &help);
            }
            reader.blank()?;
            entries.push(Entry {
                key,
                value: reader.value()?,
            });
            Ok(())
        })?;
        Ok(Kind::Mapping(entries))
    }

    fn list(&mut self) -> Result<Kind, Stop> {
        let mut items = Vec::new();
        self.entries(']', |reader| {
            items.push(reader.value()?);
            Ok(())
        })?;
        Ok(Kind::List(items))
    }

    /// From behind the opening bracket to behind the closing one.
    fn entries(
        &mut self,
        end: char,
        mut read: impl FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let open = self.at;
        self.at += 1;
        let (mut comma, mut first) = (None, true);
        loop {
            self.blank()?;
            let before = self.at;
            if self.eat(end) {
                if let Some(comma) = comma {
                    self.tell(
                        comma,
                        comma + 1,
                        "no comma stands behind the last entry",
                        "leave it out",
                    )?;
                }
                return Ok(());
            }
            if self.rest().is_empty() {
                return self.stop(
                    open,
                    "this bracket is not closed",
                    &format!("write `{end}` where it ends"),
                );
            }
            if !first && comma.is_none() {
                self.tell(
                    before,
                    before + 1,
                    "a comma is missing before this",
                    "write `,` between the entries",
                )?;
            }
            first = false;
            read(self)?;
            let behind = self.at;
            self.blank()?;
            let at = self.at;
            comma = self.eat(',').then_some(at);
            if comma.is_none() && !self.rest().starts_with(end) && self.rest().starts_with([':', '}', ']']) {
                let help = format!("write `,` or `{end}`");
                return self.stop(behind.max(at), "this has no meaning here", &help);
            }
        }
    }

    fn key(&mut self) -> Result<Spanned<String>, Stop> {
        let start = self.at;
        if self.rest().starts_with(['"', '\'']) {
            let value = self.string()?;
            return Ok(Spanned {
                value,
                span: self.span(start),
            });
        }
        let length = self
            .rest()
            .find(|c: char| c.is_whitespace() || "{}[],:\"".contains(c))
            .unwrap_or(self.rest().len());
        if length == 0 {
            return self.stop(start, "a key is missing here", "write `\"key\": value`");
        }
        let value = self.text[start..start + length].to_owned();
        self.at += length;
        self.tell(
            start,
            self.at,
            "keys stand between `\"`",
            &format!("write \"{value}\""),
        )?;
        Ok(Spanned {
            value,
            span: self.span(start),
        })
    }

    /// `true`, `80`, and what lacks its quotes.
    fn word(&mut self) -> Result<Scalar, Stop> {
        let start = self.at;
        let length = self
            .rest()
            .find(|c: char| c.is_whitespace() || "{}[],\"".contains(c))
            .unwrap_or(self.rest().len());
        // White space that JSON does not have is a word too.
        let length = self.text.ceil_char_boundary(start + length.max(1)) - start;
        let word = self.text[start..start + length].to_owned();
        self.at += length;
        Ok(match word.as_str() {
            "true" => Scalar::Bool(true),
            "false" => Scalar::Bool(false),
            "null" => Scalar::Null,
            _ if is_number(&word) => {
                let whole = word.parse().ok().map(Scalar::Integer);
                whole.unwrap_or(Scalar::Float(word))
            }
            _ => {
                self.tell(
                    start,
                    self.at,
                    "a text stands between `\"`",
                    &format!("write \"{word}\""),
                )?;
                Scalar::Text(word)
            }
        })
    }

    /// White space, and comments, which JSON does not have.
    fn blank(&mut self) -> Result<(), Stop> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            let start = self.at;
            let Some(length) = comment(self.rest()) else {
                return Ok(());
            };
            self.at += length;
            self.tell(
                start,
                self.at,
                "JSON has no comments",
                "leave it out, or write the spec in YAML or KDL",
            )?;
        }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn eat(&mut self, c: char) -> bool {
        let there = self.rest().starts_with(c);
        self.at += usize::from(there) * c.len_utf8();
        there
    }

    fn span(&self, start: usize) -> Span {
        Span {
            file: self.file,
            start,
            end: self.at,
        }
    }

    /// Says what is wrong from `start` to `end`, and goes on unless it is the last of too many.
    fn tell(&mut self, start: usize, end: usize, message: &str, help: &str) -> Result<(), Stop> {
        let end = self.text.ceil_char_boundary(end.min(self.text.len()));
        let line = self.text[start..end]
            .find('\n')
            .map_or(end, |length| start + length);
        let span = Span {
            file: self.file,
            start,
            end: line,
        };
        self.sink
            .push(Diagnostic::new(&code::SYNTAX, span, message).help(help));
        self.told += 1;
        if self.told < SHOWN { Ok(()) } else { Err(Stop) }
    }

    fn stop<T>(&mut self, at: usize, message: &str, help: &str) -> Result<T, Stop> {
        // Where the text ends too early, its last word is the place.
        let at = if at >= self.text.len() {
            self.text.trim_end().len().saturating_sub(1)
        } else {
            at
        };
        let at = self.text.floor_char_boundary(at);
        self.tell(at, at + 1, message, help)?;
        Err(Stop)
    }
}

/// The length of the comment that `text` begins with, as other languages have them.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("/*") {
        return Some(text.find("*/").map_or(text.len(), |end| end + 2));
    }
    text.starts_with(['#', '/'])
        .then(|| text.find('\n').unwrap_or(text.len()))
}

/// RFC 8259, section 6.
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    digits(whole) && (whole == "0" || !whole.starts_with('0')) && digits(fraction) && digits(exponent)
}

#[cfg(test)]
mod tests;
