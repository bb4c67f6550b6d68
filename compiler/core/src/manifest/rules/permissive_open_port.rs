use super::index::{Index, SECURITY};
use super::policy::{operations, policies, rules, sources};
use super::workload::{Workload, is_subset};
use crate::diag::{Diagnostic, Sink, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// A port that takes plaintext beside others that do not. Where rules say who may call, strangers are kept out; but
/// a port for health or metrics that needs plaintext is open to all who look, or of no use.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for policy in index.kind(SECURITY, "PeerAuthentication") {
        let selector = policy.labels_at(&["spec", "selector", "matchLabels"]);
        let own = policy
            .text(&["spec", "mtls", "mode"])
            .filter(|mode| mode.value != "UNSET");
        let strict = match own {
            Some(mode) => (mode.value == "STRICT").then_some(mode),
            None => index.strict(policy.namespace(), &selector),
        };
        let Some(strict) = strict else { continue };
        for port in policy
            .at(&["spec", "portLevelMtls"])
            .map_or(&[][..], Datum::entries)
        {
            let Some(mode) = port.value.field_text("mode") else {
                continue;
            };
            if !["PERMISSIVE", "DISABLE"].contains(&mode.value.as_str())
                || guarded(index, policy, &port.key.value)
            {
                continue;
            }
            let message = format!(
                "port {} takes plaintext, and from every host that reaches it",
                port.key.value
            );
            sink.push(
                Diagnostic::new(&code::PERMISSIVE_OPEN, mode.span, message)
                    .label(strict.span, "all others take mutual TLS only")
                    .help(
                        "leave it out: probes of Istio's agent do not need it; or allow this port to `ipBlocks` only, \
                         with an AuthorizationPolicy",
                    ),
            );
        }
    }
}

/// A policy says who may call on this port: from which addresses, or at all where it is no port for probes.
fn guarded(index: &Index<'_>, of: &Object, port: &str) -> bool {
    let selector = of.labels_at(&["spec", "selector", "matchLabels"]);
    let guards: Vec<_> = policies(index)
        .filter(|policy| {
            let own = policy.labels_at(&["spec", "selector", "matchLabels"]);
            policy.namespace() == of.namespace() && (own.is_empty() || is_subset(&own, &selector))
        })
        .collect();
    let allows = guards.iter().any(|policy| {
        policy
            .text(&["spec", "action"])
            .is_none_or(|action| action.value == "ALLOW")
    });
    if allows && !is_for_probes(index, of, &selector, port) {
        return true;
    }
    guards.iter().any(|policy| {
        rules(policy).iter().any(|rule| {
            let ports = operations(rule, &["ports", "notPorts"]);
            let here = ports.is_empty() || ports.iter().any(|own| own.value == port);
            here && !sources(rule, &["ipBlocks", "notIpBlocks", "remoteIpBlocks"]).is_empty()
        })
    })
}

/// Machines call it so.
fn is_for_probes(index: &Index<'_>, of: &Object, selector: &[(String, String)], port: &str) -> bool {
    let words = ["health", "metric", "probe", "ready", "status"];
    let ports = index
        .with_labels(of.namespace(), selector)
        .into_iter()
        .flat_map(Workload::ports);
    let mut names = ports
        .filter(|(_, number)| number.value == port)
        .map(|(name, _)| name.value.to_lowercase());
    names.any(|name| words.iter().any(|word| name.contains(word)))
}
