mod http;

use serde_json::{Value, json};

use super::{NETWORKING, egress, text};
use crate::emit::document::Object;
use crate::model::{Destination, Sender, Service, StreamMatch, StreamRoute, Target};

/// The VirtualService of a service, if it has routes.
pub(super) fn object(service: &Service) -> Option<Value> {
    if service.routes.is_empty() {
        return None;
    }
    let (namespace, name) = (Some(service.namespace.as_str()), service.name.as_str());
    let object = Object {
        api: NETWORKING,
        kind: "VirtualService",
        namespace,
        name,
    };
    let routes = &service.routes;
    let mut matches = routes.tls.iter().flat_map(|route| &route.matches);
    let ranged = matches.any(|matching| !matching.addresses.is_empty());
    let mut spec = json!({
        "hosts": service.routed_hosts(),
        "gateways": null,
        "exportTo": text::export_to(service),
        "http": routes.http.iter().map(http::route).collect::<Vec<_>>(),
        "tls": routes.tls.iter().map(|route| stream(route, ranged)).collect::<Vec<_>>(),
        "tcp": routes.tcp.iter().map(|route| stream(route, false)).collect::<Vec<_>>(),
    });
    if let Some(exit) = &service.exit {
        egress::complete(&mut spec, service, exit);
    }
    Some(object.spec(spec))
}

/// `ranged`: other matches of the list ask for addresses.
fn stream(route: &StreamRoute, ranged: bool) -> Value {
    let alone = route.to.len() == 1;
    let to = |to: &Destination| {
        json!({
            "destination": target(&to.target),
            "weight": (!alone).then_some(to.weight),
        })
    };
    let matches = route
        .matches
        .iter()
        .flat_map(|matching| of_senders(&matching.from, || stream_match(route.port, matching, ranged)));
    let mut matches: Vec<_> = matches.collect();
    if let (true, Some(port)) = (route.matches.is_empty(), route.port) {
        matches.push(json!({ "port": port }));
    }
    json!({
        "match": matches,
        "route": route.to.iter().map(to).collect::<Vec<_>>(),
    })
}

/// For TLS, a match without ranges would get those of a match before it (Istio
/// `buildSidecarOutboundTLSFilterChainOpts`), so that it says `0.0.0.0/0`, which Istio takes for any address.
fn stream_match(port: Option<u16>, matching: &StreamMatch, ranged: bool) -> Value {
    let subnets = if ranged && matching.addresses.is_empty() {
        json!(["0.0.0.0/0"])
    } else {
        json!(matching.addresses)
    };
    json!({
        "port": port,
        "sniHosts": matching.sni,
        "destinationSubnets": subnets,
    })
}

/// The same conditions for each sender: one match has room for one.
fn of_senders(from: &[Sender], matching: impl Fn() -> Value) -> Vec<Value> {
    if from.is_empty() {
        return vec![matching()];
    }
    let with = |sender: &Sender| {
        let mut matching = matching();
        matching["sourceNamespace"] = json!(sender.namespace);
        matching["sourceLabels"] = json!(sender.labels);
        matching
    };
    from.iter().map(with).collect()
}

fn target(target: &Target) -> Value {
    json!({
        "host": target.host,
        "subset": target.subset,
        "port": target.port.map(|port| json!({ "number": port })),
    })
}
