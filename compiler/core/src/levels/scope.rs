use std::collections::BTreeMap;

use crate::diag::{FileId, Span};
use crate::spec::Item;

/// The places that a level holds for.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// All.
    Everywhere,
    /// Parts of files, from their first byte to their last.
    Within(Places),
}

/// A part of each file.
type Places = BTreeMap<FileId, (usize, usize)>;

impl Scope {
    /// All that is written in the braces of a node, in every file that it is written in, inventories too; but not what
    /// it has from `defaults`, which stand elsewhere.
    pub(super) fn of_item(item: &Item, defaults: &[Self]) -> Self {
        let mut places = Places::new();
        widen(item, defaults, &mut places);
        Self::Within(places)
    }

    /// What lies in `span`.
    pub(super) fn of_span(span: Span) -> Self {
        Self::Within(Places::from([(span.file, (span.start, span.end))]))
    }

    pub(super) fn covers(&self, span: Span) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Within(places) => places
                .get(&span.file)
                .is_some_and(|(start, end)| (*start..=*end).contains(&span.start)),
        }
    }
}

fn widen(item: &Item, without: &[Scope], places: &mut Places) {
    let args = item.args.iter().map(|(_, value)| value.span);
    let props = item.props.values().map(|value| value.span);
    let labels = item.labels.iter().map(|(_, value)| value.span);
    let spans = args.chain(props).chain(labels).chain([item.span]);
    for span in spans.filter(|span| !without.iter().any(|scope| scope.covers(*span))) {
        let (start, end) = places.entry(span.file).or_insert((span.start, span.end));
        (*start, *end) = ((*start).min(span.start), (*end).max(span.end));
    }
    for child in &item.children {
        // Those that stand in the braces themselves.
        let without = if child.spec.name == "defaults" {
            &[]
        } else {
            without
        };
        widen(child, without, places);
    }
}
