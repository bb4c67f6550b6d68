//! What the configuration of the mesh says: that of an IstioOperator, and the ConfigMap of istiod.

use super::index::{Index, ROOT};
use crate::diag::{Span, Spanned};
use crate::manifest::Object;
use crate::syntax::Datum;

/// What stands at `path` of MeshConfig in an IstioOperator.
pub(super) fn at<'a>(index: &Index<'a>, path: &[&str]) -> Option<&'a Datum> {
    let path: Vec<_> = ["spec", "meshConfig"].iter().chain(path).copied().collect();
    let mut operators = index.kind("install.istio.io", "IstioOperator");
    operators.find_map(|operator| operator.at(&path))
}

/// MeshConfig as the ConfigMap of istiod holds it: as a text within the text.
pub(super) fn in_config_map<'a>(index: &Index<'a>) -> impl Iterator<Item = (&'a str, Span)> {
    let sources = index.sources;
    let of_istiod = |object: &&Object| {
        let name = object.name.value.as_str();
        object.namespace() == ROOT && (name == "istio" || name.starts_with("istio-"))
    };
    let maps = index.kind("", "ConfigMap").filter(of_istiod);
    maps.filter_map(move |object| {
        let span = object.at(&["data", "mesh"])?.span;
        Some((text_at(sources, span)?, span))
    })
}

/// The line `key: value` of MeshConfig in the ConfigMap of istiod, where it stands outermost.
pub(super) fn line(index: &Index<'_>, key: &str) -> Option<Spanned<String>> {
    in_config_map(index).find_map(|(text, span)| {
        let mut at = span.start;
        for line in text.split_inclusive('\n') {
            let rest = line.trim_start().strip_prefix(key);
            if let Some(value) = rest.and_then(|rest| rest.strip_prefix(':')) {
                let start = at + (line.len() - value.len()) + (value.len() - value.trim_start().len());
                let end = start + value.trim().len();
                let value = value.trim().trim_matches(['"', '\'']).to_owned();
                return Some(Spanned {
                    value,
                    span: Span { start, end, ..span },
                });
            }
            at += line.len();
        }
        None
    })
}

/// The text of a place.
pub(super) fn text_at(sources: &crate::diag::Sources, span: Span) -> Option<&str> {
    sources.get(span.file)?.text.get(span.start..span.end)
}
