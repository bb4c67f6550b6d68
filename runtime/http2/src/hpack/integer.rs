//! Integers of RFC 7541, 5.1.

/// An integer that is cut off, or larger than anything that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid;

/// Bytes behind the first one: no length and no index needs more than 28 bits.
const MOST: u32 = 4;

/// Appends `value`; the bits of `first` above `prefix` are kept.
#[inline]
pub(crate) fn encode(value: usize, prefix: u32, first: u8, out: &mut Vec<u8>) {
    let most = (1usize << prefix) - 1;
    if value < most {
        out.push(first | value as u8);
        return;
    }
    out.push(first | most as u8);
    let mut rest = value - most;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Takes an integer off the beginning of `bytes`, whose first byte has `prefix` bits of it.
pub(crate) fn decode(bytes: &mut &[u8], prefix: u32) -> Result<usize, Invalid> {
    let most = (1usize << prefix) - 1;
    let mut value = usize::from(take(bytes)?) & most;
    if value < most {
        return Ok(value);
    }
    for place in 0..MOST {
        let byte = take(bytes)?;
        value += usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Invalid)
}

fn take(bytes: &mut &[u8]) -> Result<u8, Invalid> {
    let (first, rest) = bytes.split_first().ok_or(Invalid)?;
    *bytes = rest;
    Ok(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 7541, appendix C.1.
    #[test]
    fn the_examples_of_the_standard_hold() {
        for (value, prefix, coded) in [(10, 5, &[10][..]), (1337, 5, &[31, 154, 10]), (42, 8, &[42])] {
            let mut out = Vec::new();
            encode(value, prefix, 0, &mut out);
            assert_eq!(out, coded);
            assert_eq!(decode(&mut &coded[..], prefix), Ok(value));
        }
    }

    #[test]
    fn what_has_no_end_is_refused() {
        assert_eq!(decode(&mut &[0xff; 12][..], 7), Err(Invalid));
        assert_eq!(decode(&mut &[][..], 7), Err(Invalid));
        assert_eq!(decode(&mut &[0x7f][..], 7), Err(Invalid));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(value in 0usize..1 << 28, prefix in 4u32..8) {
            let mut out = Vec::new();
            encode(value, prefix, 0, &mut out);
            let mut rest = &out[..];
            prop_assert_eq!(decode(&mut rest, prefix), Ok(value));
            prop_assert!(rest.is_empty());
        }
    }
}
