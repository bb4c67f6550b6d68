use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// The longest that istiod signs for (MAX_WORKLOAD_CERT_TTL), in seconds.
const LONGEST: f64 = 2160.0 * 3600.0;

/// Certificates are asked for no longer than istiod gives them.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let Some(said) = machine.value("SECRET_TTL") else {
            continue;
        };
        let message = match seconds(&said.value) {
            Some(long) if long > LONGEST => "istiod signs for 2160h at most".to_owned(),
            Some(short) if short <= 0.0 => "a certificate is valid for some time".to_owned(),
            Some(_) => continue,
            None => format!("`{}` is no duration of Go", said.value),
        };
        sink.push(
            Diagnostic::new(&code::TTL_RANGE, said.span, message)
                .here("the request is refused")
                .help("write 24h, or leave it out; more than 2160h needs MAX_WORKLOAD_CERT_TTL at istiod"),
        );
    }
}

/// `1h30m` in seconds, as Go's `time.ParseDuration` reads it.
fn seconds(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    let sign = if rest.starts_with('-') { -1.0 } else { 1.0 };
    rest = rest.trim_start_matches(['-', '+']);
    if rest == "0" {
        return Some(0.0);
    }
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let units = [
            ("ns", 1e-9),
            ("us", 1e-6),
            ("µs", 1e-6),
            ("ms", 1e-3),
            ("s", 1.0),
            ("m", 60.0),
            ("h", 3600.0),
        ];
        let (unit, scale) = units.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        sum += number * scale;
    }
    (!text.trim().is_empty()).then_some(sum * sign)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations_are_those_of_go() {
        for (text, expected) in [
            ("24h", Some(86400.0)),
            ("1h30m", Some(5400.0)),
            ("1.5s", Some(1.5)),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
        for wrong in ["24", "1d", "", "h"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
