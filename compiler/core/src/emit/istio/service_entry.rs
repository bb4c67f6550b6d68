use serde_json::{Value, json};

use super::NETWORKING;
use crate::emit::document::Object;
use crate::model::{Kind, Port, Resolution, Service};

/// The ServiceEntry of what is no Service of Kubernetes.
pub(super) fn object(service: &Service) -> Option<Value> {
    let mut spec = json!({ "hosts": [service.host] });
    if service.addresses_given {
        spec["addresses"] = json!(service.addresses);
    }
    spec["ports"] = service.ports.iter().map(port).collect();
    match &service.kind {
        Kind::Kubernetes { .. } => return None,
        Kind::MeshInternal => {
            spec["location"] = json!("MESH_INTERNAL");
            spec["resolution"] = json!("STATIC");
            spec["workloadSelector"] = json!({ "labels": service.selector });
        }
        Kind::External {
            resolution,
            endpoints,
        } => {
            spec["location"] = json!("MESH_EXTERNAL");
            spec["resolution"] = json!(word(*resolution));
            let endpoint = |address| json!({ "address": address });
            spec["endpoints"] = endpoints.iter().map(endpoint).collect();
        }
    }
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

const fn word(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Static => "STATIC",
        Resolution::Dns => "DNS",
        Resolution::None => "NONE",
    }
}
