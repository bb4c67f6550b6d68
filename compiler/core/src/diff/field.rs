use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

/// One value that is another in the other mesh.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// Where: `ports[http].targetPort`.
    pub path: String,
    /// What was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// The fields in which `before` and `after` differ, in their order.
pub(super) fn between(before: &Value, after: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    compare("", before, after, &mut fields);
    fields
}

fn compare(path: &str, before: &Value, after: &Value, fields: &mut Vec<Field>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let path = below(path, key);
                match (old.get(key), new.get(key)) {
                    (Some(old), Some(new)) => compare(&path, old, new, fields),
                    (old, new) => fields.push(field(&path, old, new)),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => lists(path, old, new, fields),
        _ => fields.push(field(path, Some(before), Some(after))),
    }
}

fn field(path: &str, before: Option<&Value>, after: Option<&Value>) -> Field {
    Field {
        path: path.to_owned(),
        before: before.cloned(),
        after: after.cloned(),
    }
}

/// The wrapper that every object has is left out.
fn below(path: &str, key: &str) -> String {
    match path {
        "" | "spec" if path.is_empty() || key != "spec" => {
            if path.is_empty() && key == "spec" {
                String::new()
            } else {
                key.to_owned()
            }
        }
        _ => format!("{path}.{key}"),
    }
}

fn lists(path: &str, old: &[Value], new: &[Value], fields: &mut Vec<Field>) {
    if let (Some(before), Some(after)) = (keyed(old), keyed(new)) {
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let path = format!("{path}[{key}]");
            match (before.get(key), after.get(key)) {
                (Some(old), Some(new)) => compare(&path, old, new, fields),
                (old, new) => fields.push(field(&path, old.copied(), new.copied())),
            }
        }
        let order = |list: &[Value]| list.iter().filter_map(key_of).collect::<Vec<_>>();
        let (first, second) = (order(old), order(new));
        let common = |of: &[String], other: &[String]| -> Vec<String> {
            of.iter().filter(|key| other.contains(key)).cloned().collect()
        };
        let (first, second) = (common(&first, &second), common(&second, &first));
        if first != second {
            let path = format!("{path} (order)");
            fields.push(field(
                &path,
                Some(&Value::from(first)),
                Some(&Value::from(second)),
            ));
        }
        return;
    }
    let gaps = gaps(old, new);
    for (old, new) in gaps {
        // What stands at one place on both sides has changed.
        let both = old.len().min(new.len());
        for (old, new) in old.iter().zip(&new) {
            let scalar = !(old.1.is_object() && new.1.is_object());
            if scalar {
                fields.push(field(&format!("{path}[]"), Some(old.1), None));
                fields.push(field(&format!("{path}[]"), None, Some(new.1)));
            } else {
                compare(&format!("{path}[{}]", new.0 + 1), old.1, new.1, fields);
            }
        }
        for (at, old) in &old[both..] {
            let place = if old.is_object() {
                (at + 1).to_string()
            } else {
                String::new()
            };
            fields.push(field(&format!("{path}[{place}]"), Some(old), None));
        }
        for (at, new) in &new[both..] {
            let place = if new.is_object() {
                (at + 1).to_string()
            } else {
                String::new()
            };
            fields.push(field(&format!("{path}[{place}]"), None, Some(new)));
        }
    }
}

/// The entries by what names them, if all have names of their own.
fn keyed(list: &[Value]) -> Option<BTreeMap<String, &Value>> {
    let mut found = BTreeMap::new();
    for entry in list {
        if found.insert(key_of(entry)?, entry).is_some() {
            return None;
        }
    }
    Some(found)
}

fn key_of(entry: &Value) -> Option<String> {
    let fields = entry.as_object()?;
    let of = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let named = ["name", "issuer", "address", "key", "from"];
    named
        .iter()
        .find_map(|key| fields.get(*key).and_then(of))
        .or_else(|| {
            let destination = entry.pointer("/destination/host").and_then(of);
            let subset = entry.pointer("/destination/subset").and_then(Value::as_str);
            let port = entry
                .pointer("/port/name")
                .or_else(|| entry.pointer("/port/number"))
                .and_then(of);
            let destination = destination.map(|host| match subset {
                Some(subset) => format!("{} {subset}", super::normal::short_host(&host)),
                None => super::normal::short_host(&host).to_owned(),
            });
            destination.or(port)
        })
}

/// Entries with their places.
type Run<'a> = Vec<(usize, &'a Value)>;

/// What lies between the entries that both lists share, in their order: the longest common part, found the simple
/// way, since lists of objects are short.
fn gaps<'a>(old: &'a [Value], new: &'a [Value]) -> Vec<(Run<'a>, Run<'a>)> {
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let rest = (&old[start..], &new[start..]);
    let end = rest
        .0
        .iter()
        .rev()
        .zip(rest.1.iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let (mid_old, mid_new) = (&rest.0[..rest.0.len() - end], &rest.1[..rest.1.len() - end]);
    let place = |list: &'a [Value]| -> Run<'a> {
        list.iter()
            .enumerate()
            .map(|(at, value)| (start + at, value))
            .collect()
    };
    let (left, right) = (place(mid_old), place(mid_new));
    if left.len().saturating_mul(right.len()) > 250_000 {
        return vec![(left, right)];
    }
    let mut lengths = vec![vec![0_u32; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            lengths[i][j] = if left[i].1 == right[j].1 {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut gaps = vec![(Vec::new(), Vec::new())];
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i].1 == right[j].1 {
            gaps.push((Vec::new(), Vec::new()));
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let take_old = j == right.len() || (i < left.len() && lengths[i + 1][j] >= lengths[i][j + 1]);
        if let Some(gap) = gaps.last_mut() {
            if take_old {
                gap.0.push(left[i]);
            } else {
                gap.1.push(right[j]);
            }
        }
        if take_old { i += 1 } else { j += 1 }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(before: &Value, after: &Value) -> Vec<String> {
        between(before, after)
            .into_iter()
            .map(|field| field.path)
            .collect()
    }

    #[test]
    fn entries_with_names_are_compared_by_them() {
        let before = json!({"spec": {"ports": [{"name": "a", "port": 1}, {"name": "b", "port": 2}]}});
        let after = json!({"spec": {"ports": [{"name": "a", "port": 9}, {"name": "c", "port": 3}]}});
        assert_eq!(paths(&before, &after), ["ports[a].port", "ports[b]", "ports[c]"]);
        let turned = json!({"spec": {"ports": [{"name": "b", "port": 2}, {"name": "a", "port": 1}]}});
        assert_eq!(paths(&before, &turned), ["ports (order)"]);
    }

    #[test]
    fn one_entry_more_is_one_difference() {
        let before = json!({"http": [{"x": 1}, {"x": 2}]});
        let after = json!({"http": [{"x": 0}, {"x": 1}, {"x": 2}]});
        let found = between(&before, &after);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), &found[0].before), ("http[1]", &None));
    }

    #[test]
    fn what_is_equal_has_no_fields() {
        assert_eq!(paths(&json!({"a": [1, 2]}), &json!({"a": [1, 2]})), [""; 0]);
        assert_eq!(
            paths(&json!({"a": [1, 2]}), &json!({"a": [1, 3]})),
            ["a[]", "a[]"]
        );
    }
}
