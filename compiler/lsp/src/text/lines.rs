/// What an editor counts columns in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// What every editor can.
    #[default]
    Utf16,
    /// Characters.
    Utf32,
}

/// A place as editors count it, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in the units of an [`Encoding`].
    pub column: u32,
}

/// From one place to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// Its beginning.
    pub start: Position,
    /// The place behind it.
    pub end: Position,
}

/// Where the lines of a text begin. They end with `\n`, `\r\n` or `\r`, as the protocol of editors has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of `text`.
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = |at: &usize| match bytes[*at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let behind = (0..bytes.len()).filter(ends).map(|at| at + 1);
        Self {
            starts: std::iter::once(0).chain(behind).collect(),
        }
    }

    /// How many there are; a text that ends with a line's end has an empty one behind it.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// Where byte `at` of `text` is; beyond the end is the end, and within a character its beginning.
    pub fn position(&self, text: &str, at: usize, encoding: Encoding) -> Position {
        let at = text.floor_char_boundary(at.min(text.len()));
        let line = self
            .starts
            .partition_point(|start| *start <= at)
            .saturating_sub(1);
        let before = self
            .starts
            .get(line)
            .and_then(|start| text.get(*start..at))
            .unwrap_or_default();
        Position {
            line: narrow(line),
            column: narrow(length(before, encoding)),
        }
    }

    /// The range of the bytes `start..end` of `text`.
    pub fn range(&self, text: &str, start: usize, end: usize, encoding: Encoding) -> Range {
        Range {
            start: self.position(text, start, encoding),
            end: self.position(text, end, encoding),
        }
    }

    /// The byte of `text` at `position`; beyond a line's end is its end, beyond the last line the end of the text.
    pub fn offset(&self, text: &str, position: Position, encoding: Encoding) -> usize {
        let Some(start) = self.starts.get(position.line as usize).copied() else {
            return text.len();
        };
        let line = self.line(text, position.line as usize);
        let mut left = position.column as usize;
        for (at, c) in line.char_indices() {
            let width = width(c, encoding);
            if left < width {
                return start + at;
            }
            left -= width;
        }
        start + line.len()
    }

    /// Line `number` of `text`, from 0, without its end.
    pub fn line<'a>(&self, text: &'a str, number: usize) -> &'a str {
        let Some(start) = self.starts.get(number).copied() else {
            return "";
        };
        let end = self.starts.get(number + 1).copied().unwrap_or(text.len());
        text.get(start..end)
            .unwrap_or_default()
            .trim_end_matches(['\n', '\r'])
    }

    /// The number of the line that byte `at` is on, and where that begins.
    pub fn start_of(&self, at: usize) -> (usize, usize) {
        let line = self
            .starts
            .partition_point(|start| *start <= at)
            .saturating_sub(1);
        (line, self.starts.get(line).copied().unwrap_or_default())
    }
}

fn length(text: &str, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => text.len(),
        _ => text.chars().map(|c| width(c, encoding)).sum(),
    }
}

const fn width(c: char, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => c.len_utf8(),
        Encoding::Utf16 => c.len_utf16(),
        Encoding::Utf32 => 1,
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_as_the_editor_counts() {
        let text = "é𝕏 b\r\nc\rd\n";
        let lines = Lines::of(text);
        assert_eq!(lines.count(), 4);
        let at = text.find('b').unwrap();
        for (encoding, column) in [(Encoding::Utf8, 7), (Encoding::Utf16, 4), (Encoding::Utf32, 3)] {
            let place = Position { line: 0, column };
            assert_eq!(lines.position(text, at, encoding), place);
            assert_eq!(lines.offset(text, place, encoding), at);
        }
        let place = |line, column| lines.offset(text, Position { line, column }, Encoding::Utf16);
        assert_eq!(place(0, 99), at + 1, "before the line's end");
        assert_eq!(place(0, 2), 2, "not within a character");
        assert_eq!(place(1, 0), at + 3);
        assert_eq!(place(2, 0), at + 5);
        assert_eq!(place(9, 0), text.len());
        assert_eq!((lines.line(text, 0), lines.line(text, 3)), ("é𝕏 b", ""));
    }
}
