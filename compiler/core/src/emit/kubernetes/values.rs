use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::emit::document::{said, without_empty, yaml_text};
use crate::emit::istio::{authorizer, telemetry};
use crate::emit::snapshot::SYSTEM_NAMESPACE;
use crate::model::{Cluster, Egress, Gateway, Kind, Mesh, OutboundMode};

/// The port of Istio's gateways where nothing else is said.
const PORT: u16 = 15443;

/// Values for Istio's charts: `istiod`, and `gateway` for each gateway of the cluster.
pub(super) fn files(mesh: &Mesh, cluster: &Cluster) -> Vec<(String, String)> {
    let mut files = vec![(
        "istiod.values.yaml".to_owned(),
        yaml_text([&istiod(mesh, cluster)]),
    )];
    for (index, gateway) in cluster.gateways.iter().enumerate() {
        let name = if index == 0 {
            "eastwest-gateway"
        } else {
            gateway.name.as_str()
        };
        files.push((
            format!("{name}.values.yaml"),
            yaml_text([&of_gateway(mesh, cluster, gateway)]),
        ));
    }
    let egress = cluster.egress.iter().map(|egress| {
        let file = format!("{}.values.yaml", egress.name);
        (file, yaml_text([&of_egress(mesh, egress)]))
    });
    files.extend(egress);
    files
}

/// What istiod has to know so that the manifests and the VMs' snapshots mean the same to it.
fn istiod(mesh: &Mesh, cluster: &Cluster) -> Value {
    let outbound = match mesh.outbound {
        OutboundMode::AllowAny => "ALLOW_ANY",
        OutboundMode::RegistryOnly => "REGISTRY_ONLY",
    };
    let log = mesh.telemetry.access_log.as_ref();
    let log = log.filter(|log| log.form.is_some() && log.file.is_none() && log.collector.is_none());
    let encoding = if telemetry::encodes_json(mesh) {
        "JSON"
    } else {
        "TEXT"
    };
    let mut values = without_empty(json!({
        "revision": mesh.revision,
        "meshConfig": {
            "trustDomain": mesh.trust_domain,
            "trustDomainAliases": mesh.trust_domain_aliases,
            "outboundTrafficPolicy": { "mode": outbound },
            "accessLogFile": log.map(|_| "/dev/stdout"),
            "accessLogEncoding": log.map(|_| encoding),
            "defaultConfig": {
                "proxyMetadata": proxy_metadata(mesh),
            },
        },
        "global": {
            "meshID": mesh.name,
            "network": said(&cluster.network),
            "multiCluster": { "clusterName": cluster.name },
        },
    }));
    // After the rest, since a log of Istio's own object is said by labels that are empty.
    let mut providers = telemetry::providers(mesh);
    providers.extend(authorizer::providers(mesh));
    if !providers.is_empty() {
        values["meshConfig"]["extensionProviders"] = json!(providers);
    }
    values
}

/// The mesh's variables, and what its services need of sidecars.
fn proxy_metadata(mesh: &Mesh) -> BTreeMap<String, String> {
    let mut all = mesh.proxy_metadata.clone();
    if own_names(mesh) {
        all.insert("ISTIO_META_DNS_CAPTURE".to_owned(), "true".to_owned());
    }
    all
}

/// Services with names of their own, which the cluster's DNS does not know: pods find them only when their sidecars
/// answer.
fn own_names(mesh: &Mesh) -> bool {
    mesh.services
        .iter()
        .any(|service| service.kind == Kind::MeshInternal)
}

/// With `networkGateway` the chart opens 15443, 15012 and 15017, and labels Service and pods with the network, by
/// which istiod finds them (Istio `manifests/charts/gateway`). It knows no other port than 15443 then, and no mesh
/// whose network has no name: for those, everything that it would do is written out.
fn of_gateway(mesh: &Mesh, cluster: &Cluster, gateway: &Gateway) -> Value {
    let mut labels = Map::from_iter([
        ("app".to_owned(), json!(gateway.name)),
        ("istio".to_owned(), json!(short_name(&gateway.name))),
    ]);
    if gateway.port != PORT || cluster.network.is_empty() {
        if gateway.port != PORT {
            labels.insert(
                "networking.istio.io/gatewayPort".to_owned(),
                json!(gateway.port.to_string()),
            );
        }
        labels.insert(
            "topology.istio.io/network".to_owned(),
            json!(said(&cluster.network)),
        );
        let port = |name, port| json!({ "name": name, "port": port, "targetPort": port });
        return without_empty(json!({
            "name": gateway.name,
            "revision": mesh.revision,
            "labels": labels,
            "env": { "ISTIO_META_REQUESTED_NETWORK_VIEW": said(&cluster.network) },
            "service": {
                "type": "LoadBalancer",
                "ports": [
                    port("status-port", 15021),
                    port("tls", gateway.port),
                    port("tls-istiod", 15012),
                    port("tls-webhook", 15017),
                ],
            },
        }));
    }
    without_empty(json!({
        "name": gateway.name,
        "revision": mesh.revision,
        "labels": labels,
        "networkGateway": cluster.network,
        "service": { "type": "LoadBalancer" },
    }))
}

/// Only the mesh calls it, so that its Service needs no load balancer. Beside the status port it has one for each port
/// of each service that leaves by it. Its pods say that they speak mutual TLS, which istiod knows of sidecars alone:
/// without, it would tell other networks of no way to them.
fn of_egress(mesh: &Mesh, egress: &Egress) -> Value {
    let service = mesh.service(SYSTEM_NAMESPACE, &egress.name);
    let ports = service.into_iter().flat_map(|service| &service.ports);
    let port = |name: &str, number: u16| json!({ "name": name, "port": number, "targetPort": number });
    let ports = ports.map(|own| port(&own.name, own.number));
    let ports: Vec<_> = std::iter::once(port("status-port", 15021)).chain(ports).collect();
    without_empty(json!({
        "name": egress.name,
        "revision": mesh.revision,
        "labels": {
            "app": egress.name,
            "istio": short_name(&egress.name),
            "security.istio.io/tlsMode": "istio",
        },
        "service": { "type": "ClusterIP", "ports": ports },
    }))
}

/// What the chart calls a gateway in its label `istio`.
pub(crate) fn short_name(gateway: &str) -> &str {
    gateway.strip_prefix("istio-").unwrap_or(gateway)
}
