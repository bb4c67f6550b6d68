//! A `google.protobuf.Struct` as what JSON has.

use serde_json::{Map, Number, Value};

use super::proto::{Content, each};

/// Objects and lists in others beyond this are not read.
const DEEPEST: usize = 16;

/// The fields of a `Struct`; `None` where it is none.
pub(crate) fn read(message: &[u8]) -> Option<Map<String, Value>> {
    object(message, DEEPEST)
}

fn object(message: &[u8], depth: usize) -> Option<Map<String, Value>> {
    let depth = depth.checked_sub(1)?;
    let (mut fields, mut sound) = (Map::new(), true);
    each(message, |field, entry| {
        if let (1, Content::Bytes(entry)) = (field, entry) {
            match self::entry(entry, depth) {
                Some((key, value)) => _ = fields.insert(key, value),
                None => sound = false,
            }
        }
    })?;
    sound.then_some(fields)
}

fn entry(message: &[u8], depth: usize) -> Option<(String, Value)> {
    let (mut key, mut content) = (&[][..], &[][..]);
    each(message, |field, part| match (field, part) {
        (1, Content::Bytes(own)) => key = own,
        (2, Content::Bytes(own)) => content = own,
        _ => {}
    })?;
    Some((text(key)?, value(content, depth)?))
}

/// A `Value`; the last of its kinds counts.
fn value(message: &[u8], depth: usize) -> Option<Value> {
    let mut value = Some(Value::Null);
    each(message, |field, part| {
        value = match (field, part) {
            (2, Content::Fixed(bits)) => Some(number(f64::from_bits(bits))),
            (3, Content::Bytes(own)) => text(own).map(Value::String),
            (4, Content::Number(flag)) => Some(Value::Bool(flag != 0)),
            (5, Content::Bytes(own)) => object(own, depth).map(Value::Object),
            (6, Content::Bytes(own)) => list(own, depth).map(Value::Array),
            _ => Some(Value::Null),
        };
    })?;
    value
}

fn list(message: &[u8], depth: usize) -> Option<Vec<Value>> {
    let depth = depth.checked_sub(1)?;
    let (mut all, mut sound) = (Vec::new(), true);
    each(message, |field, part| {
        if let (1, Content::Bytes(own)) = (field, part) {
            match value(own, depth) {
                Some(value) => all.push(value),
                None => sound = false,
            }
        }
    })?;
    sound.then_some(all)
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// Whole numbers are told without a point.
fn number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::proto::{bytes, fixed64, number as whole};
    use super::*;

    fn put(out: &mut Vec<u8>, key: &str, value: &[u8]) {
        let mut entry = Vec::new();
        bytes(&mut entry, 1, key.as_bytes());
        bytes(&mut entry, 2, value);
        bytes(out, 1, &entry);
    }

    #[test]
    fn every_kind_is_read() {
        let of = |fill: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            fill(&mut out);
            out
        };
        let text = of(&|out| bytes(out, 3, b"ada"));
        let half = of(&|out| fixed64(out, 2, 1.5_f64.to_bits()));
        let two = of(&|out| fixed64(out, 2, 2.0_f64.to_bits()));
        let inner = of(&|out| put(out, "name", &text));
        let mut all = Vec::new();
        put(&mut all, "who", &of(&|out| bytes(out, 5, &inner)));
        put(&mut all, "half", &half);
        put(&mut all, "flag", &of(&|out| whole(out, 4, 1)));
        put(
            &mut all,
            "list",
            &of(&|out| bytes(out, 6, &of(&|out| bytes(out, 1, &two)))),
        );
        put(&mut all, "null", &of(&|out| whole(out, 1, 0)));
        let expected = json!({"who": {"name": "ada"}, "half": 1.5, "flag": true, "list": [2], "null": null});
        assert_eq!(read(&all).map(Value::Object), Some(expected));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes: Vec<u8>) {
            let _fields = read(&bytes);
        }
    }
}
