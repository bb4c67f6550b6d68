use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, Span, code, list};
use crate::spec::decl::{PortDecl, Spec, TrafficDecl};

/// What is said on a port replaces all that is said of the service, also what it does not repeat (Istio
/// `GetPortLevelTrafficPolicy`).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for (whole, ports) in owners(context.spec) {
        for port in ports.iter().filter(|port| !port.traffic.is_empty()) {
            let lost = lost(whole, &port.traffic);
            if lost.is_empty() {
                continue;
            }
            let message = format!(
                "on port {} nothing of the service's {} holds",
                port.number.value,
                list(lost.iter().copied())
            );
            let found = Diagnostic::new(&code::PORT_STANDS_ALONE, place(port), message)
                .here("settings of its own replace all others")
                .help("repeat in its braces what is to hold there too")
                .note("Istio lets a port inherit nothing from its service");
            once.push(found, sink);
        }
    }
}

/// The port; where it is another object that says so, what is said there.
fn place(port: &PortDecl) -> Span {
    let TrafficDecl {
        balance,
        limits,
        eject,
        tls,
        ..
    } = &port.traffic;
    let parts = [
        limits.as_ref().map(|part| part.span),
        eject.as_ref().map(|part| part.span),
        tls.as_ref().map(|part| part.span),
        balance.as_ref().map(|part| part.span),
    ];
    let own = port.span;
    let beyond = |span: &Span| span.file != own.file || span.start < own.start || own.end < span.start;
    // In KDL, what is in braces begins behind the line of the port as well.
    let said = parts.into_iter().flatten().next().filter(beyond);
    said.unwrap_or(own)
}

fn owners(spec: &Spec) -> impl Iterator<Item = (&TrafficDecl, &[PortDecl])> {
    let inside = spec
        .services()
        .map(|(_, service)| (&service.traffic, service.ports.as_slice()));
    let outside = spec.externals();
    inside.chain(outside.map(|(_, external)| (&external.traffic, external.ports.as_slice())))
}

/// What the service says and the port does not.
fn lost(whole: &TrafficDecl, port: &TrafficDecl) -> Vec<&'static str> {
    let balanced = |traffic: &TrafficDecl| {
        traffic.balance.is_some() || traffic.warm_up.is_some() || traffic.locality.is_some()
    };
    let parts = [
        ("balance", balanced(whole), balanced(port)),
        ("limits", whole.limits.is_some(), port.limits.is_some()),
        ("eject", whole.eject.is_some(), port.eject.is_some()),
        ("tls", whole.tls.is_some(), port.tls.is_some()),
    ];
    let lost = parts.into_iter().filter(|(_, whole, port)| *whole && !*port);
    lost.map(|(name, ..)| name).collect()
}
