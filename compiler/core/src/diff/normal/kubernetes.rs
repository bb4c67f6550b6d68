use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::manifest::istio_protocol;

/// Names of namespaces by comma, in order; a dot is the Service's own.
pub(super) fn export_to(names: &str, own: &str) -> String {
    let whole = |name: &str| {
        if name == "." {
            own.to_owned()
        } else {
            name.to_owned()
        }
    };
    let all: BTreeSet<_> = names.split(',').map(str::trim).map(whole).collect();
    all.into_iter().collect::<Vec<_>>().join(",")
}

/// What Kubernetes fills in by itself, with the value that it fills in.
fn defaults() -> [(&'static str, Value); 7] {
    [
        ("type", json!("ClusterIP")),
        ("sessionAffinity", json!("None")),
        ("internalTrafficPolicy", json!("Cluster")),
        ("externalTrafficPolicy", json!("Cluster")),
        ("ipFamilyPolicy", json!("SingleStack")),
        ("publishNotReadyAddresses", json!(false)),
        ("clusterIP", json!("")),
    ]
}

/// The `spec` of a Service.
pub(super) fn service(spec: &Value) -> Value {
    let mut fields = spec.as_object().cloned().unwrap_or_default();
    let ports = fields.remove("ports").unwrap_or_default();
    let ports = ports.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut ports: Vec<_> = ports.iter().map(port).collect();
    ports.sort_by_cached_key(|port| (port["port"].as_u64(), port["protocol"].to_string()));
    for (key, default) in defaults() {
        if fields.get(key) == Some(&default) {
            fields.remove(key);
        }
    }
    // Families follow from the addresses, and one address is what `clusterIP` says.
    let several = fields
        .get("clusterIPs")
        .and_then(Value::as_array)
        .is_some_and(|ips| ips.len() > 1);
    if !several {
        fields.remove("clusterIPs");
        if fields
            .get("ipFamilies")
            .and_then(Value::as_array)
            .is_some_and(|all| all.len() < 2)
        {
            fields.remove("ipFamilies");
        }
    }
    fields.retain(|_, value| !value.is_null() && *value != json!([]) && *value != json!({}));
    if !ports.is_empty() {
        fields.insert("ports".to_owned(), Value::from(ports));
    }
    Value::Object(fields)
}

fn port(port: &Value) -> Value {
    let mut fields: Map<String, Value> = port.as_object().cloned().unwrap_or_default();
    let transport = fields.remove("protocol");
    let app = fields.remove("appProtocol");
    let name = fields.get("name").and_then(Value::as_str).unwrap_or_default();
    let number = fields.get("port").and_then(Value::as_i64).unwrap_or_default();
    let spoken = istio_protocol(
        transport.as_ref().and_then(Value::as_str),
        app.as_ref().and_then(Value::as_str),
        name,
        number.into(),
    );
    fields.insert("protocol".to_owned(), json!(spoken));
    if fields.get("targetPort") == fields.get("port") {
        fields.remove("targetPort");
    }
    fields.retain(|_, value| !value.is_null());
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_service_are_one() {
        let long = json!({
            "type": "ClusterIP", "sessionAffinity": "None", "clusterIPs": ["10.0.0.1"], "clusterIP": "10.0.0.1",
            "ipFamilies": ["IPv4"], "selector": {"app": "a"},
            "ports": [{"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}],
        });
        let short = json!({
            "clusterIP": "10.0.0.1", "selector": {"app": "a"},
            "ports": [{"name": "http", "port": 80, "appProtocol": "http"}],
        });
        assert_eq!(service(&long), service(&short));
        let other =
            json!({"clusterIP": "10.0.0.1", "ports": [{"name": "http", "port": 80, "appProtocol": "tcp"}]});
        assert_ne!(service(&long), service(&other));
    }
}
