use std::collections::BTreeSet;

use super::gateway::selector;
use super::index::{Index, NETWORKING};
use super::workload::is_subset;
use crate::diag::{Diagnostic, Fix, Sink, Spanned, code, did_you_mean, list};
use crate::manifest::Object;
use crate::syntax::Datum;

/// A Gateway is put on pods that are there, where the objects say which gateways there are.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for gateway in index.kind(NETWORKING, "Gateway") {
        if let Some(found) = misspelt(gateway, index) {
            sink.push(found);
            continue;
        }
        let Some(installed) = Installed::beside(gateway, index) else {
            continue;
        };
        let wanted = selector(gateway);
        let pods = index
            .workloads()
            .iter()
            .any(|pods| is_subset(&wanted, &pods.labels));
        let services = index
            .services()
            .iter()
            .any(|service| is_subset(&wanted, &service.selector));
        let Some(name) = gateway.text(&["spec", "selector", "istio"]) else {
            continue;
        };
        if pods || services || installed.names.contains(&name.value) {
            continue;
        }
        let message = format!(
            "no gateway has the label `istio: {}`: this is put on nothing",
            name.value
        );
        let names = installed.names.iter().map(String::as_str);
        let help = if installed.names.is_empty() {
            "install one: `spec.components.ingressGateways` of the IstioOperator, or the chart `gateway`"
                .to_owned()
        } else {
            format!("install one with this label, or write {}", list(names))
        };
        sink.push(
            Diagnostic::new(&code::GATEWAY_NOT_INSTALLED, name.span, message)
                .label(installed.said.span, installed.said.value.as_str())
                .help(help),
        );
    }
}

/// The labels of gateways as Istio installs them.
const USUAL: [&str; 3] = ["ingressgateway", "egressgateway", "eastwestgateway"];

/// A label that no pods here have, and that is much like the label of pods that are here, or of Istio's own gateways.
fn misspelt(gateway: &Object, index: &Index<'_>) -> Option<Diagnostic> {
    let name = gateway.text(&["spec", "selector", "istio"])?;
    let pods = index.workloads().iter().flat_map(|pods| &pods.labels);
    let services = index.services().iter().flat_map(|service| &service.selector);
    let there: BTreeSet<_> = pods
        .chain(services)
        .filter(|(key, _)| key == "istio")
        .map(|(_, value)| value.as_str())
        .collect();
    let of_operator =
        Installed::beside(gateway, index).is_some_and(|installed| installed.names.contains(&name.value));
    if of_operator || there.contains(name.value.as_str()) || USUAL.contains(&name.value.as_str()) {
        return None;
    }
    let known = || there.iter().copied().chain(USUAL);
    let near = did_you_mean(&name.value, known())
        .filter(|near| strsim::damerau_levenshtein(near, &name.value) <= 2 && name.value.len() > 5)?;
    let message = format!(
        "no gateway has the label `istio: {}`: this is put on nothing",
        name.value
    );
    Some(
        Diagnostic::new(&code::GATEWAY_NOT_INSTALLED, name.span, message)
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `istio: {near}`"))
            .fix(Fix::meant(name.span, &name.value, known())),
    )
}

/// What is installed, as an IstioOperator says it.
struct Installed {
    names: Vec<String>,
    said: Spanned<String>,
}

impl Installed {
    /// Of several folders, each may be about a mesh of its own.
    fn beside(gateway: &Object, index: &Index<'_>) -> Option<Self> {
        let home = index.folder(gateway);
        let mut operators = index.kind("install.istio.io", "IstioOperator");
        let operator = operators.find(|operator| index.folder(operator) == home)?;
        let gateways =
            ["ingressGateways", "egressGateways"].map(|key| operator.items(&["spec", "components", key]));
        let mut names: Vec<_> = gateways.into_iter().flatten().filter_map(name_of).collect();
        let profile = operator
            .text(&["spec", "profile"])
            .map_or_else(|| "default".to_owned(), |profile| profile.value);
        if !names.iter().any(|(name, _)| name == "ingressgateway")
            && ["default", "demo"].contains(&profile.as_str())
        {
            names.push(("ingressgateway".to_owned(), true));
        }
        names.retain(|(_, enabled)| *enabled);
        let value = if names.is_empty() {
            "this installs no gateway"
        } else {
            "these gateways are installed"
        };
        let span = gateways_place(operator);
        let names = names.into_iter().map(|(name, _)| name).collect();
        Some(Self {
            names,
            said: Spanned {
                value: value.to_owned(),
                span,
            },
        })
    }
}

fn gateways_place(operator: &Object) -> crate::diag::Span {
    let key = operator.entry(&["spec", "components", "ingressGateways"]);
    key.map_or(operator.span, |entry| entry.key.span)
}

/// The label `istio` that a gateway gets, and whether it is installed.
fn name_of(gateway: &Datum) -> Option<(String, bool)> {
    let labelled = gateway.at(&["label"]).and_then(|label| label.field_text("istio"));
    let name = labelled.map(|label| label.value);
    let own = || {
        gateway
            .field_text("name")
            .map(|name| name.value.trim_start_matches("istio-").to_owned())
    };
    let enabled = gateway
        .field_text("enabled")
        .is_none_or(|enabled| enabled.value == "true");
    Some((name.or_else(own)?, enabled))
}
