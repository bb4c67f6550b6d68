//! The Huffman code of RFC 7541, appendix B. It is canonical: the lengths of its codes say all.

/// Of the code of each byte, and of the end of a string, which no string has in it.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, // 0
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, // 16
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, // ' '
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, // '0'
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, // '@'
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, // 'P'
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, // '`'
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, // 'p'
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, // 128
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, // 144
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, // 160
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, // 176
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, // 192
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, // 208
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, // 224
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, // 240
    30,
];
const END: u16 = 256;
const LONGEST: usize = 30;

/// Codes by symbol, and what decoding looks up.
struct Tables {
    codes: [u32; 257],
    /// Symbols in the order of their codes.
    sorted: [u16; 257],
    /// The first code of each length, its highest bit the highest of 32.
    first: [u32; LONGEST + 1],
    /// Where the symbols of each length begin in `sorted`.
    base: [u16; LONGEST + 1],
    /// Where the codes of a length end, as `first`; 0 where it has none.
    end: [u64; LONGEST + 1],
    /// By the first eight bits: symbol and length, which is 0 where the code is longer.
    short: [(u8, u8); 256],
}

static TABLES: Tables = tables();

#[allow(
    clippy::cast_possible_truncation,
    reason = "symbols of short codes are bytes; a function of constants knows no `try_from`"
)]
const fn tables() -> Tables {
    let mut tables = Tables {
        codes: [0; 257],
        sorted: [0; 257],
        first: [0; LONGEST + 1],
        base: [0; LONGEST + 1],
        end: [0; LONGEST + 1],
        short: [(0, 0); 256],
    };
    let (mut next, mut place, mut length) = (0u64, 0, 1);
    while length <= LONGEST {
        let step = 1u64 << (32 - length);
        tables.first[length] = next as u32;
        tables.base[length] = place as u16;
        let before = place;
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                tables.codes[symbol] = (next >> (32 - length)) as u32;
                tables.sorted[place] = symbol as u16;
                if length <= 8 {
                    let mut top = (next >> 24) as usize;
                    while top < ((next + step) >> 24) as usize {
                        tables.short[top] = (symbol as u8, length as u8);
                        top += 1;
                    }
                }
                place += 1;
                next += step;
            }
            symbol += 1;
        }
        if place > before {
            tables.end[length] = next;
        }
        length += 1;
    }
    tables
}

/// A string that no encoder writes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid;

/// Appends what `coded` stands for.
pub(crate) fn decode(coded: &[u8], text: &mut Vec<u8>) -> Result<(), Invalid> {
    text.reserve(coded.len() * 8 / 5);
    // The next bit is the highest; those behind the last are 0.
    let (mut window, mut count) = (0u64, 0u32);
    let mut coded = coded.iter();
    loop {
        while count <= 56 {
            let Some(byte) = coded.next() else { break };
            window |= u64::from(*byte) << (56 - count);
            count += 8;
        }
        let (symbol, length) = TABLES.short[usize::from((window >> 56) as u8)];
        let (symbol, length) = if length > 0 {
            (u16::from(symbol), u32::from(length))
        } else {
            long((window >> 32) as u32)
        };
        if length > count {
            break;
        }
        let Ok(byte) = u8::try_from(symbol) else {
            return Err(Invalid);
        };
        text.push(byte);
        window <<= length;
        count -= length;
    }
    // RFC 7541, 5.2: the rest is less than a byte, the beginning of the end's code, which is all ones.
    if count < 8 && window.leading_ones() >= count {
        Ok(())
    } else {
        Err(Invalid)
    }
}

fn long(code: u32) -> (u16, u32) {
    for length in 9..=LONGEST {
        if u64::from(code) < TABLES.end[length] {
            let behind = (code - TABLES.first[length]) >> (32 - length);
            let symbol = TABLES.sorted[usize::from(TABLES.base[length]) + behind as usize];
            return (symbol, length as u32);
        }
    }
    (END, LONGEST as u32)
}

/// How long `text` is once it is encoded.
pub(crate) fn encoded_len(text: &[u8]) -> usize {
    let bits: usize = text
        .iter()
        .map(|byte| usize::from(LENGTHS[usize::from(*byte)]))
        .sum();
    bits.div_ceil(8)
}

/// Appends the code of `text`.
pub(crate) fn encode(text: &[u8], coded: &mut Vec<u8>) {
    let (mut window, mut count) = (0u64, 0u32);
    for byte in text {
        let symbol = usize::from(*byte);
        let length = u32::from(LENGTHS[symbol]);
        window |= u64::from(TABLES.codes[symbol]) << (64 - count - length);
        count += length;
        while count >= 8 {
            coded.push((window >> 56) as u8);
            window <<= 8;
            count -= 8;
        }
    }
    if count > 0 {
        coded.push((window >> 56) as u8 | 0xff >> count);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_code_is_whole() {
        let used: u64 = LENGTHS.iter().map(|length| 1u64 << (32 - length)).sum();
        assert_eq!(
            used,
            1 << 32,
            "every sequence of bits stands for something, and for one thing"
        );
    }

    /// RFC 7541, appendix C.4 and C.6.
    #[test]
    fn the_examples_of_the_standard_hold() {
        let examples: [(&str, &[u8]); 4] = [
            (
                "www.example.com",
                &[
                    0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff,
                ],
            ),
            ("no-cache", &[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]),
            (
                "custom-value",
                &[0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf],
            ),
            ("private", &[0xae, 0xc3, 0x77, 0x1a, 0x4b]),
        ];
        for (text, code) in examples {
            let mut coded = Vec::new();
            encode(text.as_bytes(), &mut coded);
            assert_eq!(coded, code, "{text}");
            let mut decoded = Vec::new();
            decode(code, &mut decoded).unwrap();
            assert_eq!(decoded, text.as_bytes());
        }
    }

    #[test]
    fn padding_that_is_too_long_or_of_zeros_is_refused() {
        for bad in [&[0xff][..], &[0xff, 0xff], &[0x00], &[0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(decode(bad, &mut Vec::new()), Err(Invalid), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text: Vec<u8>) {
            let mut coded = Vec::new();
            encode(&text, &mut coded);
            prop_assert_eq!(coded.len(), encoded_len(&text));
            let mut decoded = Vec::new();
            prop_assert_eq!(decode(&coded, &mut decoded), Ok(()));
            prop_assert_eq!(decoded, text);
        }

        #[test]
        fn no_bytes_make_it_fail(coded: Vec<u8>) {
            let _answer = decode(&coded, &mut Vec::new());
        }
    }
}
