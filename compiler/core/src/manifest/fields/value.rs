//! Single values: what stands for what, and what is said where it does not fit.

use super::table::Type;
use crate::diag::{did_you_mean, list};
use crate::syntax::{Datum, Kind, Scalar};

/// It is written and says something: `null` is as good as nothing.
pub(super) fn is_set(datum: &Datum) -> bool {
    !matches!(datum.kind, Kind::Scalar(Scalar::Null))
}

/// Why `scalar` is not of type `ty`, and what to write. `plain` is it without quotes, as it is written.
pub(super) fn misfit(ty: &Type, scalar: &Scalar, plain: Option<&str>) -> Option<(String, String)> {
    match ty {
        Type::String | Type::Bytes => not_text(scalar, plain),
        Type::Time | Type::Duration => {
            let Scalar::Text(text) = scalar else {
                return not_text(scalar, plain);
            };
            let wrong = matches!(ty, Type::Duration) && !is_duration(text);
            wrong.then(|| {
                let message = format!("\"{text}\" is no time of at least 1ms");
                (
                    message,
                    "write a number and its unit, as in 500ms, 30s, 5m or 1h30m".to_owned(),
                )
            })
        }
        Type::Bool => (!matches!(scalar, Scalar::Bool(_)) && plain.and_then(old_bool).is_none()).then(|| {
            let meant = matches!(scalar, Scalar::Text(text) if text == "true" || text == "false");
            let help = match scalar {
                Scalar::Text(text) if meant => format!("write {text} without quotes"),
                _ => "write true or false".to_owned(),
            };
            (
                format!("{} stands where true or false must", describe(scalar)),
                help,
            )
        }),
        Type::Int => (!matches!(scalar, Scalar::Integer(_)) && !is_whole(scalar))
            .then(|| not_number(scalar, "a whole number")),
        Type::Number => {
            (!matches!(scalar, Scalar::Integer(_) | Scalar::Float(_))).then(|| not_number(scalar, "a number"))
        }
        Type::IntOrString => match scalar {
            Scalar::Integer(_) | Scalar::Text(_) => None,
            _ => Some(not_number(scalar, "a number or a name")),
        },
        Type::Enum(values) => not_one_of(values, scalar, plain),
        Type::List(_) => Some((
            format!("{} stands where a list must", describe(scalar)),
            "write each value behind a `- `".to_owned(),
        )),
        Type::Map(_) | Type::Object(_) => Some((
            format!("{} stands where a mapping must", describe(scalar)),
            "write `key: value` lines below it".to_owned(),
        )),
        Type::Any | Type::Named(_) => None,
    }
}

fn not_text(scalar: &Scalar, plain: Option<&str>) -> Option<(String, String)> {
    let shown = match scalar {
        Scalar::Text(_) => {
            let word = plain.filter(|word| old_bool(word).is_some())?;
            return Some((
                format!("`{word}` without quotes is true or false to Kubernetes, and a text must stand here"),
                format!("write \"{word}\""),
            ));
        }
        Scalar::List | Scalar::Mapping => {
            return Some((
                format!("{} stands where a text must", describe(scalar)),
                "write one value".to_owned(),
            ));
        }
        other => plain.map_or_else(|| other.to_string(), str::to_owned),
    };
    Some((
        format!("{} stands where a text must", describe(scalar)),
        format!("write \"{shown}\""),
    ))
}

fn not_number(scalar: &Scalar, wanted: &str) -> (String, String) {
    let help = match scalar {
        Scalar::Text(text) if text.parse::<f64>().is_ok() => format!("write {text} without quotes"),
        _ => format!("write {wanted}"),
    };
    (format!("{} stands where {wanted} must", describe(scalar)), help)
}

fn not_one_of(values: &[&'static str], scalar: &Scalar, plain: Option<&str>) -> Option<(String, String)> {
    let known = values.iter().copied().filter(|value| !value.is_empty());
    let Scalar::Text(text) = scalar else {
        return not_text(scalar, plain);
    };
    if values.contains(&text.as_str()) {
        return None;
    }
    let same = |value: &str| {
        value.to_lowercase().replace(['_', '-'], "") == text.to_lowercase().replace(['_', '-'], "")
    };
    let near = known
        .clone()
        .find(|value| same(value))
        .or_else(|| did_you_mean(text, known.clone()));
    let help = match near {
        Some(near) => format!("did you mean `{near}`? It may be {}", list(known)),
        None => format!("write {}", list(known)),
    };
    Some((
        format!("`{text}` is none of the values that may stand here"),
        help,
    ))
}

/// For people who write YAML.
fn describe(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Bool(value) => format!("`{value}`"),
        Scalar::Null => "nothing".to_owned(),
        other => other.describe(),
    }
}

/// Words that YAML 1.1, which Kubernetes reads, takes for truth values.
fn old_bool(word: &str) -> Option<bool> {
    match word {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// `1e3`, `10.0`.
fn is_whole(scalar: &Scalar) -> bool {
    matches!(scalar, Scalar::Float(text) if text.parse::<f64>().is_ok_and(|number| number.fract() == 0.0))
}

/// A duration of Go (`time.ParseDuration`) of a millisecond at least.
pub(super) fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, behind) = rest.split_at(digits);
        let Ok(number) = number.parse::<f64>() else {
            return false;
        };
        let length = behind
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(length);
        let of_second = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return false,
        };
        seconds += number * of_second;
        rest = behind;
    }
    seconds >= 0.000_999_999
}

pub(super) fn is_port_name(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() < 63
        && ends(text.chars().next())
        && ends(text.chars().last())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

pub(super) fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| is_port_name(label) && !label.bytes().any(|byte| byte.is_ascii_uppercase());
    text.split('.').all(label)
}

/// Without a scheme, an image of OCI is meant.
pub(super) fn is_plugin_url(text: &str) -> bool {
    text.split_once("://")
        .is_none_or(|(scheme, _)| ["http", "https", "file", "oci"].contains(&scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for right in ["1ms", "30s", "1h30m", "0.5s", "1.5h", "1000us", "+3s"] {
            assert!(is_duration(right), "{right}");
        }
        for wrong in ["", "30", "1d", "0s", "10us", "s", "1h 30m", "-1s", "1..5s"] {
            assert!(!is_duration(wrong), "{wrong}");
        }
    }
}
