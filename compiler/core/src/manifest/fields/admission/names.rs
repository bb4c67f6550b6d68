//! Names of hosts, namespaces and headers.

use std::collections::BTreeSet;

use super::{said, text_that};
use crate::diag::Span;
use crate::manifest::fields::value::is_port_name;
use crate::syntax::Datum;

/// Labels of DNS with dots between; the first may be `*`, or begin with it.
pub(super) fn is_host(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let (first, rest) = text
        .split_once('.')
        .map_or((text, None), |(first, rest)| (first, Some(rest)));
    let bare = first
        .strip_prefix('*')
        .map_or(first, |rest| rest.trim_start_matches('-'));
    // Of an address of IPv6 the colons are left to others.
    let is_first = first == "*" || is_port_name(bare) || text.contains(':');
    text.len() < 256 && is_first && rest.is_none_or(|rest| rest.split('.').all(is_port_name))
}

pub(super) fn host(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| text.is_empty() || !is_host(text))
}

pub(super) fn server_host(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| {
        let (namespace, host) = text.split_once('/').unwrap_or((".", text));
        !is_host(host) || !is_namespace(namespace)
    })
}

pub(super) fn namespace_host(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| {
        text.split_once('/')
            .is_none_or(|(namespace, host)| !is_host(host) || !(is_namespace(namespace) || namespace == "~"))
    })
}

fn is_namespace(text: &str) -> bool {
    ["*", "."].contains(&text) || is_label(text)
}

fn is_label(text: &str) -> bool {
    is_port_name(text)
}

pub(super) fn gateway(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| {
        let parts: Vec<_> = text.split('/').collect();
        // What istiod makes is called otherwise, and is told where it is looked up.
        let known = |part: &&str| part.contains('~') || *part == "." || part.split('.').all(is_label);
        parts.len() > 2 || !parts.iter().all(known)
    })
}

pub(super) fn label(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| {
        !text.is_empty() && (text.len() > 63 || !is_label(text))
    })
}

/// Keys and values of labels.
pub(super) fn label_keys(datum: &Datum) -> Option<Span> {
    let is_word = |text: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let ends = |char: Option<char>| char.is_some_and(|char| char.is_ascii_alphanumeric());
        text.len() < 64 && text.bytes().all(inner) && ends(text.chars().next()) && ends(text.chars().last())
    };
    datum.entries().iter().find_map(|entry| {
        let key = &entry.key;
        let name = key.value.rsplit('/').next().unwrap_or_default();
        if !is_word(name) {
            return Some(key.span);
        }
        let value = entry.value.text()?;
        (!value.value.is_empty() && !is_word(&value.value)).then_some(value.span)
    })
}

pub(super) fn export_to(datum: &Datum) -> Option<Span> {
    let all: Vec<_> = datum.items().iter().filter_map(Datum::text).collect();
    let known = |text: &str| ["*", ".", "~"].contains(&text) || is_label(text);
    if let Some(wrong) = all.iter().find(|to| !known(&to.value)) {
        return Some(wrong.span);
    }
    let alone = ["*", "~"];
    let mixed = all
        .iter()
        .find(|to| alone.contains(&to.value.as_str()))
        .filter(|_| all.len() > 1);
    mixed.map(|to| to.span).or_else(|| twins(datum))
}

pub(super) fn exports_itself(datum: &Datum) -> Option<Span> {
    said(datum, "workloadSelector")?;
    let exports = said(datum, "exportTo")?;
    let own = |to: &Datum| to.text().is_some_and(|to| to.value == ".");
    (!exports.value.items().iter().all(own)).then_some(exports.key.span)
}

/// A text of a list that is there before.
pub(super) fn twins(datum: &Datum) -> Option<Span> {
    let mut seen = BTreeSet::new();
    let mut all = datum.items().iter().filter_map(Datum::text);
    all.find(|text| !seen.insert(text.value.clone()))
        .map(|text| text.span)
}

pub(super) fn star_alone(datum: &Datum) -> Option<Span> {
    let all: Vec<_> = datum.items().iter().filter_map(Datum::text).collect();
    all.iter().find(|host| host.value == "*/*")?;
    all.iter().find(|host| host.value != "*/*").map(|host| host.span)
}

fn is_header(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(digit)
}

pub(super) fn header(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| !is_header(text))
}

/// What is matched: claims of tokens and the proxy's own begin otherwise.
pub(super) fn header_keys(datum: &Datum) -> Option<Span> {
    let wrong = |key: &str| !key.starts_with('@') && !is_header(key.strip_prefix(':').unwrap_or(key));
    let entry = datum.entries().iter().find(|entry| wrong(&entry.key.value))?;
    Some(entry.key.span)
}

pub(super) fn regex(datum: &Datum) -> Option<Span> {
    // `*` is what Istio writes for any value.
    text_that(datum, |text| {
        text != "*" && regex_syntax::ast::parse::Parser::new().parse(text).is_err()
    })
}
