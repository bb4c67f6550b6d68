use mesh_wire::listener::MtlsMode;

use super::Context;
use super::scope::{places, sound};
use crate::diag::{Diagnostic, Sink, code};
use crate::model::{Action, Attribute, Mesh, Port, Rule, Service};

/// Callers have identities where mutual TLS is spoken, and nowhere else.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for place in places(context) {
        let Some(service) = place.service else { continue };
        for rule in place.access.rules.iter().filter(|rule| asks_who(rule)) {
            let covered: Vec<_> = service
                .ports
                .iter()
                .filter(|port| rule.covers(port.target))
                .collect();
            let plain = |target| mode(context.mesh, service, target) == MtlsMode::Disable;
            let Some(port) = covered.iter().find(|port| plain(port.target)) else {
                continue;
            };
            // Where other ports are meant, too, the rule works for them; this one may be another rule's.
            let all = covered.iter().all(|port| plain(port.target));
            let others = || {
                place
                    .access
                    .enforced(Action::Allow)
                    .any(|other| opens(other, port))
            };
            let elsewhere = rule.on_requests() && !port.protocol.is_http();
            let meant = all || !(elsewhere || rule.action == Action::Allow && others());
            if !meant || !sound(context, rule) {
                continue;
            }
            let decl = place.decl.decl.rules.iter().find(|decl| decl.span == rule.span);
            let from = decl.and_then(|decl| decl.from.any.as_ref().or(decl.from.none.as_ref()));
            let place = from.map_or(rule.span, |from| from.span);
            let message = format!(
                "callers of port {} of `{}` have no identity: mutual TLS is off there",
                port.number, service.name
            );
            let found = Diagnostic::new(&code::IDENTITY_WITHOUT_MTLS, place, message)
                .here("asks who calls")
                .label(port.span, "plaintext only");
            sink.push(if all {
                found.help("leave `mtls disable` out, or ask for addresses: `from-ip=`")
            } else {
                let help = "say which ports it is for, `ports=`, or ask for addresses there: `from-ip=`";
                found.warning().help(help)
            });
        }
    }
}

/// Callers without an identity get through it.
fn opens(rule: &Rule, port: &Port) -> bool {
    !asks_who(rule) && rule.covers(port.target) && (port.protocol.is_http() || !rule.on_requests())
}

fn asks_who(rule: &Rule) -> bool {
    let attribute = |attribute: &Attribute| {
        matches!(
            attribute,
            Attribute::SourceNamespace
                | Attribute::SourcePrincipal
                | Attribute::SourceServiceAccount
                | Attribute::SourceTrustDomain
        )
    };
    !rule.from.is_open() || rule.when.iter().any(|when| attribute(&when.attribute))
}

/// The narrowest PeerAuthentication wins.
fn mode(mesh: &Mesh, service: &Service, port: u16) -> MtlsMode {
    let namespace = mesh.namespaces.get(&service.namespace);
    service
        .port_mtls
        .get(&port)
        .copied()
        .or(service.mtls)
        .or_else(|| namespace.and_then(|namespace| namespace.mtls))
        .unwrap_or(mesh.mtls)
}
