//! What a configuration means, line by line.

use std::collections::BTreeMap;

use serde_json::Value;

/// Path -> value. Both sides use the same paths and the same words.
pub(crate) type Facts = BTreeMap<String, String>;

/// A list that has no order, as one value.
pub(crate) fn set<T: Into<String>>(items: impl IntoIterator<Item = T>) -> String {
    let mut items: Vec<String> = items.into_iter().map(Into::into).collect();
    items.sort();
    items.join(" ")
}

/// A list whose order matters, as one value.
pub(crate) fn list<T: Into<String>>(items: impl IntoIterator<Item = T>) -> String {
    items
        .into_iter()
        .map(Into::into)
        .collect::<Vec<String>>()
        .join(" ")
}

/// `name=value` for what is there.
pub(crate) fn field<T: ToString>(name: &str, value: Option<T>) -> String {
    value
        .map(|value| format!("{name}={}", value.to_string()))
        .unwrap_or_default()
}

/// Fields that say something, in the order given.
pub(crate) fn fields(all: &[String]) -> String {
    all.iter()
        .filter(|field| !field.is_empty())
        .cloned()
        .collect::<Vec<_>>()
        .join(" ")
}

/// `kind(a, b)` of conditions, whose order does not matter; one alone stands for itself.
pub(crate) fn combined(kind: &str, mut all: Vec<String>) -> String {
    all.sort();
    if all.len() == 1 {
        all.remove(0)
    } else {
        format!("{kind}({})", all.join(", "))
    }
}

/// How near an endpoint's place is to the proxy's (Istio `LbPriority`): smaller is nearer.
pub(crate) fn distance(own: &[String; 3], other: &[String; 3]) -> u32 {
    let same = own
        .iter()
        .zip(other)
        .take_while(|(own, other)| own == other)
        .count();
    3 - u32::try_from(same).unwrap()
}

/// What a place gets, where that is not what its endpoints weigh together.
pub(crate) fn place_weight(weight: u64, sum: u64) -> String {
    field("place", Some(weight).filter(|weight| *weight != sum))
}

/// A path into JSON; `null` where there is nothing.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('/')
        .fold(value, |value, key| match key.parse::<usize>() {
            Ok(index) if value.is_array() => value.get(index).unwrap_or(&Value::Null),
            _ => value.get(key).unwrap_or(&Value::Null),
        })
}

/// A text in JSON; empty where there is none.
pub(crate) fn text(value: &Value, path: &str) -> String {
    match at(value, path) {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The items of a list in JSON.
pub(crate) fn items<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).as_array().map(Vec::as_slice).unwrap_or_default()
}
