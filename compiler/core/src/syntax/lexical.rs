//! A first look at a KDL text, without recursion: the parser behind goes one call deeper a level, so that a
//! hostile text must not get there. What people often write wrong (values without quotes, braces not closed) is
//! told apart here, since the parser gives up at the first of them.

/// Braces and comments deeper than this are refused; the language needs 6.
pub(super) const LIMIT: usize = 32;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// What is wrong, in order.
    pub(super) slips: Vec<Slip>,
    /// A text with these slips is certainly no KDL, and is not worth parsing.
    pub(super) broken: bool,
}

/// One thing that people write wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slip {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) message: String,
    pub(super) help: String,
}

pub(super) fn look(text: &str) -> Look {
    let mut scan = Scan {
        text,
        bytes: text.as_bytes(),
        at: 0,
        open: Vec::new(),
        suspect: None,
        look: Look::default(),
    };
    while scan.at < scan.bytes.len() && !scan.look.broken {
        scan.token();
    }
    scan.unclosed();
    scan.look.slips.sort_by_key(|slip| slip.start);
    scan.look
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Braces that wait for their end.
    open: Vec<usize>,
    /// A brace whose end stands elsewhere than its line begins: probably the one that is not closed.
    suspect: Option<usize>,
    look: Look,
}

impl Scan<'_> {
    fn token(&mut self) {
        let start = self.at;
        self.at += 1;
        match self.bytes[start] {
            b'/' if self.next_is("/") => self.skip_line(),
            b'/' if self.next_is("*") => self.comment(start),
            b'/' if self.next_is("-") => self.at += 1,
            b'"' => self.string(start, start),
            b'#' => {
                let hashes = self.bytes[start..]
                    .iter()
                    .take_while(|byte| **byte == b'#')
                    .count();
                if self.bytes.get(start + hashes) == Some(&b'"') {
                    self.string(start, start + hashes);
                } else {
                    // `#true`: the word belongs to it.
                    self.at = self.text[start + hashes..]
                        .find(ends_word)
                        .map_or(self.text.len(), |length| start + hashes + length);
                }
            }
            b'{' | b'(' => self.opens(start),
            b'}' | b')' => self.closes(start),
            byte if byte.is_ascii_whitespace() || b"=;\\[]".contains(&byte) => {}
            _ => self.word(start),
        }
    }

    fn next_is(&self, text: &str) -> bool {
        self.bytes[self.at..].starts_with(text.as_bytes())
    }

    fn skip_line(&mut self) {
        while self.bytes.get(self.at).is_some_and(|byte| *byte != b'\n') {
            self.at += 1;
        }
    }

    fn opens(&mut self, start: usize) {
        self.open.push(start);
        if self.open.len() > LIMIT {
            let message = format!("nested deeper than {LIMIT} levels");
            self.stop(start, start + 1, message, "is a brace not closed?");
        }
    }

    fn closes(&mut self, start: usize) {
        let Some(open) = self.open.pop() else {
            return self.stop(
                start,
                start + 1,
                "this brace closes nothing".to_owned(),
                "leave it out",
            );
        };
        let line = |at: usize| self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let indent = |line: usize| {
            self.bytes[line..]
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count()
        };
        let first_of_line = line(start) + indent(line(start)) == start;
        if line(open) != line(start) && first_of_line && indent(line(open)) != indent(line(start)) {
            self.suspect.get_or_insert(open);
        }
    }

    fn unclosed(&mut self) {
        if let (Some(last), false) = (self.open.last().copied(), self.look.broken) {
            let open = self.suspect.unwrap_or(last);
            self.stop(
                open,
                open + 1,
                "this brace is not closed".to_owned(),
                "write `}` where it ends",
            );
        }
    }

    /// Comments nest.
    fn comment(&mut self, start: usize) {
        let mut depth = 1_usize;
        self.at += 1;
        while depth > 0 && depth <= LIMIT && self.at < self.bytes.len() {
            if self.next_is("/*") {
                depth += 1;
                self.at += 2;
            } else if self.next_is("*/") {
                depth -= 1;
                self.at += 2;
            } else {
                self.at += 1;
            }
        }
        if depth > 0 {
            self.stop(
                start,
                start + 2,
                "this comment is not closed".to_owned(),
                "write `*/` where it ends",
            );
        }
    }

    /// A string whose first quote is at `quote`; a raw one begins before.
    fn string(&mut self, start: usize, quote: usize) {
        let raw = quote - start;
        let quotes = if self.bytes[quote..].starts_with(b"\"\"\"") {
            3
        } else {
            1
        };
        let end = [vec![b'"'; quotes], vec![b'#'; raw]].concat();
        self.at = quote + quotes;
        while self.at < self.bytes.len() {
            if self.bytes[self.at..].starts_with(&end) {
                self.at += end.len();
                return;
            }
            match self.bytes[self.at] {
                b'\\' if raw == 0 => self.escape(),
                b'\n' if quotes == 1 => break,
                _ => self.at += 1,
            }
        }
        let line = self.text[quote..]
            .find('\n')
            .map_or(self.text.len(), |length| quote + length);
        self.stop(
            start,
            line,
            "this text is not closed".to_owned(),
            "write `\"` where it ends",
        );
    }

    /// Behind a backslash, all white space is left out, new lines too.
    fn escape(&mut self) {
        self.at += 1;
        if !self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
            return;
        }
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn word(&mut self, start: usize) {
        let whole = self.text[start..]
            .find(ends_word)
            .map_or(self.text.len(), |length| start + length);
        let end = self.text[start..whole]
            .find('/')
            .map_or(whole, |length| start + length);
        // White space beyond ASCII ends a word too, and may be where this one begins.
        self.at = end.max(self.text.ceil_char_boundary(start + 1));
        let word = &self.text[start..end];
        if matches!(word, "true" | "false" | "null" | "inf" | "nan") {
            self.slip(
                start,
                end,
                format!("the word `{word}` alone is no value"),
                &format!("write `#{word}`"),
            );
            return;
        }
        // `region/zone`, `/health`, 10.0.0.0/8; but not the comment of `name/* why */`.
        let path = end < whole && !self.text[end..].starts_with("/*") && !self.text[end..].starts_with("//");
        if path || (looks_like_number(word) && !is_number(word)) {
            let value = &self.text[start..if path { whole } else { end }];
            self.at = start + value.len();
            self.slip(
                start,
                self.at,
                format!("`{value}` needs quotes"),
                &format!("write \"{value}\""),
            );
        }
    }

    fn slip(&mut self, start: usize, end: usize, message: String, help: &str) {
        self.look.slips.push(Slip {
            start,
            end,
            message,
            help: help.to_owned(),
        });
    }

    fn stop(&mut self, start: usize, end: usize, message: String, help: &str) {
        self.slip(start, end, message, help);
        self.look.broken = true;
    }
}

/// No word of KDL has these.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || "{}();=\"#\\[]".contains(c)
}

/// KDL takes a word for a number if it begins like one.
fn looks_like_number(word: &str) -> bool {
    let word = word.strip_prefix(['+', '-']).unwrap_or(word);
    word.strip_prefix('.')
        .unwrap_or(word)
        .starts_with(|c: char| c.is_ascii_digit())
}

fn is_number(word: &str) -> bool {
    let word = word.strip_prefix(['+', '-']).unwrap_or(word);
    let digits = |text: &str, radix: u32| {
        text.starts_with(|c: char| c.is_digit(radix)) && text.chars().all(|c| c.is_digit(radix) || c == '_')
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = word.strip_prefix(prefix) {
            return digits(rest, radix);
        }
    }
    let (mantissa, exponent) = word.split_once(['e', 'E']).unwrap_or((word, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    digits(whole, 10) && digits(fraction, 10) && digits(exponent, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slips(text: &str) -> Vec<String> {
        look(text)
            .slips
            .iter()
            .map(|slip| format!("{}..{} {}", slip.start, slip.end, slip.message))
            .collect()
    }

    #[test]
    fn sound_texts_have_no_slips() {
        for text in [
            "a {}\n".repeat(1000).as_str(),
            "a \"{{{\" #\"}\"}\"# // {{\n/* { /* } */ */ b",
            "a 1 -1.5e3 0xff #true x=#null\nb/* c */ d; /-e {\n}",
            "a \"\"\"\n  \" {\n  \"\"\"",
            "a \"x\\\"{\" \\\n  b",
        ] {
            assert_eq!(slips(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn all_slips_are_found_at_their_places() {
        let text = "a ttl=30s on=true\nb 10.0.0.0/8 at=/health place=us/east\n";
        let found = [
            "6..9 `30s` needs quotes",
            "13..17 the word `true` alone is no value",
        ];
        let more = [
            "20..30 `10.0.0.0/8` needs quotes",
            "34..41 `/health` needs quotes",
        ];
        assert_eq!(
            slips(text),
            [&found[..], &more, &["48..55 `us/east` needs quotes"]].concat()
        );
    }

    #[test]
    fn the_brace_that_is_not_closed_is_the_one_that_is_out_of_line() {
        assert_eq!(slips("a {\n  b {\n    c\n}\n"), ["8..9 this brace is not closed"]);
        assert_eq!(slips("a }"), ["2..3 this brace closes nothing"]);
        assert_eq!(slips("a \"x\nb"), ["2..4 this text is not closed"]);
    }

    #[test]
    fn depth_is_bounded() {
        assert!(look(&"{".repeat(LIMIT + 1)).broken);
        assert!(look(&"/*".repeat(LIMIT + 1)).broken);
        assert!(look(&"a { b \"}\";".repeat(50)).broken);
    }
}
