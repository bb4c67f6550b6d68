use super::{LIMIT, Repair, Scan, Token, ends_word};

/// Comments and strings: what is in them says nothing about braces.
impl Scan<'_> {
    /// Comments nest.
    pub(super) fn comment(&mut self, start: usize) {
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
    pub(super) fn string(&mut self, start: usize, quote: usize) {
        let raw = quote - start;
        self.turn(Token::Text, start);
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

    /// `'a b'`, as other languages have it; KDL takes the quotes for letters.
    pub(super) fn single_quoted(&mut self, start: usize) -> bool {
        let rest = &self.text[start + 1..];
        let line = rest.split('\n').next().unwrap_or_default();
        let Some(length) = line.find('\'') else {
            return false;
        };
        let content = line[..length].to_owned();
        let whole = self.text[start + length + 2..].starts_with(ends_word);
        let last = start + length + 2 == self.text.len();
        if content.contains(['"', '\\', '{', '}', ';']) || !(whole || last) {
            return false;
        }
        self.at = start + length + 2;
        self.turn(Token::Text, start);
        let help = format!("write \"{content}\"");
        let message = "text stands between `\"`, not between `'`".to_owned();
        self.slip(start, self.at, message, &help);
        self.repairable(Repair::DoubleQuotes);
        true
    }

    /// Behind a backslash, all white space is left out, new lines too.
    fn escape(&mut self) {
        let start = self.at;
        let rest = &self.text[start + 1..];
        let known = ["n", "r", "t", "\\", "\"", "b", "f", "s"]
            .into_iter()
            .find(|escape| rest.starts_with(escape));
        let unicode = || {
            let (digits, _) = rest.strip_prefix("u{")?.split_once('}')?;
            let number = u32::from_str_radix(digits, 16)
                .ok()
                .filter(|_| digits.len() <= 6)?;
            char::from_u32(number).map(|_| digits.len() + 3)
        };
        let blank = rest.len() - rest.trim_start().len();
        self.at = start + 1 + known.map_or(blank, str::len);
        if let (None, 0) = (known, blank) {
            let length = unicode();
            self.at += length.unwrap_or_else(|| rest.chars().next().map_or(0, char::len_utf8));
            if length.is_none() {
                let escape = self.text[start..self.at].to_owned();
                self.slip(
                    start,
                    self.at,
                    format!("`{escape}` is no escape"),
                    "write `\\\\` for a backslash",
                );
            }
        }
    }
}
