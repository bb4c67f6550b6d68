use serde_json::{Value, json};

use super::{NETWORKING, text};
use crate::emit::document::Object;
use crate::model::{ExternalEndpoint, Kind, Port, Resolution, Service};

/// The ServiceEntry of what is no Service of Kubernetes.
pub(super) fn object(service: &Service) -> Option<Value> {
    let mut spec = json!({ "hosts": [service.host] });
    if service.addresses_given {
        spec["addresses"] = json!(service.addresses);
    }
    spec["ports"] = service.ports.iter().map(port).collect();
    match &service.kind {
        Kind::Kubernetes { .. } | Kind::Egress => return None,
        Kind::MeshInternal => {
            spec["location"] = json!("MESH_INTERNAL");
            spec["resolution"] = json!("STATIC");
            spec["workloadSelector"] = json!({ "labels": service.selector });
        }
        Kind::External {
            resolution,
            endpoints,
            sans,
        } => {
            spec["location"] = json!("MESH_EXTERNAL");
            spec["resolution"] = json!(word(*resolution));
            spec["endpoints"] = endpoints.iter().map(endpoint).collect();
            spec["subjectAltNames"] = json!(sans);
        }
    }
    spec["exportTo"] = json!(text::export_to(service));
    let (namespace, name) = (Some(service.namespace.as_str()), service.name.as_str());
    Some(
        Object {
            api: NETWORKING,
            kind: "ServiceEntry",
            namespace,
            name,
        }
        .spec(spec),
    )
}

fn port(port: &Port) -> Value {
    let mut spec = json!({
        "number": port.number,
        "name": port.name,
        "protocol": port.protocol.as_str().to_uppercase(),
    });
    if port.target != port.number {
        spec["targetPort"] = json!(port.target);
    }
    spec
}

fn endpoint(endpoint: &ExternalEndpoint) -> Value {
    json!({
        "address": endpoint.address,
        "ports": endpoint.ports,
        "labels": endpoint.labels,
        "locality": text::locality(&endpoint.locality),
        "weight": endpoint.weight,
    })
}

const fn word(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Static => "STATIC",
        Resolution::Dns => "DNS",
        Resolution::DnsRoundRobin => "DNS_ROUND_ROBIN",
        Resolution::None => "NONE",
    }
}
