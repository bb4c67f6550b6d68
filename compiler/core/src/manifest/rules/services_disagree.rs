use std::collections::BTreeMap;

use super::index::Index;
use super::workload::{Service, ServicePort, Workload, shown};
use crate::diag::{Diagnostic, Sink, code};

/// All Services of a workload say the same of a port of its: the proxy before it listens there once.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut told = Vec::new();
    for workload in index.pods() {
        let services = index.selecting(workload);
        if services.len() > 1 {
            look(workload, &services, &mut told, sink);
        }
    }
}

type Use<'s, 'a> = (&'s Service<'a>, &'s ServicePort);

fn look<'s, 'a>(
    workload: &Workload<'_>,
    services: &[&'s Service<'a>],
    told: &mut Vec<crate::diag::Span>,
    sink: &mut Sink,
) {
    let mut ports: BTreeMap<&str, Vec<Use<'s, 'a>>> = BTreeMap::new();
    let mut services: Vec<_> = services.to_vec();
    services.sort_by_key(|service| service.object.span);
    services.dedup_by_key(|service| service.object.span);
    for service in services {
        for port in &service.ports {
            ports.entry(&port.target.value).or_default().push((service, port));
        }
    }
    for (target, uses) in ports {
        let mut known = uses
            .iter()
            .filter_map(|(service, port)| Some((service, port, family(port)?)));
        let Some((first, said, kind)) = known.next() else {
            continue;
        };
        for (service, port, own) in known {
            if own == kind || told.contains(&port.span) {
                continue;
            }
            told.push(port.span);
            let message = format!(
                "two Services say different protocols of port {target} of the {}: {kind} and {own}",
                workload.shown(),
            );
            sink.push(
                Diagnostic::new(&code::SERVICES_DISAGREE, port.span, message)
                    .here(format!("the {} says {own}", shown(service.object)))
                    .label(said.span, format!("the {} says {kind}", shown(first.object)))
                    .help("begin the names of both ports with the same protocol, or give them different targetPorts"),
            );
        }
    }
}

/// What a proxy does alike; nothing where the protocol is not said.
fn family(port: &ServicePort) -> Option<&'static str> {
    Some(match port.protocol.as_deref()?.to_ascii_lowercase().as_str() {
        "http" | "http2" | "grpc" | "grpc-web" | "kubernetes.io/h2c" | "kubernetes.io/ws" => "http",
        "https" | "tls" | "kubernetes.io/wss" => "tls",
        "mongo" => "mongo",
        "redis" => "redis",
        "mysql" => "mysql",
        "tcp" => "tcp",
        _ => return None,
    })
}
