use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Span;
use crate::manifest::lift::draft::Draft;
use crate::manifest::lift::index::{Labels, has};
use crate::syntax::Scalar;

/// A service or an external service that is put together.
#[derive(Debug)]
pub(in crate::manifest::lift) struct Service {
    pub(in crate::manifest::lift) draft: Draft,
    pub(in crate::manifest::lift) host: String,
    pub(in crate::manifest::lift) external: bool,
    pub(in crate::manifest::lift) selector: Labels,
    pub(in crate::manifest::lift) account: String,
    /// The account is one that objects name.
    pub(in crate::manifest::lift) account_said: Option<Span>,
    pub(in crate::manifest::lift) ports: Vec<Port>,
    /// Its versions, with their labels.
    pub(in crate::manifest::lift) subsets: BTreeMap<String, Labels>,
    /// Places of its pods, as far as they are known; `None` where no pods are.
    pub(in crate::manifest::lift) pods: Option<BTreeSet<String>>,
    /// Which namespaces know it (`exportTo`), ordered; empty is all.
    pub(in crate::manifest::lift) visible: BTreeSet<String>,
}

/// A port of a service.
#[derive(Debug)]
pub(in crate::manifest::lift) struct Port {
    pub(in crate::manifest::lift) number: i128,
    pub(in crate::manifest::lift) name: String,
    pub(in crate::manifest::lift) protocol: String,
    pub(in crate::manifest::lift) draft: Draft,
}

impl Service {
    /// Its ports by name, with what the workloads listen on.
    pub(super) fn port_targets(&self) -> impl Iterator<Item = (&str, String)> {
        self.ports.iter().map(|port| (port.name.as_str(), port.target()))
    }

    /// `serving` are the labels of its machines. Where it has some, pods have to be said.
    pub(super) fn finish(
        self,
        name: &str,
        groups: Vec<Draft>,
        guests: &[String],
        serving: &[&Labels],
    ) -> Draft {
        let is_machines = |labels: &Labels| serving.iter().any(|own| has(own, labels));
        let elsewhere = self.subsets.values().any(|labels| !is_machines(labels));
        let places = self.pods.iter().flatten();
        let span = self.draft.span();
        let mut pods: Vec<_> = places
            .map(|place| Draft::new("pods", span).prop("locality", Scalar::Text(place.clone()), span))
            .collect();
        if pods.is_empty() && !serving.is_empty() && (self.pods.is_some() || elsewhere) {
            pods.push(Draft::new("pods", span));
        }
        // One that runs on others' machines alone runs as they do.
        let guest = groups.is_empty() && !guests.is_empty() && pods.is_empty();
        let Self {
            mut draft,
            ports,
            account,
            account_said,
            external,
            ..
        } = self;
        if let Some(span) = account_said.filter(|_| !external && !guest && account != name) {
            draft.put("account", Scalar::Text(account), span);
        }
        for port in ports {
            draft.push(port.draft);
        }
        draft = draft.children(pods);
        if !guests.is_empty() {
            let on = guests.iter().fold(Draft::new("on", span), |on, group| {
                on.arg(Scalar::Text(group.clone()), span)
            });
            draft.push(on);
        }
        draft.sort();
        draft.children(groups)
    }
}

impl Port {
    /// What the workload listens on, as it is written.
    fn target(&self) -> String {
        self.draft
            .said("target")
            .unwrap_or_else(|| self.number.to_string())
    }
}
