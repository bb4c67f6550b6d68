//! A list of fields does what a map of them does, and keeps their order.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use http::{HeaderMap, HeaderName, HeaderValue};
use mesh_http2::Fields;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Append(usize, u8),
    Insert(usize, u8),
    InsertNew(usize, u8),
    Remove(usize),
}

/// Some that [`http`] knows, and some that it does not.
const NAMES: [&str; 5] = ["host", "cookie", "te", "x-request-id", "x-mine"];

fn name(index: usize) -> HeaderName {
    HeaderName::from_static(NAMES[index])
}

fn step() -> impl Strategy<Value = Step> {
    let both = || (0..NAMES.len(), any::<u8>());
    prop_oneof![
        both().prop_map(|(name, value)| Step::Append(name, value)),
        both().prop_map(|(name, value)| Step::Insert(name, value)),
        both().prop_map(|(name, value)| Step::InsertNew(name, value)),
        (0..NAMES.len()).prop_map(Step::Remove),
    ]
}

proptest! {
    #[test]
    fn a_list_tells_what_a_map_tells(steps in prop::collection::vec(step(), 0..40)) {
        let (mut fields, mut map) = (Fields::new(), HeaderMap::new());
        for step in steps {
            match step {
                Step::Append(index, value) => {
                    fields.append(name(index), u16::from(value).into());
                    map.append(name(index), u16::from(value).into());
                }
                Step::Insert(index, value) => {
                    let before = fields.insert(name(index), u16::from(value).into());
                    prop_assert_eq!(before, map.insert(name(index), u16::from(value).into()));
                }
                Step::InsertNew(index, value) => {
                    fields.insert_new(name(index), || u16::from(value).into());
                    map.entry(name(index)).or_insert(u16::from(value).into());
                }
                Step::Remove(index) => prop_assert_eq!(fields.remove(name(index)), map.remove(name(index))),
            }
            prop_assert_eq!(fields.len(), map.len());
            for index in 0..NAMES.len() {
                prop_assert_eq!(fields.get(name(index)), map.get(name(index)));
                prop_assert_eq!(fields.contains_key(name(index)), map.contains_key(name(index)));
                let all: Vec<_> = fields.get_all(name(index)).collect();
                prop_assert_eq!(all, map.get_all(name(index)).iter().collect::<Vec<_>>());
            }
            prop_assert_eq!(fields.names().count(), map.keys_len());
        }
        prop_assert_eq!(HeaderMap::from(fields.clone()), map.clone());
        prop_assert_eq!(HeaderMap::from(Fields::from(map.clone())), map);
    }
}

#[test]
fn fields_stay_in_the_order_in_which_they_came() {
    let value = HeaderValue::from_static;
    let mut fields: Fields = [
        (name(1), value("a")),
        (name(4), value("b")),
        (name(1), value("c")),
    ]
    .into_iter()
    .collect();
    let told = |fields: &Fields| format!("{fields:?}");
    assert_eq!(told(&fields), r#"{"cookie": "a", "x-mine": "b", "cookie": "c"}"#);
    fields.insert(name(1), value("d"));
    fields.append(name(0), value("e"));
    assert_eq!(told(&fields), r#"{"cookie": "d", "x-mine": "b", "host": "e"}"#);
    fields.remove(name(1));
    assert_eq!(told(&fields), r#"{"x-mine": "b", "host": "e"}"#);
}
