use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Fix, Sink, Span, Spanned, code, did_you_mean, list};
use crate::spec::decl::Spec;

use super::place::CLUSTER;

/// Where names of networks and clusters lead.
pub(super) struct Lookup<'a> {
    networks: Names<'a>,
    clusters: Names<'a>,
    /// Network of each cluster that is known by now.
    network_of: BTreeMap<&'a str, &'a str>,
    /// The language found mistakes: declarations may be missing for them.
    pub(super) damaged: bool,
    /// All of the spec; references that cannot be resolved because of an earlier mistake are passed over.
    pub(super) spec: &'a Spec,
}

type Names<'a> = BTreeMap<&'a str, Span>;

impl<'a> Lookup<'a> {
    pub(super) fn new(spec: &'a Spec, whole: Span, damaged: bool) -> Self {
        let networks: Names<'a> = spec
            .networks
            .iter()
            .map(|network| (network.name.value.as_str(), network.name.span))
            .collect();
        let mut clusters: Names<'a> = spec
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
        if spec.clusters.is_empty() {
            clusters.insert(CLUSTER, whole);
            network_of.extend(only(&networks).map(|network| (CLUSTER, network)));
        }
        Self {
            networks,
            clusters,
            network_of,
            damaged,
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
        self.find(&self.networks, "network", name, place, who, sink)
    }

    /// The cluster that is named, or the only one.
    pub(super) fn cluster(
        &self,
        name: Option<&Spanned<String>>,
        place: Span,
        who: &str,
        sink: &mut Sink,
    ) -> Option<String> {
        self.find(&self.clusters, "cluster", name, place, who, sink)
    }

    /// The network of `cluster`.
    pub(super) fn network_of(&self, cluster: &str) -> Option<&str> {
        self.network_of.get(cluster).copied()
    }

    /// All clusters, ordered.
    pub(super) fn clusters(&self) -> impl Iterator<Item = &'a str> {
        self.clusters.keys().copied()
    }

    /// The clusters whose pods are on `network`, ordered.
    pub(super) fn clusters_on<'b>(&'b self, network: &'b str) -> impl Iterator<Item = &'a str> + 'b {
        self.clusters()
            .filter(move |cluster| self.network_of(cluster).unwrap_or_default() == network)
    }

    fn find(
        &self,
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
            // Their declarations are missing: for a mistake, or because there is but one, without a name.
            _ if names.is_empty() && (self.damaged || name.is_none()) => None,
            Some(name) if names.is_empty() => {
                let message = format!("there is no {kind} `{}`", name.value);
                sink.push(
                Diagnostic::new(&code::UNKNOWN_REFERENCE, name.span, message).help(format!(
                    "declare `{kind} {}`, or leave `{kind}=` out: where none is declared, everything is on one",
                    name.value
                )),
            );
                None
            }
            Some(name) => {
                let message = format!("there is no {kind} `{}`", name.value);
                let mut found = Diagnostic::new(&code::UNKNOWN_REFERENCE, name.span, message);
                found = match did_you_mean(&name.value, known()) {
                    Some(near) => found
                        .here(format!("did you mean `{near}`?"))
                        .label(names.get(near).copied().unwrap_or(name.span), "declared here")
                        .help(format!("write `{near}`, or declare `{kind} {}`", name.value))
                        .fix(Fix::meant(name.span, &name.value, known())),
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
}

fn only<'a>(names: &Names<'a>) -> Option<&'a str> {
    (names.len() == 1).then(|| names.keys().next().copied()).flatten()
}
