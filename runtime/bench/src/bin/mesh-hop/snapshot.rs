//! What a hop acts on: one service, both sides of it, counted and not logged.

use std::net::SocketAddr;

use anyhow::Result;
use mesh_bench::HOST;
use mesh_wire::Snapshot;
use serde_json::{Value, json};

use super::{CLIENT, Kind, SERVER};

const OUTBOUND: &str = "outbound|80||forum.forum.svc.cluster.local";
const INBOUND: &str = "inbound|8080||";

/// The address that clients dial.
pub(crate) fn service() -> SocketAddr {
    SocketAddr::from(([10, 96, 1, 10], 80))
}

/// What both sides say of themselves.
fn base(workload: &str, spiffe: &str) -> Value {
    json!({
        "format": 1,
        "node": {
            "id": format!("sidecar~10.0.0.1~{workload}.forum~forum.svc.cluster.local"),
            "name": workload, "namespace": "forum", "workload": workload, "addresses": [],
            "cluster": "Kubernetes", "mesh": "mesh1", "network": "vm-network", "locality": {}, "labels": { "app": workload },
        },
        "identity": {
            "trust-domain": "cluster.local", "service-account": workload, "spiffe": spiffe,
            "source": { "files": { "cert-chain": "", "key": "", "roots": "" } },
        },
        "telemetry": { "metrics": true },
    })
}

fn cluster(discovery: &str, transport: &Value, endpoints: &Value) -> Value {
    json!({
        "discovery": discovery, "transport": transport, "http": "as-client", "balance": "least-request",
        "locality": "ignore", "connect-timeout": 5000, "limits": {}, "panic-threshold": 0, "warmup": 0,
        "endpoints": [{ "locality": {}, "priority": 0, "endpoints": endpoints }],
    })
}

/// Everything to the service whose hop is at `peer`, by mutual TLS.
pub(crate) fn outbound(peer: SocketAddr, kind: Kind) -> Result<Snapshot> {
    let mut snapshot = base("webapp", CLIENT);
    let mesh = json!({ "mesh": {
        "sni": "outbound_.80_._.forum.forum.svc.cluster.local",
        "alpn": ["istio-peer-exchange", "istio"],
        "sans": [{ "exact": SERVER }],
    } });
    let endpoint =
        json!([{ "address": peer.ip().to_string(), "port": peer.port(), "weight": 1, "mtls": true }]);
    let mut service = cluster("listed", &mesh, &endpoint);
    service["service"] = json!({ "host": HOST, "name": "forum", "namespace": "forum" });
    snapshot["clusters"] = json!({ OUTBOUND: service });
    let share = json!([{ "cluster": OUTBOUND, "weight": 1 }]);
    let protocol = if kind == Kind::Tcp {
        json!({ "tcp": { "clusters": share } })
    } else {
        json!({ "http": { "routes": "80", "otherwise": OUTBOUND } })
    };
    snapshot["outbound"] = json!([{ "name": "0.0.0.0_80", "port": 80, "protocol": protocol }]);
    snapshot["outbound-default"] = json!(OUTBOUND);
    snapshot["routes"] = json!({ "80": { "virtual-hosts": [{
        "name": format!("{HOST}:80"), "domains": [HOST],
        "routes": [{ "matches": { "path": { "prefix": "/" } }, "action": { "forward": { "clusters": share, "timeout": 0 } } }],
    }] } });
    Ok(serde_json::from_value(snapshot)?)
}

/// The service's application, for workloads of the mesh alone.
pub(crate) fn inbound(kind: Kind) -> Result<Snapshot> {
    let mut snapshot = base("forum", SERVER);
    snapshot["clusters"] =
        json!({ INBOUND: cluster("original-destination", &json!("plaintext"), &json!([])) });
    snapshot["inbound"] = json!([{
        "name": "virtualInbound", "mtls": "strict", "cluster": INBOUND, "policy": { "policies": {} },
        "protocol": if kind == Kind::Tcp { "tcp" } else { "http" },
    }]);
    Ok(serde_json::from_value(snapshot)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

    use super::*;
    use mesh_proxy::telemetry::LogSink;
    use mesh_proxy::{Destinations, Shared};

    #[test]
    fn the_proxy_takes_what_is_measured() {
        for kind in [Kind::Tcp, Kind::Http1, Kind::Http2] {
            let shared = Shared::new(Destinations::Fixed(service()), LogSink::none());
            shared
                .apply(outbound(([127, 0, 0, 1], 1).into(), kind).unwrap())
                .unwrap();
            shared.apply(inbound(kind).unwrap()).unwrap();
        }
    }
}
