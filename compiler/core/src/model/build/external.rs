use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::lookup::Lookup;
use super::place::labels;
use super::service::visible;
use super::{ports, route, traffic};
use crate::diag::Sink;
use crate::model::{Access, ExternalEndpoint, Kind, Port, Resolution, Service, Telemetry};
use crate::spec::decl::{EndpointDecl, ExternalDecl, NamespaceDecl};

pub(super) fn service(
    decl: &ExternalDecl,
    namespace: &NamespaceDecl,
    lookup: &Lookup<'_>,
    sink: &mut Sink,
) -> Service {
    let mut addresses: Vec<_> = decl.addresses.iter().map(|address| address.value).collect();
    addresses.sort();
    let ports = ports::ports(&decl.ports);
    let mut endpoints: Vec<_> = decl
        .endpoints
        .iter()
        .flat_map(|decl| endpoints(decl, &ports))
        .collect();
    endpoints.sort();
    let sans: BTreeSet<_> = decl.sans.iter().map(|san| san.value.clone()).collect();
    Service {
        name: decl.name.value.clone(),
        namespace: namespace.name.value.clone(),
        host: decl.host.value.clone(),
        kind: Kind::External {
            resolution: resolution(decl),
            endpoints,
            sans: sans.into_iter().collect(),
        },
        account: String::new(),
        addresses_given: !addresses.is_empty(),
        addresses,
        ports,
        subsets: traffic::subsets(&decl.subsets),
        traffic: traffic::policy(&decl.traffic),
        visible: visible(decl.visible.as_ref(), namespace),
        routes: route::of(&decl.routed(namespace), lookup.spec, sink),
        exit: None,
        access: Access::default(),
        mtls: None,
        telemetry: Telemetry::default(),
        port_mtls: BTreeMap::new(),
        beside: BTreeSet::new(),
        pods: Vec::new(),
        selector: BTreeMap::new(),
        groups: Vec::new(),
        span: decl.name.span,
    }
}

fn endpoints<'a>(decl: &'a EndpointDecl, ports: &'a [Port]) -> impl Iterator<Item = ExternalEndpoint> + 'a {
    let named = |number: u16| ports.iter().find(|port| port.number == number);
    let own: BTreeMap<_, _> = decl
        .ports
        .iter()
        .filter_map(|(number, target)| Some((named(number.value)?.name.clone(), *target)))
        .collect();
    decl.addresses.iter().map(move |address| ExternalEndpoint {
        address: address.value.clone(),
        locality: decl.locality.clone().unwrap_or_default(),
        weight: decl.weight,
        ports: own.clone(),
        labels: labels(&decl.labels),
    })
}

/// All endpoints are addresses: they are listed. A wildcard cannot be looked up: the address that was dialled.
fn resolution(decl: &ExternalDecl) -> Resolution {
    if let Some(said) = &decl.resolution {
        return match said.value.as_str() {
            "static" => Resolution::Static,
            "dns" => Resolution::Dns,
            "dns-round-robin" => Resolution::DnsRoundRobin,
            _ => Resolution::None,
        };
    }
    let mut addresses = decl.endpoints.iter().flat_map(|endpoint| &endpoint.addresses);
    if decl.endpoints.is_empty() && decl.host.value.starts_with("*.") {
        Resolution::None
    } else if !decl.endpoints.is_empty() && addresses.all(|address| address.value.parse::<IpAddr>().is_ok()) {
        Resolution::Static
    } else {
        Resolution::Dns
    }
}
