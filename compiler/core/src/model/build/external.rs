use std::collections::BTreeMap;
use std::net::IpAddr;

use super::ports;
use crate::model::{Access, Kind, Port, Resolution, Service, TrafficPolicy};
use crate::spec::decl::{ExternalDecl, NamespaceDecl};

pub(super) fn service(decl: &ExternalDecl, namespace: &NamespaceDecl) -> Service {
    let mut addresses: Vec<_> = decl.addresses.iter().map(|address| address.value).collect();
    addresses.sort();
    let mut endpoints: Vec<_> = decl
        .endpoints
        .iter()
        .map(|endpoint| endpoint.value.clone())
        .collect();
    endpoints.sort();
    Service {
        name: decl.name.value.clone(),
        namespace: namespace.name.value.clone(),
        host: decl.host.value.clone(),
        kind: Kind::External {
            resolution: resolution(decl),
            endpoints,
        },
        account: String::new(),
        addresses_given: !addresses.is_empty(),
        addresses,
        ports: ports(decl),
        subsets: Vec::new(),
        traffic: TrafficPolicy::default(),
        access: Access::default(),
        mtls: None,
        port_mtls: BTreeMap::new(),
        pods: None,
        selector: BTreeMap::new(),
        groups: Vec::new(),
        span: decl.name.span,
    }
}

fn ports(decl: &ExternalDecl) -> Vec<Port> {
    ports::ports(&decl.ports)
}

/// All endpoints are addresses: they are listed. A wildcard cannot be looked up: the address that was dialled.
fn resolution(decl: &ExternalDecl) -> Resolution {
    let listed = !decl.endpoints.is_empty()
        && decl
            .endpoints
            .iter()
            .all(|endpoint| endpoint.value.parse::<IpAddr>().is_ok());
    match (
        listed,
        decl.endpoints.is_empty() && decl.host.value.starts_with("*."),
    ) {
        (true, _) => Resolution::Static,
        (false, true) => Resolution::None,
        (false, false) => Resolution::Dns,
    }
}
