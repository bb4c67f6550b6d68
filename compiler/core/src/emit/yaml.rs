//! YAML as Istio's tools write it (`sigs.k8s.io/yaml` over `go-yaml` 2): the same order of keys, the same quotes, the
//! same line breaks, so that files compare byte by byte.

mod plain;
mod scalar;

use std::cmp::Ordering;

use serde_json::{Map, Value};

use self::scalar::Style;

/// Columns behind which a line is broken at its next blank.
const WIDTH: usize = 80;
/// Keys longer than this many bytes get a `?` and a line of their own.
const LONGEST_KEY: usize = 128;

/// `value` as a YAML document, to the byte as Istio's tools write it.
pub(super) fn as_istioctl(value: &Value) -> String {
    document(value, true, WIDTH)
}

/// `value` as a YAML document with its keys in their own order, and long texts on one line.
pub(super) fn text(value: &Value) -> String {
    document(value, false, usize::MAX)
}

fn document(value: &Value, sorted: bool, width: usize) -> String {
    let mut writer = Writer {
        out: String::new(),
        column: 0,
        sorted,
        width,
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => writer.mapping(fields, 0, true),
        Value::Array(items) if !items.is_empty() => writer.sequence(items, 0, true),
        other => writer.leaf(other, 2),
    }
    writer.out.push('\n');
    writer.out
}

struct Writer {
    out: String,
    /// Characters in the line.
    column: usize,
    /// Keys are ordered.
    sorted: bool,
    /// Columns behind which a line is broken.
    width: usize,
}

impl Writer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        match text.rfind('\n') {
            Some(end) => self.column = text[end + 1..].chars().count(),
            None => self.column += text.chars().count(),
        }
    }

    fn line(&mut self, indent: usize) {
        self.put("\n");
        self.put(&" ".repeat(indent));
    }

    /// `inline`: the first key goes on where the line is.
    fn mapping(&mut self, fields: &Map<String, Value>, indent: usize, inline: bool) {
        let mut keys: Vec<&String> = fields.keys().collect();
        if self.sorted {
            keys.sort_by(|a, b| order(a, b));
        }
        for (at, key) in keys.into_iter().enumerate() {
            if at > 0 || !inline {
                self.line(indent);
            }
            if key.len() > LONGEST_KEY || key.contains('\n') {
                self.put("? ");
                self.scalar(key, indent + 2, false);
                self.line(indent);
                self.put(": ");
                self.item(&fields[key], indent);
            } else {
                self.scalar(key, indent, true);
                self.put(":");
                self.field(&fields[key], indent);
            }
        }
    }

    /// What stands behind `key:`. Lists are not indented below their key.
    fn field(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(fields) if !fields.is_empty() => self.mapping(fields, indent + 2, false),
            Value::Array(items) if !items.is_empty() => self.sequence(items, indent, false),
            other => {
                self.put(" ");
                self.leaf(other, indent + 2);
            }
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize, inline: bool) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 || !inline {
                self.line(indent);
            }
            self.put("- ");
            self.item(item, indent);
        }
    }

    /// What stands behind `- `, on the same line.
    fn item(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(fields) if !fields.is_empty() => self.mapping(fields, indent + 2, true),
            Value::Array(items) if !items.is_empty() => self.sequence(items, indent + 2, true),
            other => self.leaf(other, indent + 2),
        }
    }

    fn leaf(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Null => self.put("null"),
            Value::Bool(value) => self.put(if *value { "true" } else { "false" }),
            Value::Number(number) => self.put(&number.to_string()),
            Value::String(text) => self.scalar(text, indent, false),
            Value::Array(_) => self.put("[]"),
            Value::Object(_) => self.put("{}"),
        }
    }

    /// A text in the style that its content asks for. `indent` is that of further lines.
    fn scalar(&mut self, text: &str, indent: usize, key: bool) {
        match scalar::style(text, key) {
            Style::Plain => self.folded(text, indent, !key, |writer, character| writer.one(character)),
            Style::Single => {
                self.put("'");
                let inner = text.len() > 1;
                self.folded(text, indent, !key && inner, |writer, character| {
                    if character == '\'' {
                        writer.put("'");
                    }
                    writer.one(character);
                });
                self.put("'");
            }
            Style::Double => self.double(text, indent, !key),
            Style::Literal => self.literal(text, indent),
        }
    }

    fn one(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }

    /// Lines that are too long are broken at single blanks.
    fn folded(&mut self, text: &str, indent: usize, breaks: bool, put: impl Fn(&mut Self, char)) {
        let mut blank_before = false;
        let mut characters = text.chars().enumerate().peekable();
        let last = text.chars().count().saturating_sub(1);
        while let Some((at, character)) = characters.next() {
            let blank = character == ' ';
            let alone = !blank_before && characters.peek().is_none_or(|(_, next)| *next != ' ');
            if blank && breaks && alone && self.column > self.width && at > 0 && at < last {
                self.line(indent);
            } else {
                put(self, character);
            }
            blank_before = blank;
        }
    }

    fn double(&mut self, text: &str, indent: usize, breaks: bool) {
        self.put("\"");
        let mut blank_before = false;
        let last = text.chars().count().saturating_sub(1);
        let mut characters = text.chars().enumerate().peekable();
        while let Some((at, character)) = characters.next() {
            let blank = character == ' ';
            if blank && breaks && !blank_before && self.column > self.width && at > 0 && at < last {
                self.line(indent);
                if characters.peek().is_some_and(|(_, next)| *next == ' ') {
                    self.put("\\");
                }
            } else if blank {
                self.one(' ');
            } else {
                self.put(&scalar::escaped(character));
            }
            blank_before = blank;
        }
        self.put("\"");
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            self.put("2");
        }
        if !text.ends_with('\n') {
            self.put("-");
        } else if text == "\n" || text.ends_with("\n\n") {
            self.put("+");
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.put("\n");
            if !line.is_empty() {
                self.put(&" ".repeat(indent));
                self.put(line);
            }
        }
    }
}

/// The order of keys: letters behind everything else, and numbers by their value.
fn order(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(one, other)| one != other) else {
        return a.len().cmp(&b.len());
    };
    let (one, other) = (a[at], b[at]);
    match (one.is_alphabetic(), other.is_alphabetic()) {
        (true, true) => return one.cmp(&other),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // Zeros count behind another digit only.
    let digits = a[..at]
        .iter()
        .rev()
        .take_while(|character| character.is_numeric());
    let inside = (one == '0' || other == '0') && digits.into_iter().any(|digit| *digit != '0');
    let number = |text: &[char]| {
        let run = text[at..]
            .iter()
            .take_while(|character| character.is_ascii_digit());
        let digits: Vec<u64> = run
            .filter_map(|digit| digit.to_digit(10).map(u64::from))
            .collect();
        let start = u64::from(inside);
        let value = digits
            .iter()
            .fold(start, |all, digit| all.wrapping_mul(10).wrapping_add(*digit));
        (value, digits.len())
    };
    number(&a).cmp(&number(&b)).then(one.cmp(&other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // What is expected here, `sigs.k8s.io/yaml` wrote.

    #[test]
    fn keys_are_ordered_letters_last_and_numbers_by_value() {
        let value = json!({ "A_10": 1, "A_2": 2, "AB": 3, "A-b": 4, "x10": 5, "x1": 6, "x01": 7 });
        assert_eq!(
            as_istioctl(&value),
            "A-b: 4\nA_2: 2\nA_10: 1\nAB: 3\nx1: 6\nx01: 7\nx10: 5\n"
        );
    }

    #[test]
    fn keys_of_our_own_stay_where_they_are() {
        let value = json!({ "name": "http", "appProtocol": "http" });
        assert_eq!(text(&value), "name: http\nappProtocol: http\n");
    }

    #[test]
    fn texts_that_would_be_read_as_something_else_are_quoted() {
        let value = json!([
            "true",
            "no",
            "",
            "~",
            "12",
            "0x1F",
            "1e5",
            "12:30",
            "2026-11-23",
            "10.10.10.10",
            "fd00:10:96::1",
            "a: b",
            "a:b",
            "- x",
            "-x",
            "{}",
            "it's",
            "# x",
            "tab\there",
            "<<",
            "1e400",
        ]);
        assert_eq!(
            text(&value),
            "- \"true\"\n- \"no\"\n- \"\"\n- \"~\"\n- \"12\"\n- \"0x1F\"\n- \"1e5\"\n- \"12:30\"\n\
             - \"2026-11-23\"\n- 10.10.10.10\n- fd00:10:96::1\n- 'a: b'\n- a:b\n- '- x'\n- -x\n- '{}'\n\
             - it's\n- '# x'\n- \"tab\\there\"\n- <<\n- 1e400\n"
        );
    }

    #[test]
    fn long_texts_are_broken_at_blanks_and_lines_kept() {
        let long = "longerword ".repeat(9);
        let value = json!({ "a": { "b": [long.trim_end(), { "c": "one\ntwo\n" }], "d": {}, "e": [] } });
        assert_eq!(
            as_istioctl(&value),
            "a:\n  b:\n  - longerword longerword longerword longerword longerword longerword longerword longerword\n    \
             longerword\n  - c: |\n      one\n      two\n  d: {}\n  e: []\n"
        );
    }
}
