use serde_json::{Value, json};

use super::full_host;
use super::text::duration;
use super::{below, list, remove, set, without_default};

/// The `spec` of a DestinationRule of `namespace`.
pub(super) fn destination_rule(spec: &mut Value, namespace: &str) {
    below(spec, "host", |host| {
        if let Some(text) = host.as_str() {
            *host = json!(full_host(text, namespace));
        }
    });
    export_to(spec);
    below(spec, "trafficPolicy", policy);
    set(spec, "subsets", |subset| below(subset, "trafficPolicy", policy));
}

fn export_to(spec: &mut Value) {
    set(spec, "exportTo", |_| ());
    without_default(spec, "exportTo", &json!(["*"]));
}

fn policy(policy: &mut Value) {
    below(policy, "loadBalancer", balancer);
    below(policy, "connectionPool", |pool| {
        below(pool, "tcp", |tcp| {
            without_default(tcp, "connectTimeout", &json!("10s"));
        });
        below(pool, "http", |http| {
            without_default(http, "h2UpgradePolicy", &json!("DEFAULT"));
            without_default(http, "useClientProtocol", &json!(false));
        });
    });
    below(policy, "outlierDetection", |outliers| {
        // The old word counted gateway errors.
        if let Some(old) = remove(outliers, "consecutiveErrors") {
            outliers["consecutiveGatewayErrors"] = old;
        }
        for (key, default) in [("interval", "10s"), ("baseEjectionTime", "30s")] {
            let same = outliers.get(key).and_then(Value::as_str).and_then(duration);
            if same.as_deref() == Some(default) {
                remove(outliers, key);
            }
        }
        without_default(outliers, "splitExternalLocalOriginErrors", &json!(false));
        without_default(outliers, "minHealthPercent", &json!(0));
        set(outliers, "outlierDetectionHttpErrorCodes", |_| ());
    });
    below(policy, "tls", |tls| {
        set(tls, "subjectAltNames", |_| ());
        without_default(tls, "insecureSkipVerify", &json!(false));
    });
    set(policy, "portLevelSettings", self::policy);
}

fn balancer(balancer: &mut Value) {
    without_default(balancer, "simple", &json!("UNSPECIFIED"));
    if let Some(old) = remove(balancer, "warmupDurationSecs") {
        balancer["warmup"] = json!({ "duration": old });
    }
    below(balancer, "warmup", |warm_up| {
        for (key, default) in [("minimumPercent", 10.0), ("aggression", 1.0)] {
            if warm_up.get(key).and_then(Value::as_f64) == Some(default) {
                remove(warm_up, key);
            }
        }
    });
    below(balancer, "consistentHash", |hash| {
        if let Some(size) = remove(hash, "minimumRingSize") {
            hash["ringHash"] = json!({ "minimumRingSize": size });
        }
        without_default(hash, "ringHash", &json!({ "minimumRingSize": 1024 }));
    });
    below(balancer, "localityLbSetting", |locality| {
        set(locality, "distribute", |_| ());
        set(locality, "failover", |_| ());
    });
}

/// The `spec` of a ServiceEntry of `namespace`. The addresses that istiod has given it are as good as its own.
pub(super) fn service_entry(spec: &mut Value, namespace: &str, given: Option<&Value>) {
    if let (None, Some(given)) = (spec.get("addresses"), given.and_then(Value::as_array)) {
        let hosts = spec.get("hosts").and_then(Value::as_array).cloned();
        let is_own = |one: &&Value| match (one.get("host"), &hosts) {
            (Some(host), Some(hosts)) => hosts.contains(host),
            _ => true,
        };
        let own = given.iter().filter(is_own);
        spec["addresses"] = own.filter_map(|one| one.get("value").cloned()).collect();
    }
    set(spec, "hosts", |host| {
        if let Some(text) = host.as_str() {
            *host = json!(full_host(text, namespace));
        }
    });
    set(spec, "addresses", |_| ());
    export_to(spec);
    without_default(spec, "location", &json!("MESH_EXTERNAL"));
    without_default(spec, "resolution", &json!("NONE"));
    set(spec, "subjectAltNames", |_| ());
    set(spec, "ports", |port| {
        below(port, "protocol", |protocol| {
            if let Some(text) = protocol.as_str() {
                *protocol = json!(text.to_ascii_uppercase());
            }
        });
        if port.get("targetPort") == port.get("number") {
            remove(port, "targetPort");
        }
    });
    set(spec, "endpoints", |endpoint| {
        without_default(endpoint, "weight", &json!(1));
    });
}

/// Changes of metrics, one label each: their order says something only where two are about the same label.
fn edits(all: &mut Value) {
    let mut each = Vec::new();
    for edit in all.as_array().into_iter().flatten() {
        let mut edit = edit.clone();
        below(&mut edit, "match", |at| {
            without_default(at, "mode", &json!("CLIENT_AND_SERVER"));
            without_default(at, "metric", &json!("ALL_METRICS"));
        });
        match remove(&mut edit, "tagOverrides") {
            Some(Value::Object(tags)) if !tags.is_empty() => {
                each.extend(tags.into_iter().map(|(name, tag)| {
                    let (mut one, mut tag) = (edit.clone(), tag);
                    without_default(&mut tag, "operation", &json!("UPSERT"));
                    one["tagOverrides"] = json!({ name: tag });
                    one
                }));
            }
            _ => each.push(edit),
        }
    }
    let label = |edit: &Value| {
        edit["tagOverrides"]
            .as_object()
            .and_then(|tags| tags.keys().next().cloned())
    };
    let labels: Vec<_> = each.iter().map(label).collect();
    let apart = labels
        .iter()
        .enumerate()
        .all(|(at, label)| label.is_none() || !labels.iter().take(at).any(|other| other == label));
    if apart {
        each.sort_by_cached_key(ToString::to_string);
    }
    *all = Value::from(each);
}

/// The `spec` of a Telemetry.
pub(super) fn telemetry(spec: &mut Value) {
    list(spec, "metrics", |metrics| {
        // Without providers it is for all that are there by default: Prometheus.
        without_default(metrics, "providers", &json!([{ "name": "prometheus" }]));
        below(metrics, "overrides", edits);
    });
    list(spec, "accessLogging", |log| {
        without_default(log, "disabled", &json!(false));
    });
    list(spec, "tracing", |tracing| {
        below(tracing, "randomSamplingPercentage", |share| {
            if let Some(number) = share.as_f64() {
                *share = json!(number);
            }
        });
    });
}
