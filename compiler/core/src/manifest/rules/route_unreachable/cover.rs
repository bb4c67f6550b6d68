//! What of a rule's conditions an earlier one takes.

use ipnet::IpNet;

use crate::syntax::{Datum, Entry};

/// No condition, or one that everything meets.
pub(super) fn takes_all(rule: &Datum) -> bool {
    let conditions = super::conditions(rule);
    let everything =
        |condition: &Datum| said(condition).all(|entry| entry.key.value == "uri" && any_path(&entry.value));
    conditions.is_empty() || conditions.iter().any(everything)
}

/// The condition of `rule` that whatever meets `narrow` meets.
pub(super) fn taking<'a>(rule: &'a Datum, narrow: &Datum) -> Option<&'a Datum> {
    super::conditions(rule).iter().find(|wide| covers(wide, narrow))
}

/// What a condition asks for.
fn said(condition: &Datum) -> impl Iterator<Item = &Entry> {
    condition
        .entries()
        .iter()
        .filter(|entry| !["name", "statPrefix", "ignoreUriCase"].contains(&entry.key.value.as_str()))
}

/// Whatever meets `narrow` meets `wide`. In doubt it does not.
fn covers(wide: &Datum, narrow: &Datum) -> bool {
    said(wide).all(|entry| {
        let key = entry.key.value.as_str();
        let (own, other) = (&entry.value, narrow.at(&[key]));
        match key {
            "uri" => any_path(own) || other.is_some_and(|other| path(own, other, folds(wide), folds(narrow))),
            "scheme" | "method" | "authority" => other.is_some_and(|other| text(own, other)),
            "headers" | "queryParams" => each(own, other, |one, two| is_empty(one) || text(one, two)),
            "withoutHeaders" | "sourceLabels" => each(own, other, |one, two| one.json() == two.json()),
            "gateways" | "sniHosts" => listed(own, other, name),
            "destinationSubnets" => listed(own, other, within),
            _ => other.is_some_and(|other| own.json() == other.json()),
        }
    })
}

fn folds(condition: &Datum) -> bool {
    condition
        .field_text("ignoreUriCase")
        .is_some_and(|folds| folds.value == "true")
}

fn any_path(datum: &Datum) -> bool {
    let is = |key: &str, value: &str| datum.field_text(key).is_some_and(|text| text.value == value);
    is("prefix", "/") || is("regex", ".*") || is("regex", "/.*")
}

fn is_empty(datum: &Datum) -> bool {
    datum.entries().is_empty() && datum.text().is_none()
}

fn path(wide: &Datum, narrow: &Datum, wide_folds: bool, narrow_folds: bool) -> bool {
    if narrow_folds && !wide_folds {
        return false;
    }
    matches(wide, narrow, |text| {
        if wide_folds {
            text.to_ascii_lowercase()
        } else {
            text.to_owned()
        }
    })
}

fn text(wide: &Datum, narrow: &Datum) -> bool {
    matches(wide, narrow, str::to_owned)
}

/// Of `exact`, `prefix` and `regex`.
fn matches(wide: &Datum, narrow: &Datum, fold: impl Fn(&str) -> String) -> bool {
    let of = |datum: &Datum, key: &str| datum.field_text(key).map(|text| fold(&text.value));
    if let Some(exact) = of(wide, "exact") {
        return of(narrow, "exact") == Some(exact);
    }
    if let Some(prefix) = of(wide, "prefix") {
        let begins = of(narrow, "exact").or_else(|| of(narrow, "prefix"));
        return begins.is_some_and(|text| text.starts_with(&prefix));
    }
    wide.field_text("regex").is_some_and(|regex| {
        narrow
            .field_text("regex")
            .is_some_and(|other| other.value == regex.value)
    })
}

/// Every key of the wide one is in the narrow one, and holds there.
fn each(wide: &Datum, narrow: Option<&Datum>, holds: impl Fn(&Datum, &Datum) -> bool) -> bool {
    wide.entries().iter().all(|entry| {
        let other = narrow.map_or(&[][..], Datum::entries);
        let mut other = other
            .iter()
            .filter(|other| other.key.value.eq_ignore_ascii_case(&entry.key.value));
        other
            .next()
            .is_some_and(|other| holds(&entry.value, &other.value))
    })
}

/// All in the narrow list is in the wide one; no list is everything.
fn listed(wide: &Datum, narrow: Option<&Datum>, is_in: impl Fn(&str, &str) -> bool) -> bool {
    let texts = |datum: &Datum| -> Vec<String> {
        let all = datum.items().iter().filter_map(Datum::text);
        all.map(|text| text.value).collect()
    };
    let (wide, narrow) = (texts(wide), narrow.map(texts).unwrap_or_default());
    !narrow.is_empty()
        && narrow
            .iter()
            .all(|narrow| wide.iter().any(|wide| is_in(wide, narrow)))
}

fn name(wide: &str, narrow: &str) -> bool {
    match wide.strip_prefix('*') {
        Some(end) => narrow.ends_with(end),
        None => wide.eq_ignore_ascii_case(narrow),
    }
}

fn within(wide: &str, narrow: &str) -> bool {
    match (wide.parse::<IpNet>(), narrow.parse::<IpNet>()) {
        (Ok(wide), Ok(narrow)) => wide.contains(&narrow),
        _ => wide == narrow,
    }
}
