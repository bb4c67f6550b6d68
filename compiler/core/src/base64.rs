//! Bytes as texts of RFC 4648.

/// Section 4, with or without padding; lines may be broken.
pub(crate) fn standard(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|char| !char.is_ascii_whitespace()).collect();
    decode(&text, *b"+/")
}

/// Section 5, with or without padding.
pub(crate) fn url(text: &str) -> Option<Vec<u8>> {
    decode(text, *b"-_")
}

/// `last` are the two digits in which the alphabets differ.
fn decode(text: &str, last: [u8; 2]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            byte if byte == last[0] => 62,
            byte if byte == last[1] => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_bytes() {
        assert_eq!(standard("aGVs\nbG8=").as_deref(), Some(&b"hello"[..]));
        assert_eq!(standard("+/8=").as_deref(), Some(&[0xfb, 0xff][..]));
        assert_eq!(url("-_8").as_deref(), Some(&[0xfb, 0xff][..]));
        assert_eq!(standard("-_8"), None);
    }
}
