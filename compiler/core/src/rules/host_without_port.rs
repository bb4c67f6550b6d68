use super::Context;
use super::scope::places;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::model::{Port, Rule, Service};

/// The port of `http://` URLs that no client writes into the host.
const HTTP: u16 = 80;

/// Clients name the port behind the host unless it is 80: such hosts are listed, too.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for place in places(context) {
        let Some(service) = place.service else { continue };
        for decl in &place.decl.decl.rules {
            let rule = place.access.rules.iter().find(|rule| rule.span == decl.span);
            let (Some(rule), Some(hosts)) = (rule, &decl.hosts.any) else {
                continue;
            };
            if let Some(port) = other_port(service, rule) {
                let names: Vec<_> = hosts.value.iter().map(|host| host.value.as_str()).collect();
                let missed = hosts.value.iter().find(|host| missed(&host.value, port, &names));
                if let Some(host) = missed {
                    sink.push(found(host, port));
                }
            }
        }
    }
}

fn other_port<'a>(service: &'a Service, rule: &Rule) -> Option<&'a Port> {
    service
        .ports
        .iter()
        .find(|port| port.protocol.is_http() && port.number != HTTP && rule.covers(port.target))
}

/// `host` is whole, and nothing in the list is `host` with the port.
fn missed(host: &str, port: &Port, all: &[&str]) -> bool {
    let whole = !host.contains('*') && !host.contains(':');
    let with_port = format!("{host}:{}", port.number);
    let takes = |pattern: &&str| match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(prefix), _) => with_port.starts_with(prefix),
        (None, Some(suffix)) => with_port.ends_with(suffix),
        (None, None) => *pattern == with_port,
    };
    whole && !all.iter().any(takes)
}

fn found(host: &Spanned<String>, port: &Port) -> Diagnostic {
    let (name, number) = (&host.value, port.number);
    let message = format!("`{name}` does not match calls to port {number}, whose host is `{name}:{number}`");
    Diagnostic::new(&code::HOST_WITHOUT_PORT, host.span, message)
        .label(port.span, "clients write this port behind the host")
        .help(format!("write \"{name},{name}:*\""))
}
