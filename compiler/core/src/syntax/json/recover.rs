use super::{Reader, Stop};
use crate::syntax::SHOWN;

/// What is known of mistakes that leave no value: the text says nothing then, but all of them are to be told.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// There was one.
    pub(super) broken: bool,
    /// Lines are indented by what they are in, so that a bracket that is not closed shows. It is asked only of a text
    /// that is broken anyway.
    pub(super) indented: bool,
    /// A bracket closed another than it can.
    pub(super) closed_wrong: bool,
    /// Nothing tells where to go on.
    lost: bool,
}

/// Mistakes behind the first one: an entry that is none leaves those beside it.
impl Reader<'_> {
    /// Goes on behind the entry that began at `entry` and could not be read, if something tells where that is.
    pub(super) fn recover(&mut self, entry: usize) -> Result<(), Stop> {
        self.trouble.broken = true;
        if self.told >= SHOWN || self.trouble.lost {
            return Err(Stop);
        }
        match self.behind(entry) {
            Ok(at) => {
                self.at = at;
                Ok(())
            }
            Err(lost) => {
                self.trouble.lost = lost;
                Err(Stop)
            }
        }
    }

    /// What stands at `at` belongs to brackets around those that were opened at `open`, which are not closed.
    pub(super) fn is_outside(&self, open: usize, at: usize) -> bool {
        self.trouble.indented
            && open > 0
            && self.rest().starts_with('"')
            && self.indent(at).is_some_and(|indent| indent <= self.margin(open))
    }

    /// The next comma or closing bracket on the level of `entry`, or a line that begins where the entry's does: a bracket
    /// or a quote may be what is missing. Else, whether the text is at its end.
    fn behind(&self, entry: usize) -> Result<usize, bool> {
        let alone = self.indent(entry).is_some();
        let own = self.margin(entry);
        let bytes = self.text.as_bytes();
        let (mut at, mut depth) = (self.at, 0_usize);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\n' if self.trouble.indented => {
                    let indent = self.margin(at + 1);
                    let start = at + 1 + indent;
                    match bytes.get(start) {
                        Some(b'"') if indent == own && alone => return Ok(start),
                        // What stands further out belongs to brackets around these.
                        Some(b'"') if indent <= own => return Err(false),
                        Some(b'}' | b']') if indent < own && !alone => return Err(false),
                        _ => {}
                    }
                }
                b'"' => at += self.quoted(at),
                b'{' | b'[' => depth += 1,
                b'}' | b']' | b',' if depth == 0 => return Ok(at),
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        Err(true)
    }

    /// From a quote to the one that closes it, or to the last character of its line.
    fn quoted(&self, at: usize) -> usize {
        let mut escaped = false;
        for (length, byte) in self.text.as_bytes()[at + 1..].iter().enumerate() {
            match byte {
                b'\n' => return length,
                b'"' if !escaped => return length + 1,
                _ => escaped = *byte == b'\\' && !escaped,
            }
        }
        self.text.len() - at - 1
    }

    /// How far what begins its line at `at` is indented; `None` where something stands before it.
    pub(super) fn indent(&self, at: usize) -> Option<usize> {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        (line + self.margin(line) == at).then_some(at - line)
    }

    /// How far the line of `at` is indented.
    fn margin(&self, at: usize) -> usize {
        let start = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let line = &self.text[start..];
        line.len() - line.trim_start_matches([' ', '\t']).len()
    }
}
