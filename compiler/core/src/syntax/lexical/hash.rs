use super::{Repair, Scan, Token, Turn, ends_word};

/// What begins with `#`: keywords, raw strings, and the comments of other languages.
impl Scan<'_> {
    pub(super) fn hash(&mut self, start: usize) {
        let hashes = self.bytes[start..]
            .iter()
            .take_while(|byte| **byte == b'#')
            .count();
        if self.bytes.get(start + hashes) == Some(&b'"') {
            return self.string(start, start + hashes);
        }
        let alone = self.bytes.get(start + hashes).is_none_or(u8::is_ascii_whitespace);
        if alone || self.turn == Turn::Start {
            self.skip_line();
            let message = "`#` begins no comment".to_owned();
            self.slip(start, start + hashes, message, "begin comments with `//`");
            return self.repairable(Repair::Comment);
        }
        // `#true`: the word belongs to it.
        let word = start + hashes;
        self.at = self.text[word..]
            .find(ends_word)
            .map_or(self.text.len(), |length| word + length);
        self.turn(Token::Keyword, start);
        let known = ["true", "false", "null", "inf", "-inf", "nan"];
        if hashes != 1 || !known.contains(&&self.text[word..self.at]) {
            let found = self.text[start..self.at].to_owned();
            self.slip(
                start,
                self.at,
                format!("`{found}` is no value"),
                "write #true, #false, or quote it",
            );
        }
    }
}
