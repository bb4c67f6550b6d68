use serde_json::{Value, json};

use crate::emit::document::Object;
use crate::emit::istio::text::export_to;
use crate::model::{Kind, Port, Protocol, Service};

/// The Service of Kubernetes, if it is one.
pub(super) fn object(service: &Service) -> Option<Value> {
    let Kind::Kubernetes { headless } = service.kind else {
        return None;
    };
    let mut spec = json!({
        "clusterIP": cluster_ip(service, headless),
        "selector": service.selector,
        "ports": service.ports.iter().map(port).collect::<Vec<_>>(),
    });
    // Addresses of both families are given together (Kubernetes, "IPv4/IPv6 dual-stack").
    if service.addresses_given && !headless && service.addresses.len() > 1 {
        spec["clusterIPs"] = json!(service.addresses);
        spec["ipFamilyPolicy"] = json!("RequireDualStack");
    }
    let object = Object {
        api: "v1",
        kind: "Service",
        namespace: Some(&service.namespace),
        name: &service.name,
    };
    // Other objects have a field for it.
    let known = export_to(service);
    let annotations = (!known.is_empty()).then(|| json!({ EXPORT_TO: known.join(",") }));
    Some(object.with(json!({ "metadata": { "annotations": annotations }, "spec": spec })))
}

/// Which namespaces know a Service (Istio `pkg/config/kube`, annotation `networking.istio.io/exportTo`).
pub(crate) const EXPORT_TO: &str = "networking.istio.io/exportTo";

/// What is not given is the cluster's to choose: the field is left out.
fn cluster_ip(service: &Service, headless: bool) -> Option<String> {
    if headless {
        return Some("None".to_owned());
    }
    service
        .addresses
        .first()
        .filter(|_| service.addresses_given)
        .map(ToString::to_string)
}

fn port(port: &Port) -> Value {
    let udp = port.protocol == Protocol::Udp;
    json!({
        "name": port.name,
        "port": port.number,
        "targetPort": port.target_name.as_ref().map_or_else(|| json!(port.target), |name| json!(name)),
        "protocol": if udp { "UDP" } else { "TCP" },
        "appProtocol": (!udp).then(|| port.protocol.as_str()),
    })
}
