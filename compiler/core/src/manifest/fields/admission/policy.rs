//! Rules of who may call.

use super::{is, said, says, text_that};
use crate::diag::Span;
use crate::syntax::Datum;

pub(super) fn without_rules(spec: &Datum, action: &str) -> Option<Span> {
    let none = is(spec, "action", action) && said(spec, "rules").is_none();
    spec.entry("action")
        .filter(|_| none)
        .map(|entry| entry.value.span)
}

pub(super) fn no_provider(spec: &Datum) -> Option<Span> {
    let named = spec
        .at(&["provider"])
        .and_then(|provider| provider.field_text("name"));
    let asks = is(spec, "action", "CUSTOM") && said(spec, "rules").is_some();
    spec.entry("action")
        .filter(|_| asks && named.is_none())
        .map(|entry| entry.value.span)
}

pub(super) fn provider_of_others(spec: &Datum) -> Option<Span> {
    let custom = is(spec, "action", "CUSTOM");
    spec.entry("provider")
        .filter(|_| !custom)
        .map(|entry| entry.key.span)
}

pub(super) fn nothing_asked(datum: &Datum) -> Option<Span> {
    let asks = datum.entries().iter().any(|entry| says(&entry.value));
    (!asks).then_some(datum.span)
}

pub(super) fn account(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| {
        text.contains('*') || text.split('/').count() > 2 || text.split('/').any(str::is_empty)
    })
}

/// Parts between slashes: `{*}` is one, `{**}` the rest.
pub(super) fn path_template(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| {
        let parts: Vec<_> = text.trim_matches('/').split('/').collect();
        let is_template = |part: &str| ["{*}", "{**}"].contains(&part);
        let templated = parts.iter().any(|part| is_template(part));
        let rest_at = parts.iter().position(|part| *part == "{**}");
        let early = rest_at.is_some_and(|at| parts[at + 1..].iter().any(|part| is_template(part)));
        let broken = |part: &str| part.contains(['{', '}']) || templated && part.contains('*');
        early || parts.iter().any(|part| !is_template(part) && broken(part))
    })
}

pub(super) fn jwks(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| {
        let keys = serde_json::from_str::<serde_json::Value>(text);
        !text.is_empty() && !keys.is_ok_and(|keys| keys.get("keys").is_some_and(serde_json::Value::is_array))
    })
}
