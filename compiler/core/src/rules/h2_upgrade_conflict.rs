use super::site::Site;
use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, code};
use crate::model::{Http2, protocol_of};
use crate::spec::decl::{LimitsDecl, PortDecl};

/// Settings of HTTP/2 stand where it is spoken, and do not undo it.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for site in Site::all(context.spec).iter().filter(|site| !site.damaged) {
        if let Some(limits) = &site.traffic.limits {
            let ports = site.ports();
            let found = [pings(limits), upgraded(limits), without_requests(limits, &ports)];
            found
                .into_iter()
                .flatten()
                .for_each(|found| once.push(found, sink));
        }
    }
}

/// Istio asks for both.
fn pings(limits: &LimitsDecl) -> Option<Diagnostic> {
    let (have, lack, value) = match (limits.limits.ping_interval, limits.limits.ping_timeout) {
        (Some(_), None) => ("ping-interval", "ping-timeout", "5s"),
        (None, Some(_)) => ("ping-timeout", "ping-interval", "30s"),
        _ => return None,
    };
    let message = format!("`{have}=` needs `{lack}=`");
    let found = Diagnostic::new(&code::MISSING, limits.span, message);
    Some(found.help(format!("write `{lack}=\"{value}\"` beside it")))
}

fn upgraded(limits: &LimitsDecl) -> Option<Diagnostic> {
    let few = limits.limits.requests_per_connection?;
    let upgrade = limits
        .http2
        .as_ref()
        .filter(|_| limits.limits.http2 == Some(Http2::Upgrade))?;
    let message = format!("HTTP/2 is spoken to share connections, and each ends after {few} requests");
    Some(
        Diagnostic::new(&code::H2_CONFLICT, upgrade.span, message)
            .help("leave `requests-per-connection=` out; `requests=` bounds what is under way"),
    )
}

fn without_requests(limits: &LimitsDecl, ports: &[&PortDecl]) -> Option<Diagnostic> {
    let word = limits.http2.as_ref()?;
    let any = ports
        .iter()
        .any(|port| protocol_of(&port.protocol.value).is_http());
    let port = ports.first().filter(|_| !any)?;
    let message = format!("port {} speaks no HTTP", port.number.value);
    Some(
        Diagnostic::new(&code::H2_CONFLICT, word.span, message)
            .label(port.protocol.span, "connections only")
            .help("leave `http2=` out, or say `http` where the port speaks it"),
    )
}
