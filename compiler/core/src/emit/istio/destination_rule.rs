mod policy;

use serde_json::{Value, json};

use super::{NETWORKING, text};
use crate::emit::document::{Object, without_empty};
use crate::model::{Port, Service, Subset};

/// The DestinationRule of a service, if it says anything.
pub(super) fn object(service: &Service) -> Option<Value> {
    let policy = without_empty(whole(service));
    let says_nothing = policy.as_object().is_some_and(serde_json::Map::is_empty);
    if says_nothing && service.subsets.is_empty() {
        return None;
    }
    let (namespace, name) = (Some(service.namespace.as_str()), service.name.as_str());
    let object = Object {
        api: NETWORKING,
        kind: "DestinationRule",
        namespace,
        name,
    };
    let subsets = service.subsets.iter().map(|one| subset(service, one));
    Some(object.spec(json!({
        "host": service.host,
        "trafficPolicy": policy,
        "subsets": subsets.collect::<Vec<_>>(),
        "exportTo": text::export_to(service),
    })))
}

/// What is said of the service, and of its ports.
fn whole(service: &Service) -> Value {
    let ports: Vec<&Port> = service.proxied_ports().collect();
    let mut policy = policy::of(service, &service.traffic, &ports);
    let own = ports.iter().filter(|port| !port.traffic.is_empty());
    policy["portLevelSettings"] = own
        .map(|port| on_port(port.number, policy::of(service, &port.traffic, &[*port])))
        .collect();
    policy
}

fn subset(service: &Service, subset: &Subset) -> Value {
    let ports: Vec<&Port> = service.proxied_ports().collect();
    let mut policy = policy::of(service, &subset.traffic, &ports);
    let own = subset.ports.iter().map(|(number, traffic)| {
        let port = ports.iter().copied().filter(|port| port.number == *number);
        on_port(*number, policy::of(service, traffic, &port.collect::<Vec<_>>()))
    });
    policy["portLevelSettings"] = own.collect();
    json!({ "name": subset.name, "labels": subset.labels, "trafficPolicy": policy })
}

fn on_port(number: u16, mut policy: Value) -> Value {
    policy["port"] = json!({ "number": number });
    policy
}
