use serde_json::{Value, json};

use super::{below, remove, set, without_default};

/// With this label, peers speak mutual TLS to the workload; with a service account they do so anyway.
const TLS_MODE: &str = "security.istio.io/tlsMode";

/// The `spec` of a WorkloadEntry. Labels of its metadata win over those of the spec.
pub(super) fn entry(spec: &mut Value, metadata: &Value) {
    if let Some(labels) = metadata
        .get("labels")
        .and_then(Value::as_object)
        .filter(|all| !all.is_empty())
    {
        if !spec.get("labels").is_some_and(Value::is_object) {
            spec["labels"] = json!({});
        }
        for (key, value) in labels
            .iter()
            .filter(|(key, _)| !crate::manifest::is_of_tools(key))
        {
            spec["labels"][key] = value.clone();
        }
    }
    without_tls_mode(spec);
    weight(spec);
}

fn weight(spec: &mut Value) {
    for nothing in [json!(0), json!(1)] {
        without_default(spec, "weight", &nothing);
    }
}

fn without_tls_mode(spec: &mut Value) {
    if spec
        .get("serviceAccount")
        .and_then(Value::as_str)
        .is_some_and(|account| !account.is_empty())
    {
        below(spec, "labels", |labels| {
            without_default(labels, TLS_MODE, &json!("istio"));
        });
    }
}

/// The `spec` of a WorkloadGroup.
pub(super) fn group(spec: &mut Value) {
    below(spec, "template", weight);
    below(spec, "probe", |probe| {
        let counts = [
            ("initialDelaySeconds", 0),
            ("timeoutSeconds", 1),
            ("periodSeconds", 10),
            ("successThreshold", 1),
            ("failureThreshold", 3),
        ];
        for (key, default) in counts {
            without_default(probe, key, &json!(default));
        }
        below(probe, "httpGet", |get| {
            without_default(get, "scheme", &json!("HTTP"));
            without_default(get, "path", &json!("/"));
            set(get, "httpHeaders", |_| ());
        });
        below(probe, "tcpSocket", |socket| {
            without_default(socket, "host", &json!("localhost"));
        });
    });
    remove(spec, "status");
}
