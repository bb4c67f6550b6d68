use std::collections::BTreeMap;
use std::net::IpAddr;

use mesh_wire::Millis;
use mesh_wire::route::{
    DirectResponse, Forward, HeaderEdits, PathMatch, Retry, Route, RouteAction, RouteMatch, RouteTable,
    VirtualHost,
};

mod rule;

pub(super) use rule::{shares, with_places};

use super::outbound::all_to;
use super::{Viewer, gateway_service, name};
use crate::model::{Kind, Mesh, OutboundMode, Port, Service};

/// The port whose table knows every host that has routes, whether its service has that port or not.
const WEB: u16 = 80;

/// The route tables of all HTTP listeners. A table is named by its port.
pub(super) fn tables(mesh: &Mesh, viewer: &Viewer<'_>) -> BTreeMap<String, RouteTable> {
    let mut hosts: BTreeMap<u16, BTreeMap<String, VirtualHost>> = BTreeMap::new();
    for service in viewer.services(mesh) {
        for port in service.ports.iter().filter(|port| port.protocol.is_http()) {
            let table = hosts.entry(port.number).or_default();
            for (name, host) in virtual_hosts(mesh, viewer, service, port) {
                table.entry(name).or_insert(host);
            }
        }
    }
    if let Some(table) = hosts.get_mut(&WEB) {
        let services = viewer.services(mesh);
        for (name, host) in services.flat_map(|service| web_hosts(mesh, viewer, service)) {
            table.entry(name).or_insert(host);
        }
    }
    let table = |(port, hosts): (u16, BTreeMap<String, VirtualHost>)| {
        let virtual_hosts = hosts.into_values().chain([unknown_host(mesh)]).collect();
        (port.to_string(), RouteTable { virtual_hosts })
    };
    let mut tables: BTreeMap<_, _> = hosts.into_iter().map(table).collect();
    tables.extend(gateway_service::all(mesh, viewer.cluster).map(|gateway| status_table(&gateway)));
    tables
}

/// The host of a service, and hosts that have only its routes.
fn virtual_hosts(
    mesh: &Mesh,
    viewer: &Viewer<'_>,
    service: &Service,
    port: &Port,
) -> Vec<(String, VirtualHost)> {
    let routes = rule::routes(mesh, viewer, service, port.number);
    let own = VirtualHost {
        name: format!("{}:{}", service.host, port.number),
        domains: domains(mesh, viewer, service),
        routes: if routes.is_empty() {
            vec![service_route(service, port)]
        } else {
            routes.clone()
        },
    };
    let mut all = vec![(service.host.clone(), own)];
    if !routes.is_empty() {
        let more = service.routed_hosts().into_iter().skip(1);
        all.extend(more.map(|host| plain_host(host, port.number, routes.clone())));
    }
    all
}

/// Routes are given for port 80 also where the service has no such port (Istio
/// `buildSidecarVirtualHostsForVirtualService`): they lead to clusters that are not there.
fn web_hosts(mesh: &Mesh, viewer: &Viewer<'_>, service: &Service) -> Vec<(String, VirtualHost)> {
    if service
        .ports
        .iter()
        .any(|port| port.number == WEB && port.protocol.is_http())
    {
        return Vec::new();
    }
    let routes = rule::routes(mesh, viewer, service, WEB);
    if routes.is_empty() {
        return Vec::new();
    }
    let hosts = service.routed_hosts().into_iter();
    hosts.map(|host| plain_host(host, WEB, routes.clone())).collect()
}

fn plain_host(host: &str, port: u16, routes: Vec<Route>) -> (String, VirtualHost) {
    let virtual_host = VirtualHost {
        name: format!("{host}:{port}"),
        domains: vec![host.to_owned()],
        routes,
    };
    (host.to_owned(), virtual_host)
}

/// What the host of a request to `service` may be (Istio `generateVirtualHostDomains`): full name, full name with
/// a dot, the short names that resolve in the viewer's namespace, the addresses.
fn domains(mesh: &Mesh, viewer: &Viewer<'_>, service: &Service) -> Vec<String> {
    let mut all = vec![service.host.clone(), format!("{}.", service.host)];
    let Service { name, namespace, .. } = service;
    let full = format!("{name}.{}", name::namespace_domain(mesh, namespace));
    if service.host == full {
        if viewer.namespace == namespace {
            all.push(name.clone());
        }
        all.push(format!("{name}.{namespace}.svc"));
        all.push(format!("{name}.{namespace}"));
    }
    if matches!(service.kind, Kind::Kubernetes { headless: true }) {
        // Single pods are called by names of their own, `POD.SERVICE…`.
        let pods: Vec<_> = all.iter().map(|domain| format!("*.{domain}")).collect();
        all.extend(pods);
    }
    all.extend(viewer.dialable(&service.addresses).iter().map(host_of_address));
    all
}

/// An address as it stands in a Host header (RFC 3986, section 3.2.2).
fn host_of_address(address: &IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// Hosts that no service has.
fn unknown_host(mesh: &Mesh) -> VirtualHost {
    let (name, action) = match mesh.outbound {
        OutboundMode::AllowAny => ("allow_any", forward(name::PASSTHROUGH, None)),
        OutboundMode::RegistryOnly => (
            "block_all",
            RouteAction::Respond(DirectResponse {
                status: 502,
                body: String::new(),
            }),
        ),
    };
    VirtualHost {
        name: name.to_owned(),
        domains: vec!["*".to_owned()],
        routes: vec![route(name, action)],
    }
}

/// The status port of a gateway's Service, whose protocol nobody declared: one table for one address.
fn status_table(gateway: &gateway_service::GatewayService<'_>) -> (String, RouteTable) {
    let port = gateway_service::STATUS_PORT;
    let name = format!("{}:{port}", gateway.host);
    let host = VirtualHost {
        name: name.clone(),
        domains: vec!["*".to_owned()],
        routes: vec![default_route(&name::outbound(port, "", &gateway.host))],
    };
    (
        name,
        RouteTable {
            virtual_hosts: vec![host],
        },
    )
}

/// Where no VirtualService says anything.
fn default_route(cluster: &str) -> Route {
    route("default", forward(cluster, Some(default_retry())))
}

/// Where no VirtualService says anything of a service.
fn service_route(service: &Service, port: &Port) -> Route {
    let mut route = default_route(&name::outbound(port.number, "", &service.host));
    if let RouteAction::Forward(forward) = &mut route.action {
        forward.hash = service.policy(port, None).hash().cloned().into_iter().collect();
    }
    route
}

fn route(name: &str, action: RouteAction) -> Route {
    Route {
        name: Some(name.to_owned()),
        matches: everything(),
        action,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
        fault: None,
        cors: None,
    }
}

fn everything() -> RouteMatch {
    RouteMatch {
        path: PathMatch::Prefix("/".to_owned()),
        ignore_case: false,
        headers: Vec::new(),
        query: Vec::new(),
    }
}

fn forward(cluster: &str, retry: Option<Retry>) -> RouteAction {
    RouteAction::Forward(Forward {
        clusters: all_to(cluster),
        timeout: Millis(0),
        retry,
        path_rewrite: None,
        host_rewrite: None,
        mirrors: Vec::new(),
        hash: Vec::new(),
    })
}

/// Istio's default (`networking/core/route/retry/retry.go`).
fn default_retry() -> Retry {
    let on = [
        "connect-failure",
        "refused-stream",
        "unavailable",
        "cancelled",
        "retriable-status-codes",
    ];
    Retry {
        on: on.map(str::to_owned).to_vec(),
        attempts: 2,
        other_endpoint: true,
        host_selection_attempts: 5,
        ..Retry::default()
    }
}
