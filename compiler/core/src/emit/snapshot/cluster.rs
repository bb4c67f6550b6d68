use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use mesh_wire::cluster as wire;
use mesh_wire::cluster::{
    Cluster, Discovery, HttpVersion, LocalityEndpoints, LocalityPolicy, MeshTls, OfBytes, ServiceName,
    Transport,
};
use mesh_wire::listener::{MtlsMode, OutboundListener, OutboundProtocol};
use mesh_wire::route::{HashPolicy, RouteAction};
use mesh_wire::{Millis, Snapshot};

use super::endpoint::{Finder, PodView};
use super::transport::{alpn, transport};
use super::{Options, Viewer, external, gateway_service, inbound, name, traffic};
use crate::model::{Kind, Mesh, Port, Resolution, Service, Subset};

/// The address that inbound connections come from: capture lets it pass.
const INBOUND_SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 6));

/// The clusters of what comes in to `viewer`, by name.
pub(super) fn inbound(viewer: &Viewer<'_>) -> BTreeMap<String, Cluster> {
    let ports = inbound::ports(viewer).into_iter();
    let clusters = ports.map(|port| {
        (
            name::inbound(port.number),
            inbound_cluster(port.service, port.port),
        )
    });
    let unlisted = (name::INBOUND_PASSTHROUGH.to_owned(), from_inbound(passthrough()));
    clusters.chain([unlisted]).collect()
}

/// The clusters that `viewer` may call, by name. What they hold depends on its [`View`](super::View) alone.
pub(super) fn outbound(mesh: &Mesh, viewer: &Viewer<'_>, options: &Options) -> BTreeMap<String, Cluster> {
    let finder = Finder {
        mesh,
        viewer,
        options,
    };
    let mut all = BTreeMap::from([
        (name::BLACK_HOLE.to_owned(), plain(Discovery::BlackHole)),
        (name::PASSTHROUGH.to_owned(), passthrough()),
    ]);
    for service in viewer.services(mesh) {
        for port in service.proxied_ports() {
            for subset in std::iter::once(None).chain(service.subsets.iter().map(Some)) {
                let named = subset.map_or("", |subset| subset.name.as_str());
                let cluster = of_port(&finder, service, port, subset);
                all.insert(name::outbound(port.number, named, &service.host), cluster);
            }
        }
    }
    for (key, cluster) in gateway_clusters(mesh, viewer) {
        all.insert(key, cluster);
    }
    all
}

/// The names of all outbound clusters that `viewer` knows.
pub(super) fn names(mesh: &Mesh, viewer: &Viewer<'_>) -> BTreeSet<String> {
    let mut all = BTreeSet::from([name::BLACK_HOLE.to_owned(), name::PASSTHROUGH.to_owned()]);
    for service in viewer.services(mesh) {
        for port in service.proxied_ports() {
            let subsets = service.subsets.iter().map(|subset| subset.name.as_str());
            let each = std::iter::once("").chain(subsets);
            all.extend(each.map(|subset| name::outbound(port.number, subset, &service.host)));
        }
    }
    all.extend(gateway_clusters(mesh, viewer).into_iter().map(|(name, _)| name));
    all
}

/// Gives a cluster without endpoints to every name that something leads to and that is not `known`. Envoy answers 503
/// there; a snapshot has no names that lead nowhere.
pub(super) fn close(snapshot: &mut Snapshot, known: &BTreeSet<String>) {
    let unknown: BTreeSet<_> = led_to(snapshot)
        .filter(|name| !known.contains(*name))
        .cloned()
        .collect();
    for name in unknown {
        snapshot.clusters.insert(name, plain(Discovery::BlackHole));
    }
}

/// The clusters that routes and outbound listeners lead to.
fn led_to(snapshot: &Snapshot) -> impl Iterator<Item = &String> {
    let routes = snapshot
        .routes
        .values()
        .flat_map(|table| &table.virtual_hosts)
        .flat_map(|host| &host.routes)
        .filter_map(|route| match &route.action {
            RouteAction::Forward(forward) => Some(forward),
            RouteAction::Redirect(_) | RouteAction::Respond(_) => None,
        })
        .flat_map(|forward| {
            let mirrors = forward.mirrors.iter().map(|mirror| &mirror.cluster);
            forward.clusters.iter().map(|share| &share.cluster).chain(mirrors)
        });
    routes.chain(snapshot.outbound.iter().flat_map(of_listener))
}

fn of_listener(listener: &OutboundListener) -> Vec<&String> {
    let shares: Vec<_> = match &listener.protocol {
        OutboundProtocol::Http { .. } => Vec::new(),
        OutboundProtocol::Tcp { clusters, routes } => {
            let routed = routes.iter().flat_map(|route| &route.clusters);
            routed.chain(clusters).collect()
        }
        OutboundProtocol::Tls { routes, .. } => routes.iter().flat_map(|route| &route.clusters).collect(),
    };
    shares.into_iter().map(|share| &share.cluster).collect()
}

fn of_port(finder: &Finder<'_>, service: &Service, port: &Port, subset: Option<&Subset>) -> Cluster {
    let traffic = service.policy(port, subset);
    // What holds of the port decides for its versions too (Istio `buildSubsetCluster`).
    let whole = service.policy(port, None);
    let discovery = if [&traffic, &whole].into_iter().any(traffic::is_passthrough) {
        Discovery::OriginalDestination
    } else {
        discovery(finder, service)
    };
    let endpoints = match (&service.kind, discovery) {
        (_, Discovery::OriginalDestination) => Vec::new(),
        (Kind::External { endpoints, .. }, _) => external::endpoints(service, endpoints, port, subset),
        _ => finder.find(service, port, subset),
    };
    // Gateways may be given by host names: the proxy then looks up what istiod would.
    let named_gateway = discovery == Discovery::Listed && endpoints.iter().any(has_name);
    let discovery = if named_gateway {
        Discovery::StrictDns
    } else {
        discovery
    };
    let mut cluster = Cluster {
        http: if port.protocol.is_http2() {
            HttpVersion::Http2
        } else {
            HttpVersion::Http1
        },
        service: Some(service_name(service)),
        port_override: external::port_override(service, port),
        endpoints,
        ..plain(discovery)
    };
    traffic::apply(&mut cluster, &traffic);
    cluster.source_hash = !port.protocol.is_http() && traffic.hash() == Some(&HashPolicy::SourceIp);
    cluster.transport = transport(finder.mesh, service, port, subset, &traffic, &cluster);
    for endpoint in cluster
        .endpoints
        .iter_mut()
        .flat_map(|place| &mut place.endpoints)
    {
        endpoint.labels = traffic::asked(&cluster.locality, &endpoint.labels);
    }
    cluster
}

fn has_name(place: &LocalityEndpoints) -> bool {
    place
        .endpoints
        .iter()
        .any(|endpoint| endpoint.address.parse::<IpAddr>().is_err())
}

fn discovery(finder: &Finder<'_>, service: &Service) -> Discovery {
    match &service.kind {
        Kind::Kubernetes { headless: true } => Discovery::OriginalDestination,
        Kind::External {
            resolution: Resolution::Dns,
            ..
        } => Discovery::StrictDns,
        Kind::External {
            resolution: Resolution::DnsRoundRobin,
            ..
        } => Discovery::LogicalDns,
        Kind::External {
            resolution: Resolution::None,
            ..
        } => Discovery::OriginalDestination,
        Kind::External {
            resolution: Resolution::Static,
            ..
        } => Discovery::Listed,
        // Pods whose addresses nobody said, with no gateway before them: the ClusterIP that the client dialled
        // is the way to them.
        _ if finder.pods(service) == PodView::Unknown
            && service.groups.is_empty()
            && service.addresses_given =>
        {
            Discovery::OriginalDestination
        }
        _ => Discovery::Listed,
    }
}

fn service_name(service: &Service) -> ServiceName {
    ServiceName {
        host: service.host.clone(),
        // What is no Service of Kubernetes is called by its host (Istio `serviceentry/conversion.go`).
        name: if service.is_kubernetes() {
            service.name.clone()
        } else {
            service.host.clone()
        },
        namespace: service.namespace.clone(),
    }
}

/// Clusters of the gateways' own Services. Gateways have no sidecar, so no endpoint of theirs can be reached from
/// another network: istiod lists none either. In their namespace, Istio's root, the mesh's mode of mutual TLS holds.
fn gateway_clusters(mesh: &Mesh, viewer: &Viewer<'_>) -> Vec<(String, Cluster)> {
    let mut all = Vec::new();
    for gateway in gateway_service::all(mesh, viewer.cluster) {
        for port in gateway
            .tls_ports()
            .into_iter()
            .chain([gateway_service::STATUS_PORT])
        {
            let sni = name::sni(port, "", &gateway.host);
            let undeclared = port == gateway_service::STATUS_PORT;
            let tls = MeshTls {
                sni,
                alpn: alpn(false),
                sans: Vec::new(),
            };
            let cluster = Cluster {
                transport: match mesh.mtls {
                    MtlsMode::Disable => Transport::Plaintext,
                    MtlsMode::Strict | MtlsMode::Permissive => Transport::Mesh(tls),
                },
                http: if undeclared {
                    HttpVersion::AsClient
                } else {
                    HttpVersion::Http1
                },
                service: Some(ServiceName {
                    host: gateway.host.clone(),
                    name: gateway.name.to_owned(),
                    namespace: gateway_service::SYSTEM_NAMESPACE.to_owned(),
                }),
                ..plain(Discovery::Listed)
            };
            all.push((name::outbound(port, "", &gateway.host), cluster));
        }
    }
    all
}

fn inbound_cluster(service: &Service, port: &Port) -> Cluster {
    let mut cluster = plain(Discovery::OriginalDestination);
    if port.protocol.is_http2() {
        cluster.http = HttpVersion::Http2;
    }
    let traffic = service.policy(port, None);
    traffic::apply_pool(&mut cluster, traffic.limits.as_ref());
    traffic::apply_retry_budget(&mut cluster, &traffic);
    let limits = &mut cluster.limits;
    if limits.idle_timeout.is_some() || limits.connection_age.is_some() {
        // Of bytes that arrive Istio says neither (`buildInboundNetworkFilters`).
        limits.bytes = Some(OfBytes::default());
    }
    from_inbound(Cluster {
        service: Some(service_name(service)),
        ..cluster
    })
}

fn passthrough() -> Cluster {
    let mut cluster = plain(Discovery::OriginalDestination);
    cluster.http = HttpVersion::AsClient;
    // Istio closes idle upstream connections of its passthrough clusters after five minutes, those of requests.
    cluster.limits.idle_timeout = Some(Millis::from_secs(300));
    cluster.limits.bytes = Some(OfBytes::default());
    cluster
}

fn from_inbound(cluster: Cluster) -> Cluster {
    Cluster {
        source_address: Some(INBOUND_SOURCE),
        ..cluster
    }
}

fn plain(discovery: Discovery) -> Cluster {
    Cluster {
        discovery,
        transport: Transport::Plaintext,
        http: HttpVersion::Http1,
        balance: traffic::balance(discovery, None),
        locality: LocalityPolicy::Ignore,
        connect_timeout: traffic::CONNECT_TIMEOUT,
        limits: wire::Limits::default(),
        outliers: None,
        panic_threshold: 0,
        keepalive: None,
        warmup: Millis(0),
        warmup_curve: None,
        name_refresh: None,
        source_address: None,
        source_hash: false,
        port_override: None,
        service: None,
        endpoints: Vec::new(),
    }
}
