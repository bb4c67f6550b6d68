use serde_json::{Value, json};

use super::full_host;
use super::text::sort;
use super::{below, list, remove, set, without_default};

/// The `spec` of a VirtualService of `namespace`.
pub(super) fn virtual_service(spec: &mut Value, namespace: &str) {
    set(spec, "hosts", |host| whole(host, namespace));
    set(spec, "gateways", |gateway| in_namespace(gateway, namespace));
    without_default(spec, "gateways", &json!(["mesh"]));
    set(spec, "exportTo", |_| ());
    without_default(spec, "exportTo", &json!(["*"]));
    list(spec, "http", |route| http(route, namespace));
    for kind in ["tls", "tcp"] {
        list(spec, kind, |route| {
            set(route, "match", stream_match);
            destinations(route, namespace);
        });
    }
}

/// Gateways are named `NAME` or `NAMESPACE/NAME`.
fn in_namespace(gateway: &mut Value, namespace: &str) {
    if let Some(name) = gateway
        .as_str()
        .filter(|name| !name.contains('/') && *name != "mesh")
    {
        *gateway = json!(format!("{namespace}/{name}"));
    }
}

fn whole(host: &mut Value, namespace: &str) {
    if let Some(text) = host.as_str() {
        *host = json!(full_host(text, namespace));
    }
}

fn http(route: &mut Value, namespace: &str) {
    set(route, "match", http_match);
    // One match that asks nothing is no match.
    without_default(route, "match", &json!([{}]));
    destinations(route, namespace);
    mirrors(route, namespace);
    without_default(route, "timeout", &json!("0s"));
    for edge in ["fault", "mirror"] {
        below(route, edge, |inner| {
            for part in ["delay", "abort"] {
                below(inner, part, percent);
            }
        });
    }
    below(route, "corsPolicy", |cors| {
        if let Some(origins) = remove(cors, "allowOrigin") {
            let exact = |origin: &Value| json!({ "exact": origin });
            cors["allowOrigins"] = origins.as_array().into_iter().flatten().map(exact).collect();
        }
        for key in ["allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders"] {
            set(cors, key, |_| ());
        }
        without_default(cors, "allowCredentials", &json!(false));
    });
    below(route, "retries", |retries| {
        without_default(retries, "retryRemoteLocalities", &json!(false));
    });
    below(route, "redirect", |redirect| {
        without_default(redirect, "redirectCode", &json!(301));
    });
}

/// `percent` is the old word for `percentage.value`; all is the default.
fn percent(fault: &mut Value) {
    if let Some(percent) = remove(fault, "percent") {
        fault["percentage"] = json!({ "value": percent });
    }
    below(fault, "percentage", |share| below(share, "value", number));
}

/// Whole numbers have no fraction.
fn number(value: &mut Value) {
    if let Some(float) = value.as_f64() {
        *value = json!(float);
    }
}

fn mirrors(route: &mut Value, namespace: &str) {
    let shares = ["mirrorPercentage", "mirrorPercent", "mirror_percent"];
    let [share, old, older] = shares.map(|key| remove(route, key));
    if let Some(destination) = remove(route, "mirror") {
        let old = old.or(older).map(|percent| json!({ "value": percent }));
        let share = share.or(old);
        route["mirrors"] = json!([{ "destination": destination, "percentage": share }]);
    }
    set(route, "mirrors", |mirror| {
        below(mirror, "destination", |to| destination(to, namespace));
        percent(mirror);
        let all = json!({ "value": 100.0 });
        if mirror
            .get("percentage")
            .is_none_or(|share| share.is_null() || *share == all)
        {
            remove(mirror, "percentage");
        }
    });
}

fn destinations(route: &mut Value, namespace: &str) {
    list(route, "route", |to| {
        below(to, "destination", |to| destination(to, namespace));
    });
    let alone = route
        .get("route")
        .and_then(Value::as_array)
        .is_some_and(|to| to.len() == 1);
    list(route, "route", |to| {
        let weight = to.get("weight").and_then(Value::as_u64).unwrap_or(0);
        // One destination gets everything, unless its share is zero among several.
        if alone || weight == 0 {
            remove(to, "weight");
        }
    });
    if let Some(to) = route.get_mut("route").and_then(Value::as_array_mut) {
        sort(to);
    }
}

fn destination(to: &mut Value, namespace: &str) {
    below(to, "host", |host| whole(host, namespace));
    without_default(to, "subset", &json!(""));
}

fn http_match(matching: &mut Value) {
    // It is what statistics call it.
    remove(matching, "name");
    without_default(matching, "ignoreUriCase", &json!(false));
    set(matching, "gateways", |_| ());
    for (key, any) in [("headers", ".*"), ("queryParams", ".*"), ("withoutHeaders", "*")] {
        below(matching, key, |all| {
            for asked in all.as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
                let is_any = *asked == json!({}) || *asked == json!({ "regex": ".*" });
                if is_any || asked.is_null() {
                    *asked = json!({ "regex": any });
                }
            }
        });
    }
}

fn stream_match(matching: &mut Value) {
    for key in ["sniHosts", "destinationSubnets", "gateways"] {
        set(matching, key, |_| ());
    }
}

/// The `spec` of a Gateway.
pub(super) fn gateway(spec: &mut Value) {
    set(spec, "servers", |server| {
        set(server, "hosts", |_| ());
        below(server, "port", |port| {
            // Old, and without effect.
            remove(port, "targetPort");
            below(port, "protocol", |protocol| {
                if let Some(text) = protocol.as_str() {
                    *protocol = json!(text.to_ascii_uppercase());
                }
            });
        });
        below(server, "tls", |tls| {
            without_default(tls, "mode", &json!("PASSTHROUGH"));
        });
    });
}
