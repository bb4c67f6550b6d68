//! How deep a KDL text nests, found without recursion: the parser behind goes one call deeper a level, so that
//! a hostile text must not get there.

/// Braces and comments deeper than this are refused; the language needs 6.
pub(super) const LIMIT: usize = 32;

/// Where `text` nests deeper than [`LIMIT`], if it does. Strings and comments are read as KDL reads them; a
/// string that does not end on its line makes the rest doubtful, and from there on no brace counts as closed.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0, sound: true };
    let mut depth = 0_usize;
    while let Some(byte) = scan.bytes.get(scan.at).copied() {
        let start = scan.at;
        scan.at += 1;
        match byte {
            b'{' | b'(' => depth += 1,
            b'}' | b')' if scan.sound => depth = depth.saturating_sub(1),
            b'/' if scan.next_is(b"/") && scan.sound => scan.to_line_end(),
            b'/' if scan.next_is(b"*") => {
                if scan.comment() > LIMIT {
                    return Some(start);
                }
            }
            b'"' | b'#' if scan.sound => scan.string(byte == b'#'),
            _ => {}
        }
        if depth > LIMIT {
            return Some(start);
        }
    }
    None
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    sound: bool,
}

impl Scan<'_> {
    fn next_is(&self, text: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(text))
    }

    fn to_line_end(&mut self) {
        while self.bytes.get(self.at).is_some_and(|byte| *byte != b'\n') {
            self.at += 1;
        }
    }

    /// Goes behind a comment whose `/` is read; how deep it nests.
    fn comment(&mut self) -> usize {
        self.at -= 1;
        let (mut depth, mut deepest) = (0_usize, 0);
        while self.at < self.bytes.len() {
            if self.next_is(b"/*") {
                depth += 1;
                deepest = deepest.max(depth);
                self.at += 2;
            } else if self.next_is(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return deepest;
                }
            } else {
                self.at += 1;
            }
        }
        self.sound = false;
        deepest
    }

    /// Goes behind a string whose first `"` or `#` is read.
    fn string(&mut self, raw: bool) {
        let first = self.at - 1;
        if raw {
            while self.next_is(b"#") {
                self.at += 1;
            }
            if !self.next_is(b"\"") {
                return;
            }
        } else {
            self.at = first;
        }
        let hashes = self.at - first;
        let quotes = if self.next_is(b"\"\"\"") { 3 } else { 1 };
        self.at += quotes;
        let end: Vec<u8> = [vec![b'"'; quotes], vec![b'#'; hashes]].concat();
        while self.at < self.bytes.len() {
            if self.next_is(&end) {
                self.at += end.len();
                return;
            }
            match self.bytes[self.at] {
                b'\\' if hashes == 0 => self.at += 2,
                b'\n' if quotes == 1 => break,
                _ => self.at += 1,
            }
        }
        self.sound = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nesting_counts() {
        assert_eq!(too_deep(&"a {}\n".repeat(1000)), None);
        assert_eq!(too_deep("a \"{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{\""), None);
        assert_eq!(too_deep(&format!("a #\"{}\"#", "{\"".repeat(50))), None);
        assert_eq!(too_deep(&format!("// {}\n/* {} */", "{".repeat(50), "{".repeat(50))), None);
        assert_eq!(too_deep(&"{".repeat(LIMIT + 1)), Some(LIMIT));
        assert!(too_deep(&"/*".repeat(50)).is_some());
        assert!(too_deep(&"a { b \"}\";".repeat(50)).is_some());
        assert!(too_deep(&"a { b \" }\n".repeat(50)).is_some());
    }
}
