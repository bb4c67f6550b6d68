use proptest::prelude::*;

use super::*;

/// A text as an editor holds it that counts in UTF-16: lines of units.
struct Editor {
    lines: Vec<Vec<u16>>,
}

impl Editor {
    fn new(text: &str) -> Self {
        let mut lines = vec![Vec::new()];
        let mut units = text.encode_utf16().peekable();
        while let Some(unit) = units.next() {
            lines.last_mut().unwrap().push(unit);
            let ends = unit == 10 || unit == 13 && units.peek() != Some(&10);
            if ends {
                lines.push(Vec::new());
            }
        }
        Self { lines }
    }

    fn text(&self) -> String {
        String::from_utf16(&self.lines.concat()).unwrap()
    }

    /// The units of a line that a cursor can be on, and whether it can be before the unit at `column`.
    fn place(&self, line: usize, column: usize) -> Position {
        let line = line % self.lines.len();
        let units = &self.lines[line];
        let ends = units
            .iter()
            .rev()
            .take_while(|unit| matches!(unit, 10 | 13))
            .count();
        let mut column = column % (units.len() - ends + 1);
        if column > 0 && column < units.len() && (0xdc00..0xe000).contains(&units[column]) {
            column -= 1;
        }
        Position {
            line: u32::try_from(line).unwrap(),
            column: u32::try_from(column).unwrap(),
        }
    }

    fn replace(&mut self, range: Range, text: &str) {
        let offset = |place: Position| {
            let before = &self.lines[..place.line as usize];
            before.iter().map(Vec::len).sum::<usize>() + place.column as usize
        };
        let (start, end) = (offset(range.start), offset(range.end));
        let mut units = self.lines.concat();
        units.splice(start..end, text.encode_utf16());
        *self = Self::new(&String::from_utf16(&units).unwrap());
    }
}

fn piece() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            "a", "\n", "\r\n", "\r", "é", "𝕏", " ", "{", "}", "\"", "service", "\t",
        ]),
        0..6,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn the_text_is_the_editors_after_any_edits(
        first in piece(),
        edits in prop::collection::vec((any::<[u8; 4]>(), piece()), 0..12),
        together in any::<bool>(),
    ) {
        let mut editor = Editor::new(&first);
        let mut document = Document::new(0, &first);
        let mut batch = Vec::new();
        for (version, (places, text)) in (1..).zip(edits) {
            let [a, b, c, d] = places.map(usize::from);
            let (start, end) = (editor.place(a, b), editor.place(c, d));
            let range = Range { start: start.min(end), end: start.max(end) };
            editor.replace(range, &text);
            let edit = Edit { range: Some(range), text };
            if together {
                batch.push(edit);
            } else {
                document = document.edited(version, &[edit], Encoding::Utf16);
            }
        }
        document = document.edited(99, &batch, Encoding::Utf16);
        prop_assert_eq!(&*document.text, editor.text());
    }

    #[test]
    fn places_and_bytes_lead_to_each_other(text in "[a\n\ré𝕏 ]{0,30}") {
        let lines = Lines::of(&text);
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            for (at, _) in text.char_indices() {
                let place = lines.position(&text, at, encoding);
                // Between the two bytes of a line's end nobody can be.
                let inside = text[..at].ends_with('\r') && text[at..].starts_with('\n');
                let back = lines.offset(&text, place, encoding);
                prop_assert!(back == at || inside && back == at - 1, "{:?} {at} {back}", text);
            }
        }
    }
}
