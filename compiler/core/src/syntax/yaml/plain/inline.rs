//! Values that end on the line that they begin on.

use super::Reader;
use crate::syntax::yaml::scalar;
use crate::syntax::{Datum, Kind, Scalar};

impl<'a> Reader<'a> {
    /// The value that begins here.
    pub(super) fn inline(&mut self) -> Option<Datum> {
        let start = self.at;
        let kind = match self.peek()? {
            b'"' | b'\'' => Kind::Scalar(Scalar::Text(self.quoted()?.to_owned())),
            b'[' => return self.brackets(),
            b'{' if self.rest().starts_with("{}") => {
                self.at += 2;
                Kind::Mapping(Vec::new())
            }
            _ => Kind::Scalar(scalar::plain(self.bare()?, false)),
        };
        Some(self.datum(kind, start, self.at))
    }

    /// A text in quotes without anything in it that stands for something else.
    pub(super) fn quoted(&mut self) -> Option<&'a str> {
        let quote = self.peek()?;
        let rest = self.rest().get(1..)?;
        let end = rest
            .bytes()
            .position(|byte| byte == quote || byte == b'\n' || byte == b'\\' && quote == b'"')?;
        let text = rest.get(..end)?;
        self.at += 1 + end;
        (self.peek() == Some(quote)).then_some(())?;
        self.at += 1;
        // Two of them stand for one.
        (self.peek() != Some(quote)).then_some(text)
    }

    /// A text without quotes, to the end of the line or a comment.
    fn bare(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let line = rest.split('\n').next()?;
        let said = line.split(" #").next()?.trim_end_matches(' ');
        let mut bytes = said.bytes();
        let begins = match bytes.next()? {
            b'-' => bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric()),
            byte => {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'/' | b'.' | b'_' | b'+' | b'~' | b'$' | b'(' | b'^' | b'<')
            }
        };
        self.at += said.len();
        (begins && !said.contains(": ") && !said.ends_with(':')).then_some(said)
    }

    /// Values in brackets, with commas between them.
    fn brackets(&mut self) -> Option<Datum> {
        let (start, own) = (self.at, self.items.len());
        self.at += 1;
        self.spaces();
        while self.peek()? != b']' {
            let start = self.at;
            let scalar = match self.peek()? {
                b'"' | b'\'' => Scalar::Text(self.quoted()?.to_owned()),
                _ => scalar::plain(self.bare_in_brackets()?, false),
            };
            let item = self.datum(Kind::Scalar(scalar), start, self.at);
            self.items.push(item);
            self.spaces();
            match self.peek()? {
                b',' => {
                    self.at += 1;
                    self.spaces();
                    // A comma behind the last one is left to the parser.
                    (self.peek()? != b']').then_some(())?;
                }
                b']' => {}
                _ => return None,
            }
        }
        self.at += 1;
        let items = self.items.drain(own..).collect();
        Some(self.datum(Kind::List(items), start, self.at))
    }

    fn bare_in_brackets(&mut self) -> Option<&'a str> {
        let is_part = |byte: &u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'+' | b'%' | b'@')
        };
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !is_part(&byte))?;
        let word = rest.get(..end)?;
        self.at += end;
        let begins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_');
        word.starts_with(begins).then_some(word)
    }
}
