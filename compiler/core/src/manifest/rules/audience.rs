//! Who sees an object of Istio: `exportTo`.

use std::collections::BTreeSet;

use crate::manifest::Object;
use crate::syntax::Datum;

/// The namespaces that see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// All.
    Everybody,
    /// These.
    Some(BTreeSet<String>),
}

impl Audience {
    /// What `spec.exportTo` says.
    pub(super) fn of(object: &Object) -> Self {
        let items = object.items(&["spec", "exportTo"]);
        let said: Vec<_> = items.iter().filter_map(Datum::text).map(|to| to.value).collect();
        if said.is_empty() || said.iter().any(|to| to == "*") {
            return Self::Everybody;
        }
        let own = |to: String| match to.as_str() {
            "." => object.namespace().to_owned(),
            _ => to,
        };
        Self::Some(said.into_iter().map(own).collect())
    }

    /// Somebody sees both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Some(one), Self::Some(two)) => !one.is_disjoint(two),
            _ => true,
        }
    }

    /// `namespace` sees it.
    pub(super) fn holds(&self, namespace: &str) -> bool {
        match self {
            Self::Everybody => true,
            Self::Some(all) => all.contains(namespace),
        }
    }
}
