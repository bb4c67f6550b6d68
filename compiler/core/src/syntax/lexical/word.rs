//! The words of KDL 2.

/// No text of KDL has these (KDL 2, "Disallowed Literal Code Points").
pub(super) fn disallowed(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// No word of KDL has these.
pub(super) fn ends_word(c: char) -> bool {
    c.is_whitespace() || "{}();=\"#\\[]".contains(c)
}

/// KDL takes a word for a number if it begins like one.
pub(super) fn looks_like_number(word: &str) -> bool {
    let word = word.strip_prefix(['+', '-']).unwrap_or(word);
    word.strip_prefix('.')
        .unwrap_or(word)
        .starts_with(|c: char| c.is_ascii_digit())
}

pub(super) fn is_number(word: &str) -> bool {
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
