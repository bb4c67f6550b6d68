//! Egress gateways: which services leave by which, and by which of its ports.

use std::collections::{BTreeMap, BTreeSet};

use super::lookup::Lookup;
use super::place::egress_name;
use super::{CLUSTER_DOMAIN, ROOT_NAMESPACE};
use crate::diag::{Diagnostic, Sink, Span, code, did_you_mean, list};
use crate::model::virtual_ip::probe;
use crate::model::{
    Access, Cluster, Destination, Exit, HttpAction, HttpForward, HttpRoute, Kind, Mesh, Pods, Port, Protocol,
    Routes, Service, StreamMatch, StreamRoute, Target, Telemetry, TrafficPolicy, Visibility,
};
use crate::spec::decl::{ExitDecl, Spec};

/// Ports of gateways for single external services: none that Istio, Kubernetes or the kernel use by themselves.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 10_000;

/// Leads what is to leave by a gateway there, and adds the gateways' Services.
pub(super) fn fill(mesh: &mut Mesh, spec: &Spec, lookup: &Lookup<'_>, sink: &mut Sink) {
    let known: BTreeMap<String, Span> = mesh
        .clusters
        .values()
        .flat_map(|cluster| &cluster.egress)
        .map(|egress| (egress.name.clone(), egress.span))
        .collect();
    let mut leaving: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (namespace, external) in spec.externals() {
        let Some(decl) = &external.egress else { continue };
        let gateway = egress_name(decl.gateway.as_ref());
        if !known.contains_key(&gateway) {
            if !lookup.damaged {
                sink.push(unknown(decl, &gateway, &known));
            }
            continue;
        }
        let is = |service: &Service| {
            service.namespace == namespace.name.value && service.name == external.name.value
        };
        leaving
            .entry(gateway)
            .or_default()
            .extend(mesh.services.iter().position(is));
    }
    for (name, services) in leaving {
        let gateway = lead(mesh, &name, &services, known[&name]);
        mesh.services.push(gateway);
    }
}

fn unknown(decl: &ExitDecl, gateway: &str, known: &BTreeMap<String, Span>) -> Diagnostic {
    let span = decl.gateway.as_ref().map_or(decl.span, |name| name.span);
    let message = format!("no cluster has an egress gateway `{gateway}`");
    let found = Diagnostic::new(&code::UNKNOWN_REFERENCE, span, message);
    let names = || known.keys().map(String::as_str);
    match did_you_mean(gateway, names()) {
        Some(near) => found
            .here(format!("did you mean `{near}`?"))
            .label(known[near], "declared here")
            .help(format!("write `egress {near}`")),
        None if known.is_empty() => {
            found.help("write `egress` in a `cluster`: it becomes values for Istio's gateway chart")
        }
        None => found.help(format!("write `egress` with {}", list(names()))),
    }
}

/// Sends the traffic of `services` to the gateway `name`, and yields its Service.
fn lead(mesh: &mut Mesh, name: &str, services: &[usize], span: Span) -> Service {
    let numbers = numbers(mesh, services);
    let host = format!("{name}.{ROOT_NAMESPACE}.svc.{CLUSTER_DOMAIN}");
    let mut ports = Vec::new();
    for &at in services {
        let service = &mut mesh.services[at];
        let own = |port: &Port| Some((port.number, *numbers.get(&key(service, port.number))?));
        let exit: BTreeMap<u16, u16> = service.proxied_ports().filter_map(own).collect();
        for port in service.ports.iter() {
            if let Some(number) = exit.get(&port.number) {
                ports.push(gateway_port(port, *number));
            }
        }
        service.routes = routes(service, &exit, name, &host);
        service.exit = Some(Exit {
            gateway: name.to_owned(),
            ports: exit,
        });
    }
    ports.sort_by_key(|port| port.number);
    of_gateway(mesh, name, host, ports, span)
}

fn key(service: &Service, port: u16) -> String {
    format!("{}/{}/{port}", service.namespace, service.name)
}

/// A port of the gateway for each port of the services. Another service coming or going moves nobody; only of two that
/// meet in one place, the later by name goes on.
fn numbers(mesh: &Mesh, services: &[usize]) -> BTreeMap<String, u16> {
    let services = services.iter().map(|at| &mesh.services[*at]);
    let keys: BTreeSet<_> = services
        .flat_map(|service| service.proxied_ports().map(|port| key(service, port.number)))
        .collect();
    let mut taken = BTreeSet::new();
    let mut found = BTreeMap::new();
    for key in keys {
        let mut places = probe(&key, PORTS.into()).filter_map(|place| u16::try_from(place).ok());
        if let Some(place) = places.find(|place| taken.insert(*place)) {
            found.insert(key, FIRST_PORT + place);
        }
    }
    found
}

/// Requests stay requests on the way to the gateway, which sends them on by their hosts; all else is bytes.
fn gateway_port(port: &Port, number: u16) -> Port {
    let protocol = match port.protocol {
        Protocol::Http => Protocol::Http,
        requests if requests.is_http() => Protocol::Http2,
        _ => Protocol::Tcp,
    };
    Port {
        name: format!("{}-{number}", protocol.as_str()),
        number,
        target: number,
        target_name: None,
        protocol,
        traffic: TrafficPolicy::default(),
        span: port.span,
    }
}

fn routes(service: &Service, exit: &BTreeMap<u16, u16>, gateway: &str, host: &str) -> Routes {
    let mut routes = Routes::default();
    for port in service.proxied_ports() {
        let Some(number) = exit.get(&port.number) else {
            continue;
        };
        let to = vec![Destination {
            target: Target {
                namespace: ROOT_NAMESPACE.to_owned(),
                service: gateway.to_owned(),
                host: host.to_owned(),
                subset: None,
                port: Some(*number),
            },
            weight: 1,
            request: Default::default(),
            response: Default::default(),
        }];
        let stream = |matches| StreamRoute {
            span: service.span,
            port: Some(port.number),
            matches,
            to: to.clone(),
        };
        if port.protocol.is_http() {
            routes.http.push(request_route(port.number, to, service.span));
        } else if port.protocol.is_tls() {
            routes.tls.push(stream(vec![StreamMatch {
                sni: vec![service.host.clone()],
                ..StreamMatch::default()
            }]));
        } else {
            routes.tcp.push(stream(Vec::new()));
        }
    }
    routes
}

fn request_route(port: u16, to: Vec<Destination>, span: Span) -> HttpRoute {
    HttpRoute {
        span,
        name: None,
        port: Some(port),
        matches: Vec::new(),
        action: HttpAction::Forward(HttpForward {
            to,
            timeout: None,
            retry: None,
            path: None,
            host: None,
            mirrors: Vec::new(),
        }),
        request: Default::default(),
        response: Default::default(),
        fault: None,
        cors: None,
    }
}

/// The Service of the gateway, with pods in every cluster that has one of the name.
fn of_gateway(mesh: &Mesh, name: &str, host: String, ports: Vec<Port>, span: Span) -> Service {
    let clusters = || {
        let has_it = |cluster: &&Cluster| cluster.egress.iter().any(|egress| egress.name == name);
        mesh.clusters.values().filter(has_it)
    };
    let short = name.strip_prefix("istio-").unwrap_or(name);
    let labels = [
        ("app", name),
        ("istio", short),
        ("security.istio.io/tlsMode", "istio"),
    ];
    let selector = BTreeMap::from(labels)
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    let selector: BTreeMap<_, _> = selector.collect();
    Service {
        name: name.to_owned(),
        namespace: ROOT_NAMESPACE.to_owned(),
        host,
        kind: Kind::Egress,
        account: name.to_owned(),
        addresses_given: false,
        addresses: Vec::new(),
        ports,
        subsets: Vec::new(),
        traffic: TrafficPolicy::default(),
        visible: Visibility::Mesh,
        routes: Routes::default(),
        exit: None,
        access: Access::default(),
        mtls: None,
        telemetry: Telemetry::default(),
        port_mtls: BTreeMap::new(),
        pods: clusters()
            .map(|cluster| Pods {
                network: cluster.network.clone(),
                cluster: cluster.name.clone(),
                selector: selector.clone(),
                locality: Default::default(),
            })
            .collect(),
        selector,
        beside: BTreeSet::new(),
        groups: Vec::new(),
        span,
    }
}
