use serde_json::Value;

/// As people call it: `name.namespace`.
pub(crate) fn short_host(host: &str) -> &str {
    host.strip_suffix(".svc.cluster.local").unwrap_or(host)
}

/// Seconds, as `1.5s`, of any spelling of a duration: `1500ms`, `0m1.5s`.
pub(super) fn duration(text: &str) -> Option<String> {
    let mut nanos: u128 = 0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(end);
        let until = behind
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(until);
        let unit: u128 = match unit {
            "h" => 3_600_000_000_000,
            "m" => 60_000_000_000,
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" | "µs" => 1_000,
            "ns" => 1,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        nanos = nanos.checked_add(whole.checked_mul(unit)?)?;
        let mut place = unit;
        for digit in part.chars() {
            place /= 10;
            nanos = nanos.checked_add(u128::from(digit.to_digit(10)?) * place)?;
        }
        rest = behind;
    }
    let (seconds, part) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    if part == 0 {
        return Some(format!("{seconds}s"));
    }
    Some(format!(
        "{seconds}.{}s",
        format!("{part:09}").trim_end_matches('0')
    ))
}

/// Fields of Istio that hold a duration.
const DURATIONS: &[&str] = &[
    "timeout",
    "perTryTimeout",
    "backoff",
    "fixedDelay",
    "maxAge",
    "connectTimeout",
    "idleTimeout",
    "maxConnectionDuration",
    "time",
    "interval",
    "baseEjectionTime",
    "duration",
    "ttl",
    "budgetInterval",
];

/// Writes durations in one way, and takes out what says nothing: nulls, empty lists, and objects that were empty
/// where an empty one says nothing.
pub(crate) fn tidy(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields.iter_mut() {
                if let (true, Some(text)) = (DURATIONS.contains(&key.as_str()), inner.as_str()) {
                    if let Some(normal) = duration(text) {
                        *inner = Value::from(normal);
                    }
                } else {
                    tidy(inner);
                }
            }
            fields.retain(|key, inner| match inner {
                Value::Null => false,
                Value::Array(items) => !items.is_empty(),
                Value::Object(inner) => !inner.is_empty() || SPEAKING.contains(&key.as_str()),
                Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
            });
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What is empty here has a meaning: all defaults, or none of anything.
const SPEAKING: &[&str] = &[
    "outlierDetection",
    "tls",
    "localityLbSetting",
    "emptyDir",
    "workloadSelector",
];

/// By content, each once.
pub(super) fn sort(items: &mut Vec<Value>) {
    let key = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
    items.sort_by_cached_key(key);
    items.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_spelling() {
        for (text, normal) in [
            ("1500ms", "1.5s"),
            ("1m", "60s"),
            ("1h1m1s", "3661s"),
            ("0.25s", "0.25s"),
            ("0s", "0s"),
            (".5s", "0.5s"),
        ] {
            assert_eq!(duration(text).as_deref(), Some(normal), "{text}");
        }
        for bad in ["", "5", "s5", "5x"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
