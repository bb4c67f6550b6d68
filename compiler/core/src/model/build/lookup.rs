use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Sink, Span, Spanned, code, did_you_mean, list};
use crate::spec::decl::Spec;

/// Where names of networks and clusters lead.
pub(super) struct Lookup<'a> {
    networks: Names<'a>,
    clusters: Names<'a>,
    /// Network of each cluster that is known by now.
    network_of: BTreeMap<&'a str, &'a str>,
    /// All of the spec; references that cannot be resolved because of an earlier mistake are passed over.
    pub(super) spec: &'a Spec,
}

type Names<'a> = BTreeMap<&'a str, Span>;

impl<'a> Lookup<'a> {
    pub(super) fn new(spec: &'a Spec) -> Self {
        let networks: Names<'a> = spec
            .networks
            .iter()
            .map(|network| (network.name.value.as_str(), network.name.span))
            .collect();
        let clusters = spec
            .clusters
            .iter()
            .map(|cluster| (cluster.name.value.as_str(), cluster.name.span))
            .collect();
        let mut network_of = BTreeMap::new();
        for cluster in &spec.clusters {
            let network = match &cluster.network {
                Some(name) => networks.get_key_value(name.value.as_str()).map(|(name, _)| *name),
                None => only(&networks),
            };
            if let Some(network) = network {
                network_of.entry(cluster.name.value.as_str()).or_insert(network);
            }
        }
        Self {
            networks,
            clusters,
            network_of,
            spec,
        }
    }

    /// The network that is named, or the only one; `place` is who asks.
    pub(super) fn network(
        &self,
        name: Option<&Spanned<String>>,
        place: Span,
        who: &str,
        sink: &mut Sink,
    ) -> Option<String> {
        find(&self.networks, "network", name, place, who, sink)
    }

    /// The cluster that is named, or the only one.
    pub(super) fn cluster(
        &self,
        name: Option<&Spanned<String>>,
        place: Span,
        who: &str,
        sink: &mut Sink,
    ) -> Option<String> {
        find(&self.clusters, "cluster", name, place, who, sink)
    }

    /// The first cluster by name.
    pub(super) fn first_cluster(&self) -> Option<&str> {
        self.clusters.keys().next().copied()
    }

    /// The network of `cluster`.
    pub(super) fn network_of(&self, cluster: &str) -> Option<&str> {
        self.network_of.get(cluster).copied()
    }
}

fn only<'a>(names: &Names<'a>) -> Option<&'a str> {
    (names.len() == 1).then(|| names.keys().next().copied()).flatten()
}

fn find(
    names: &Names<'_>,
    kind: &str,
    name: Option<&Spanned<String>>,
    place: Span,
    who: &str,
    sink: &mut Sink,
) -> Option<String> {
    let known = || names.keys().copied();
    match name {
        Some(name) if names.contains_key(name.value.as_str()) => Some(name.value.clone()),
        // Their declarations are missing, and that is said elsewhere.
        _ if names.is_empty() => None,
        Some(name) => {
            let message = format!("there is no {kind} `{}`", name.value);
            let mut found = Diagnostic::new(&code::UNKNOWN_REFERENCE, name.span, message);
            found = match did_you_mean(&name.value, known()) {
                Some(near) => found
                    .here(format!("did you mean `{near}`?"))
                    .label(names.get(near).copied().unwrap_or(name.span), "declared here")
                    .help(format!("write `{near}`, or declare `{kind} {}`", name.value)),
                None => found.help(format!(
                    "write {}, or declare `{kind} {}`",
                    list(known()),
                    name.value
                )),
            };
            sink.push(found);
            None
        }
        None => match only(names) {
            Some(only) => Some(only.to_owned()),
            None => {
                let message = format!("{who} needs a {kind}: there are {}", names.len());
                sink.push(
                    Diagnostic::new(&code::MISSING, place, message)
                        .help(format!("write `{kind}=` with {}", list(known()))),
                );
                None
            }
        },
    }
}
