mod namespaces;

use super::index::{Index, ROOT};
use super::policy::{policies, rules, sources};
use crate::diag::{Diagnostic, Fix, Sink, Spanned, code, did_you_mean};

/// Accounts of Istio's own charts, and of what is usually beside them.
const ISTIOS: &[&str] = &[
    "default",
    "istiod",
    "istio-reader-service-account",
    "istio-ingressgateway-service-account",
    "istio-egressgateway-service-account",
    "istio-eastwestgateway-service-account",
    "istio-ingressgateway",
    "istio-egressgateway",
    "istio-eastwestgateway",
    "istio-cni",
    "ztunnel",
    "kiali",
    "prometheus",
    "grafana",
    "jaeger",
    "zipkin",
    "loki",
];

/// A principal that a rule names is somebody's.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    namespaces::check(index, sink);
    for rule in policies(index).flat_map(rules) {
        for principal in sources(rule, &["principals", "notPrincipals"]) {
            look(&principal, index, sink);
        }
    }
}

fn look(principal: &Spanned<String>, index: &Index<'_>, sink: &mut Sink) {
    let text = principal.value.as_str();
    let new = |message: String| Diagnostic::new(&code::PRINCIPAL_NONEXISTENT, principal.span, message);
    if let Some(rest) = text.strip_prefix("spiffe://") {
        let message = "a principal is written without `spiffe://` here: this is nobody's".to_owned();
        sink.push(new(message).help(format!("write \"{rest}\"")).fix(Fix::rename(
            principal.span,
            text,
            rest,
        )));
        return;
    }
    if text.contains('*') {
        return;
    }
    let parts: Vec<_> = text.split('/').collect();
    let [_, "ns", namespace, "sa", account] = parts.as_slice() else {
        let message = format!("\"{text}\" is nobody's principal");
        sink.push(new(message).help("write it as in \"cluster.local/ns/NAMESPACE/sa/ACCOUNT\""));
        return;
    };
    if index.account(namespace, account).is_some() {
        return;
    }
    let known: Vec<_> = index
        .accounts(namespace)
        .map(|known| known.name.value.as_str())
        .collect();
    let near = || did_you_mean(account, known.iter().copied()).filter(|near| close(account, near));
    let suspect = *account == "istio-proxy" || *namespace == ROOT || near().is_some();
    if !suspect || is_used(namespace, account, index) {
        return;
    }
    // Nobody is called after the proxy: it has the account of its application.
    if *account == "istio-proxy" {
        let message = format!(
            "nobody has the account `{account}` of `{namespace}`: a proxy has that of its application"
        );
        sink.push(new(message).warning().note("probes of the kubelet and of Istio's agent come without any identity")
            .help("name the account of who calls; for probes of machines write nothing: they come from the agent beside the application"));
    } else if *namespace == ROOT
        && !ISTIOS.contains(account)
        && known.is_empty()
        && did_you_mean(account, ISTIOS.iter().copied()).is_some()
    {
        let near = did_you_mean(account, ISTIOS.iter().copied()).unwrap_or_default();
        let message = format!("`{account}` is no account of Istio's");
        sink.push(
            new(message)
                .warning()
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`")),
        );
    } else if let Some(near) =
        did_you_mean(account, known.iter().copied()).filter(|near| close(account, near))
    {
        let message = format!("`{account}` is no account of namespace `{namespace}`");
        sink.push(
            new(message)
                .warning()
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`, or make the ServiceAccount")),
        );
    }
}

/// Some workload runs as the account.
fn is_used(namespace: &str, account: &str, index: &Index<'_>) -> bool {
    let mut own = index
        .workloads()
        .iter()
        .filter(|workload| workload.object.namespace() == namespace);
    own.any(|workload| {
        let pods = workload
            .object
            .text(&["spec", "template", "spec", "serviceAccountName"]);
        let name = pods
            .or_else(|| workload.text("serviceAccount"))
            .or_else(|| workload.text("serviceAccountName"));
        name.is_some_and(|name| name.value == account)
    })
}

/// A slip of the finger, and no other account that lies elsewhere.
fn close(one: &str, other: &str) -> bool {
    one.len() > 3 && strsim::damerau_levenshtein(one, other) <= 2
}
