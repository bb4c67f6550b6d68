use super::Context;
use super::scope::{Place, places};
use crate::diag::{Diagnostic, Sink, Span, Spanned, code};
use crate::model::{Port, Rule, protocol_of};
use crate::spec::decl::{Access, Action, JwtDecl, PortDecl, RuleDecl, ServiceDecl};

/// Conditions on requests are asked of ports that know them. On bytes, an ALLOW with one never matches, and a DENY
/// loses it and refuses everything.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for access in context.spec.access() {
        for rule in access.decl.rules.iter().filter(|rule| !rule.damaged) {
            if let Some((name, span)) = rule.on_requests().first().copied() {
                look(rule, name, span, access, context, sink);
            }
        }
        if access.service.is_none() {
            demands(access, context, sink);
        }
    }
    places(context).for_each(|place| unasked(place, context, sink));
}

/// Authorizers that speak HTTP are not asked about connections: Istio leaves them out there.
fn unasked(place: Place<'_>, context: Context<'_>, sink: &mut Sink) {
    let by_http = |rule: &&Rule| {
        let named = rule.authorizer.as_ref();
        let found = named.and_then(|name| context.mesh.authorizers.get(name));
        found.is_some_and(|authorizer| authorizer.http.is_some()) && !rule.on_requests()
    };
    let services = place.services(context);
    for rule in place.access.of(Action::Ask).filter(by_http) {
        let meant = |port: &&Port| {
            let (port, ports) = (port.target, &rule.ports);
            (ports.any.is_empty() || ports.any.contains(&port)) && !ports.none.contains(&port)
        };
        let ports = services.iter().flat_map(|service| &service.ports);
        let mut bytes = ports.filter(|port| !port.protocol.is_http());
        let Some(port) = bytes.find(meant) else { continue };
        let name = rule.authorizer.as_deref().unwrap_or_default();
        let message = format!("`{name}` is not asked about connections to port {}", port.number);
        sink.push(
            Diagnostic::new(&code::HTTP_ON_TCP, rule.span, message)
                .warning()
                .here("asked about requests only")
                .label(port.span, "no requests are seen here")
                .help("ask an authorizer that speaks gRPC, or write `allow` and `deny` for this port")
                .note("Istio leaves authorizers that speak HTTP out where there are only bytes"),
        );
    }
}

fn look(rule: &RuleDecl, name: &str, span: Span, access: Access<'_>, context: Context<'_>, sink: &mut Sink) {
    match access.service {
        Some(service) if !service.damaged => of_service(rule, name, span, service, sink),
        Some(_) => {}
        // A DENY of many services, of which some know no requests.
        None if rule.action == Action::Deny && rule.ports.any.is_none() => {
            if let Some((service, port)) = bytes(access, context) {
                sink.push(shut(rule, name, span, service, port));
            }
        }
        None => {}
    }
}

/// A port of the place that knows no requests.
fn bytes<'a>(access: Access<'_>, context: Context<'a>) -> Option<(&'a ServiceDecl, &'a PortDecl)> {
    let of = access.namespace.map(|namespace| &namespace.name.value);
    let here = |name: &String| of.is_none_or(|of| of == name);
    let services = context.spec.services();
    let mut services = services.filter(|(namespace, _)| here(&namespace.name.value));
    services.find_map(|(_, service)| {
        let port = service.ports.iter().find(|port| !is_http(&port.protocol))?;
        Some((service, port))
    })
}

/// What many services require of requests, some of them would require of everything.
fn demands(access: Access<'_>, context: Context<'_>, sink: &mut Sink) {
    let demand = access.decl.jwt.iter().find_map(JwtDecl::demand);
    let (Some(span), Some((service, port))) = (demand, bytes(access, context)) else {
        return;
    };
    let message = format!(
        "a token is required on port {} of `{}` too, which speaks {}: nobody could call it",
        port.number.value, service.name.value, port.protocol.value
    );
    sink.push(
        Diagnostic::new(&code::HTTP_ON_TCP, span, message)
            .here("required of everything here")
            .label(port.protocol.span, "no requests are seen here")
            .help("write the `jwt` at the services that know requests: there, other ports are left alone"),
    );
}

fn of_service(rule: &RuleDecl, name: &str, span: Span, service: &ServiceDecl, sink: &mut Sink) {
    let meant = |port: &&PortDecl| {
        let port = port.target().value;
        let within = |list: &Option<Spanned<Vec<u16>>>| list.as_ref().map(|list| list.value.contains(&port));
        within(&rule.ports.any) != Some(false) && within(&rule.ports.none) != Some(true)
    };
    let ports: Vec<_> = service.ports.iter().filter(meant).collect();
    let bytes: Vec<_> = ports.iter().filter(|port| !is_http(&port.protocol)).collect();
    let Some(port) = bytes.first() else { return };
    match rule.action {
        Action::Deny => sink.push(shut(rule, name, span, service, port)),
        // Without `ports=`, a rule with conditions is for the ports that know requests.
        _ if rule.ports.any.is_some() || bytes.len() == ports.len() => {
            sink.push(never(rule, name, span, port));
        }
        _ => {}
    }
}

fn never(rule: &RuleDecl, name: &str, span: Span, port: &PortDecl) -> Diagnostic {
    let message = format!(
        "{} never matches on port {}, which speaks {}",
        written(name),
        port.number.value,
        port.protocol.value
    );
    let found = Diagnostic::new(&code::HTTP_ON_TCP, span, message)
        .here("a condition on requests")
        .label(port.protocol.span, "no requests are seen here")
        .help(format!(
            "leave {} out, or say `http` where the port speaks it",
            written(name)
        ));
    found.note(match rule.action {
        Action::Allow | Action::Deny => "Istio lets such a rule match nothing: the caller is refused",
        Action::Audit => "Istio notes everything on such a port",
        Action::Ask => {
            "Istio asks about everything on such a port, or, where the authorizer speaks HTTP, about nothing"
        }
    })
}

fn shut(rule: &RuleDecl, name: &str, span: Span, service: &ServiceDecl, port: &PortDecl) -> Diagnostic {
    let message = format!(
        "`deny` refuses everything on port {} of `{}`, which speaks {}",
        port.number.value, service.name.value, port.protocol.value
    );
    Diagnostic::new(&code::HTTP_ON_TCP, span, message)
        .warning()
        .here("a condition on requests, which is left out there")
        .label(port.protocol.span, "no requests are seen here")
        .help(match &rule.ports.any {
            Some(_) => format!("leave the port out, or leave {} out", written(name)),
            None => format!(
                "say which ports are meant: `ports=`, or `not-ports={}`",
                port.target().value
            ),
        })
        .note("Istio drops from a DENY what cannot be asked, so that it refuses rather more than less")
}

fn written(name: &str) -> String {
    if name == "when" {
        "`when`".to_owned()
    } else {
        format!("`{name}=`")
    }
}

fn is_http(protocol: &Spanned<String>) -> bool {
    protocol_of(&protocol.value).is_http()
}
