use super::{Reader, Stop};

/// Texts (RFC 8259, section 7).
impl Reader<'_> {
    /// What stands between the quotes; between `'` too, which is told.
    pub(super) fn string(&mut self) -> Result<String, Stop> {
        let start = self.at;
        let quote = if self.rest().starts_with('\'') { '\'' } else { '"' };
        self.at += 1;
        let mut value = String::new();
        loop {
            let Some(c) = self.rest().chars().next().filter(|c| *c != '\n') else {
                return self.stop(
                    start,
                    "this text is not closed",
                    &format!("write `{quote}` where it ends"),
                );
            };
            let at = self.at;
            self.at += c.len_utf8();
            match c {
                _ if c == quote => break,
                '\\' => value.push(self.escape(at)?),
                // A carriage return before the end of the line is no part of a text that is not closed.
                '\u{0}'..='\u{1f}' => {
                    let escaped = format!("write `\\u{:04x}`", u32::from(c));
                    self.tell(at, at + 1, "control characters are written as escapes", &escaped)?;
                    value.push(c);
                }
                _ => value.push(c),
            }
        }
        if quote == '\'' {
            let (end, help) = (self.at, format!("write \"{value}\""));
            self.tell(start, end, "text stands between `\"`, not between `'`", &help)?;
        }
        Ok(value)
    }

    fn escape(&mut self, start: usize) -> Result<char, Stop> {
        let c = self.rest().chars().next().unwrap_or_default();
        self.at = (self.at + c.len_utf8()).min(self.text.len());
        Ok(match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode(start),
            _ => {
                let end = self.at;
                self.tell(
                    start,
                    end,
                    "no such escape is known",
                    "write `\\\\` for a backslash",
                )?;
                c
            }
        })
    }

    /// `\u00e9`, and the pairs of UTF-16.
    fn unicode(&mut self, start: usize) -> Result<char, Stop> {
        let first = self.hex();
        let code = match first {
            Some(high @ 0xd800..=0xdbff) if self.rest().starts_with("\\u") => {
                self.at += 2;
                let low = self.hex().filter(|low| (0xdc00..=0xdfff).contains(low));
                low.map(|low| 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
            }
            other => other,
        };
        if let Some(c) = code.and_then(char::from_u32) {
            return Ok(c);
        }
        let end = self.at;
        self.tell(
            start,
            end,
            "these digits are no character",
            "write `\\u` and four hexadecimal digits",
        )?;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let number = u32::from_str_radix(digits, 16).ok();
        self.at += 4;
        number
    }
}
