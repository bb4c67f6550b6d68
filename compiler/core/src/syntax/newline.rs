/// The ends of lines of KDL (KDL 2, "Newline"); CR LF is one of them, too.
pub(super) const NEWLINES: [char; 7] = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// The length of the first line of `text`, without its end.
pub(super) fn line(text: &str) -> usize {
    text.find(NEWLINES).unwrap_or(text.len())
}

/// `text` without the end of a line that it begins with.
pub(super) fn behind(text: &str) -> &str {
    text.strip_prefix("\r\n")
        .or_else(|| text.strip_prefix(NEWLINES))
        .unwrap_or(text)
}
