use std::collections::BTreeMap;
use std::net::SocketAddr;

use mesh_wire::cluster::*;
use mesh_wire::listener::*;
use mesh_wire::matcher::StringMatch;
use mesh_wire::policy::PolicySet;
use mesh_wire::route::*;
use mesh_wire::snapshot::{AccessLog, Identity, IdentitySource};
use mesh_wire::{Millis, Node, Snapshot, Telemetry};

pub const CLUSTER: &str = "outbound|80||forum.forum.svc.cluster.local";
pub const INBOUND: &str = "inbound|8080||";

fn base(workload: &str, spiffe: &str) -> Snapshot {
    Snapshot {
        format: 1,
        node: Some(Node {
            id: format!("sidecar~10.0.0.1~{workload}.forum~forum.svc.cluster.local"),
            name: workload.to_owned(),
            namespace: "forum".to_owned(),
            workload: workload.to_owned(),
            addresses: Vec::new(),
            cluster: "Kubernetes".to_owned(),
            mesh: "mesh1".to_owned(),
            network: "vm-network".to_owned(),
            locality: Locality::default(),
            labels: BTreeMap::from([("app".to_owned(), workload.to_owned())]),
        }),
        identity: Some(Identity {
            trust_domain: "cluster.local".to_owned(),
            trust_domain_aliases: Vec::new(),
            service_account: workload.to_owned(),
            spiffe: spiffe.to_owned(),
            source: IdentitySource::Files {
                cert_chain: String::new(),
                key: String::new(),
                roots: String::new(),
                crl: None,
            },
        }),
        telemetry: Some(Telemetry {
            metrics: true,
            access_log: Some(AccessLog::Text(None)),
            ..Telemetry::default()
        }),
        ..Snapshot::default()
    }
}

pub fn cluster(discovery: Discovery, transport: Transport, endpoints: Vec<Endpoint>) -> Cluster {
    Cluster {
        discovery,
        transport,
        http: HttpVersion::AsClient,
        balance: Balance::LeastRequest,
        locality: LocalityPolicy::Ignore,
        connect_timeout: Millis::from_secs(5),
        limits: Limits::default(),
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
        endpoints: vec![LocalityEndpoints {
            locality: Locality::default(),
            priority: 0,
            endpoints,
        }],
    }
}

pub fn endpoint(address: SocketAddr, weight: u32, mtls: bool) -> Endpoint {
    Endpoint {
        address: address.ip().to_string(),
        port: address.port(),
        weight,
        mtls,
        workload: None,
        labels: std::collections::BTreeMap::new(),
    }
}

/// Mutual TLS with whoever is `san`.
pub fn mesh(san: &str) -> Transport {
    Transport::Mesh(MeshTls {
        sni: "outbound_.80_._.forum.forum.svc.cluster.local".to_owned(),
        alpn: vec!["istio-peer-exchange".to_owned(), "istio".to_owned()],
        sans: vec![StringMatch::Exact(san.to_owned())],
    })
}

/// Everything to `forum`, whose sidecar is at `peer`, as HTTP.
pub fn outbound(peer: SocketAddr) -> Snapshot {
    let mut snapshot = base("webapp", super::CLIENT);
    let mut forum = cluster(
        Discovery::Listed,
        mesh(super::SERVER),
        vec![endpoint(peer, 1, true)],
    );
    forum.service = Some(ServiceName {
        host: "forum.forum.svc.cluster.local".to_owned(),
        name: "forum".to_owned(),
        namespace: "forum".to_owned(),
    });
    snapshot.clusters.insert(CLUSTER.to_owned(), forum);
    let passthrough = cluster(Discovery::OriginalDestination, Transport::Plaintext, Vec::new());
    snapshot
        .clusters
        .insert("PassthroughCluster".to_owned(), passthrough);
    let black_hole = cluster(Discovery::BlackHole, Transport::Plaintext, Vec::new());
    snapshot
        .clusters
        .insert("BlackHoleCluster".to_owned(), black_hole);
    snapshot.outbound_default = Some("BlackHoleCluster".to_owned());
    snapshot.routes.insert(
        "80".to_owned(),
        table("forum.forum.svc.cluster.local", vec![route(forward(CLUSTER))]),
    );
    snapshot.outbound.push(OutboundListener {
        name: "0.0.0.0_80".to_owned(),
        addresses: Vec::new(),
        port: 80,
        protocol: OutboundProtocol::Http {
            routes: "80".to_owned(),
            otherwise: CLUSTER.to_owned(),
        },
    });
    snapshot
}

/// The same as bytes.
pub fn tcp(snapshot: &mut Snapshot) {
    let share = WeightedCluster {
        cluster: CLUSTER.to_owned(),
        weight: 1,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    };
    snapshot.outbound[0].protocol = OutboundProtocol::Tcp {
        routes: Vec::new(),
        clusters: vec![share],
    };
}

pub fn forward(cluster: &str) -> Forward {
    Forward {
        clusters: vec![WeightedCluster {
            cluster: cluster.to_owned(),
            weight: 1,
            request_headers: HeaderEdits::default(),
            response_headers: HeaderEdits::default(),
        }],
        timeout: Millis(0),
        retry: None,
        path_rewrite: None,
        host_rewrite: None,
        mirrors: Vec::new(),
        hash: Vec::new(),
    }
}

pub fn route(forward: Forward) -> Route {
    Route {
        name: None,
        matches: RouteMatch {
            path: PathMatch::Prefix("/".to_owned()),
            ignore_case: false,
            headers: Vec::new(),
            query: Vec::new(),
        },
        action: RouteAction::Forward(forward),
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
        fault: None,
        cors: None,
    }
}

pub fn table(host: &str, routes: Vec<Route>) -> RouteTable {
    let domains = vec![host.to_owned()];
    RouteTable {
        virtual_hosts: vec![VirtualHost {
            name: format!("{host}:80"),
            domains,
            routes,
        }],
    }
}

/// `forum` itself: one application on whatever port, STRICT.
pub fn inbound() -> Snapshot {
    let mut snapshot = base("forum", super::SERVER);
    let mut application = cluster(Discovery::OriginalDestination, Transport::Plaintext, Vec::new());
    application.source_address = Some(super::ip("127.0.0.6"));
    snapshot.clusters.insert(INBOUND.to_owned(), application);
    snapshot.inbound.push(InboundListener {
        name: "virtualInbound".to_owned(),
        port: None,
        protocol: InboundProtocol::Http,
        mtls: MtlsMode::Strict,
        cluster: INBOUND.to_owned(),
        client_source: false,
        jwt: Vec::new(),
        authorizers: Vec::new(),
        policy: PolicySet::default(),
        routes: None,
    });
    snapshot
}
