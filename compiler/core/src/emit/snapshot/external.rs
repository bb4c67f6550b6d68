use std::collections::BTreeMap;

use mesh_wire::cluster::{ClientFiles, Endpoint, HttpVersion, Locality, LocalityEndpoints, OriginatedTls};
use mesh_wire::matcher::StringMatch;

use crate::model::{ClientTls, ExternalEndpoint, Kind, Port, Resolution, Service, Subset};

/// The endpoints of an external service, by place; without any, its host is looked up.
pub(super) fn endpoints(
    service: &Service,
    endpoints: &[ExternalEndpoint],
    port: &Port,
    subset: Option<&Subset>,
) -> Vec<LocalityEndpoints> {
    if endpoints.is_empty() {
        // The host has no labels, so that no version of it has endpoints.
        let whole = subset.is_none_or(|subset| subset.labels.is_empty());
        let place = LocalityEndpoints {
            locality: Locality::default(),
            priority: 0,
            endpoints: vec![outside(&service.host, port.target, None, BTreeMap::new())],
        };
        return whole.then_some(place).into_iter().collect();
    }
    let mut places: BTreeMap<&Locality, Vec<Endpoint>> = BTreeMap::new();
    for endpoint in endpoints.iter().filter(|endpoint| is_in(endpoint, subset)) {
        let number = endpoint.ports.get(&port.name).copied().unwrap_or(port.target);
        let labels = endpoint.labels.clone();
        let found = outside(&endpoint.address, number, endpoint.weight, labels);
        places.entry(&endpoint.locality).or_default().push(found);
    }
    let place = |(locality, endpoints): (&Locality, _)| LocalityEndpoints {
        locality: locality.clone(),
        priority: 0,
        endpoints,
    };
    places.into_iter().map(place).collect()
}

fn is_in(endpoint: &ExternalEndpoint, subset: Option<&Subset>) -> bool {
    let has = |(key, value): (&String, &String)| endpoint.labels.get(key) == Some(value);
    subset.is_none_or(|subset| subset.labels.iter().all(has))
}

fn outside(address: &str, port: u16, weight: Option<u32>, labels: BTreeMap<String, String>) -> Endpoint {
    Endpoint {
        address: address.to_owned(),
        port,
        weight: weight.unwrap_or(1),
        mtls: false,
        workload: None,
        labels,
    }
}

/// The port that connections go to instead of the one dialled, where nothing but the address is known (Istio
/// `PassthroughTargetPorts`).
pub(super) fn port_override(service: &Service, port: &Port) -> Option<u16> {
    let none = matches!(
        service.kind,
        Kind::External {
            resolution: Resolution::None,
            ..
        }
    );
    Some(port.target).filter(|target| none && *target != port.number)
}

/// TLS that the proxy begins. Where no name is said, that of the host is asked for and checked: for requests, Istio
/// has Envoy do so by the request's own host. Below a wildcard nobody knows it before.
pub(super) fn originated(
    service: &Service,
    port: &Port,
    tls: &ClientTls,
    http: HttpVersion,
) -> OriginatedTls {
    let host = Some(&service.host).filter(|host| !host.starts_with("*."));
    let said = [&tls.sans[..], service.certificate_names()];
    let mut sans = said
        .into_iter()
        .find(|names| !names.is_empty())
        .unwrap_or_default();
    if sans.is_empty() && !port.protocol.is_http() && tls.sni.is_none() && !tls.insecure {
        sans = host.map(std::slice::from_ref).unwrap_or_default();
    }
    let h2 = http == HttpVersion::Http2;
    OriginatedTls {
        sni: tls.sni.as_ref().or(host).cloned(),
        sans: sans.iter().cloned().map(StringMatch::Exact).collect(),
        alpn: h2.then(|| "h2".to_owned()).into_iter().collect(),
        ca_file: tls.ca.clone(),
        crl_file: tls.crl.clone(),
        client: tls
            .client
            .clone()
            .map(|(cert_chain, key)| ClientFiles { cert_chain, key }),
        insecure_skip_verify: tls.insecure,
    }
}
