//! The small grammars inside values.

mod access;
pub(super) mod machine;
mod name;

pub(super) use access::{
    is_caller, is_header_name, is_host_pattern, is_jwks, is_method, is_method_pattern, is_path_pattern,
    is_url,
};
pub(super) use name::{
    LONGEST_LABEL, LONGEST_NAME, is_domain, is_env_name, is_host, is_interface, is_label, is_label_choice,
    is_label_key, is_label_value, is_owner, is_port_name, is_san, is_service_name, is_version,
};

use std::net::IpAddr;

use ipnet::IpNet;
use mesh_wire::Millis;
use mesh_wire::cluster::Locality;

use crate::diag::{Span, Spanned};

pub(super) fn port_number(number: u64) -> Option<u16> {
    u16::try_from(number).ok().filter(|port| *port > 0)
}

/// An HTTP status.
pub(super) fn status(number: u64) -> Option<u16> {
    u16::try_from(number)
        .ok()
        .filter(|status| (100..=599).contains(status))
}

/// A number above 0.
pub(super) fn decimal(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|number: &f64| *number > 0.0 && number.is_finite())
}

/// `region`, `region/zone`, `region/*`, `*`.
pub(super) fn is_place(text: &str) -> bool {
    match text.strip_suffix('*') {
        Some("") => true,
        Some(before) => before
            .strip_suffix('/')
            .is_some_and(|place| locality(place).is_some_and(|place| place.subzone.is_empty())),
        None => locality(text).is_some(),
    }
}

/// An address, or a range whose address is its first.
pub(super) fn ip_block(text: &str) -> Option<IpNet> {
    text.parse::<IpAddr>()
        .ok()
        .map(IpNet::from)
        .or_else(|| cidr(text))
}

/// `30s`, `1h30m`, `500ms`.
pub(super) fn duration(text: &str) -> Option<Millis> {
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, millis) = UNITS.iter().find(|(unit, _)| {
            rest.strip_prefix(unit)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        })?;
        rest = &rest[unit.len()..];
        total = number
            .checked_mul(*millis)
            .and_then(|part| total.checked_add(part))?;
    }
    (!text.is_empty() && total <= MAX_MILLIS).then_some(Millis(total))
}

const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

/// A year: anything longer is a mistake, and this keeps sums far from overflow.
const MAX_MILLIS: u64 = 366 * 24 * 3_600_000;

pub(super) fn percent(text: &str) -> Option<u64> {
    text.strip_suffix('%')?.parse().ok().filter(|share| *share <= 100)
}

/// A range whose address is its first.
pub(super) fn cidr(text: &str) -> Option<IpNet> {
    text.parse().ok().filter(|range: &IpNet| range.trunc() == *range)
}

/// The range that somebody meant who wrote an address inside it, or a single address.
pub(super) fn cidr_meant(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>()
        .map(|range| range.trunc())
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// `region/zone/subzone`, at least the first.
pub(super) fn locality(text: &str) -> Option<Locality> {
    let parts: Vec<_> = text.split('/').collect();
    if parts.len() > 3 || !parts.iter().all(|part| is_label_value(part)) {
        return None;
    }
    let part = |at: usize| parts.get(at).copied().unwrap_or_default().to_owned();
    Some(Locality {
        region: part(0),
        zone: part(1),
        subzone: part(2),
    })
}

/// The parts of a list by comma. Each has its own place where the text stands in the file as it is.
pub(super) fn parts(text: &str, span: Span) -> Vec<Spanned<String>> {
    let length = span.end.saturating_sub(span.start);
    let first = match length.checked_sub(text.len()) {
        Some(0) => Some(span.start),
        Some(2) => Some(span.start + 1),
        _ => None,
    };
    let mut at = 0;
    let mut found = Vec::new();
    for part in text.split(',') {
        let trimmed = part.trim();
        let start = at + (part.len() - part.trim_start().len());
        at += part.len() + 1;
        let place = first.map_or(span, |first| Span {
            start: first + start,
            end: first + start + trimmed.len(),
            ..span
        });
        if !trimmed.is_empty() {
            found.push(Spanned {
                value: trimmed.to_owned(),
                span: place,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_sums_of_units() {
        assert_eq!(duration("1h30m"), Some(Millis(5_400_000)));
        assert_eq!(duration("500ms"), Some(Millis(500)));
        for wrong in [
            "",
            "5",
            "s",
            "5x",
            "-5s",
            "99999999999999999999s",
            "9999999h",
            "5 s",
        ] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn parts_know_their_places() {
        let span = Span {
            start: 10,
            end: 19,
            ..Span::default()
        };
        let found = parts("ab, cd,", span);
        let places: Vec<_> = found
            .iter()
            .map(|part| (part.value.as_str(), part.span.start, part.span.end))
            .collect();
        assert_eq!(places, [("ab", 11, 13), ("cd", 15, 17)]);
    }
}
