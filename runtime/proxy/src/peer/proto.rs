//! As much of protobuf as a `google.protobuf.Struct` of texts needs (protobuf.dev/programming-guides/encoding).

use std::collections::BTreeMap;

/// Structs in structs beyond this are not read.
const DEEPEST: usize = 4;

/// A value of a struct.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Fields(&'a [(&'a str, Self)]),
}

/// A `Struct`: field 1 is the map, whose entries have the key as field 1 and the value as field 2.
pub(super) fn encode(fields: &[(&str, Value<'_>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, value) in fields {
        let mut entry = Vec::new();
        bytes(&mut entry, 1, key.as_bytes());
        let mut inner = Vec::new();
        match value {
            // Value.string_value = 3, Value.struct_value = 5.
            Value::Text(text) => bytes(&mut inner, 3, text.as_bytes()),
            Value::Fields(fields) => bytes(&mut inner, 5, &encode(fields)),
        }
        bytes(&mut entry, 2, &inner);
        bytes(&mut out, 1, &entry);
    }
    out
}

/// A field with a length; `field` is 15 at most.
pub(crate) fn bytes(out: &mut Vec<u8>, field: u8, content: &[u8]) {
    out.push(field << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

/// A field that is a number; `field` is 15 at most.
pub(crate) fn number(out: &mut Vec<u8>, field: u8, value: u64) {
    out.push(field << 3);
    varint(out, value);
}

/// A field of eight bytes; `field` is 15 at most.
pub(crate) fn fixed64(out: &mut Vec<u8>, field: u8, value: u64) {
    out.push(field << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A message as gRPC carries it: not compressed, its length, and itself; `None` where it is longer than can be said.
pub(crate) fn framed(message: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(message.len()).ok()?;
    Some([&[0], &length.to_be_bytes()[..], message].concat())
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The first field with this number and a length.
pub(super) fn field(message: &[u8], number: u64) -> Option<&[u8]> {
    for part in Parts(message) {
        match part? {
            (own, Content::Bytes(content)) if own == number => return Some(content),
            _ => {}
        }
    }
    None
}

/// The texts of a `Struct`; those of inner structs under `OUTER.INNER`.
pub(super) fn decode(message: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    fields(message, "", DEEPEST, &mut out)?;
    Some(out)
}

fn fields(message: &[u8], before: &str, depth: usize, out: &mut BTreeMap<String, String>) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    for part in Parts(message) {
        let (1, Content::Bytes(entry)) = part? else {
            continue;
        };
        let (mut key, mut value) = (String::new(), &[][..]);
        for part in Parts(entry) {
            match part? {
                (1, Content::Bytes(content)) => {
                    key = format!("{before}{}", std::str::from_utf8(content).ok()?);
                }
                (2, Content::Bytes(content)) => value = content,
                _ => {}
            }
        }
        for part in Parts(value) {
            match part? {
                (3, Content::Bytes(content)) => {
                    out.insert(key.clone(), std::str::from_utf8(content).ok()?.to_owned());
                }
                (5, Content::Bytes(content)) => fields(content, &format!("{key}."), depth, out)?,
                _ => {}
            }
        }
    }
    Some(())
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    Number(u64),
    /// Eight bytes.
    Fixed(u64),
    Bytes(&'a [u8]),
}

/// Hands the fields of a message to `take`, those of four bytes left out; `None` where it is none.
pub(crate) fn each<'a>(message: &'a [u8], mut take: impl FnMut(u64, Content<'a>)) -> Option<()> {
    for part in Parts(message) {
        let (field, content) = part?;
        take(field, content);
    }
    Some(())
}

/// The fields of a message; those of four bytes are passed over. `None` inside is a message that is cut off.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn skip(&mut self, count: usize) -> Option<&'a [u8]> {
        let (content, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(content)
    }

    fn part(&mut self) -> Option<Option<(u64, Content<'a>)>> {
        let tag = self.varint()?;
        let content = match tag & 7 {
            0 => Content::Number(self.varint()?),
            1 => Content::Fixed(u64::from_le_bytes(self.skip(8)?.try_into().ok()?)),
            5 => return self.skip(4).map(|_| None),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Content::Bytes(self.skip(length)?)
            }
            _ => return None,
        };
        Some(Some((tag >> 3, content)))
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Option<(u64, Content<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            match self.part() {
                Some(Some(part)) => return Some(Some(part)),
                Some(None) => {}
                None => {
                    self.0 = &[];
                    return Some(None);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let long = "x".repeat(300);
        let labels = [("app", Value::Text("forum"))];
        let bytes = encode(&[("NAME", Value::Text(&long)), ("LABELS", Value::Fields(&labels))]);
        let fields = decode(&bytes).unwrap();
        assert_eq!(fields["NAME"], long);
        assert_eq!(fields["LABELS.app"], "forum");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes: Vec<u8>) {
            let _fields = decode(&bytes);
        }
    }
}
