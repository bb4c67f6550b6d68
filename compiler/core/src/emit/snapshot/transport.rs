use std::collections::BTreeSet;

use mesh_wire::cluster::{Cluster, Discovery, HttpVersion, MeshTls, Transport};
use mesh_wire::listener::MtlsMode;
use mesh_wire::matcher::StringMatch;

use super::endpoint::pod_mtls;
use super::viewer::namespace_mtls;
use super::{external, name};
use crate::model::{Kind, Mesh, Port, Service, Subset, TrafficPolicy};

/// What Istio's auto mTLS decides: everything of the mesh gets it, what lies outside does not.
pub(super) fn transport(
    mesh: &Mesh,
    service: &Service,
    port: &Port,
    subset: Option<&Subset>,
    traffic: &TrafficPolicy,
    cluster: &Cluster,
) -> Transport {
    if let Some(tls) = &traffic.tls {
        // Secrets are for gateways: a caller that goes round its own would speak plaintext (Istio
        // `applyUpstreamTLSSettings`).
        if tls.credential.is_some() {
            return Transport::Plaintext;
        }
        return Transport::Tls(external::originated(service, port, tls, cluster.http));
    }
    let subset = subset.map_or("", |subset| subset.name.as_str());
    // Endpoints that are not listed, as those of headless services, cannot say whether they have a sidecar.
    let unlisted = cluster.discovery == Discovery::OriginalDestination;
    let without_sidecars = unlisted && !service.pods.is_empty() && !pod_mtls(mesh, service, port.target);
    let disabled = namespace_mtls(mesh, &service.namespace) == MtlsMode::Disable;
    let gateway = service.kind == Kind::Egress;
    if !gateway && (service.is_external() || disabled || without_sidecars) {
        return Transport::Plaintext;
    }
    Transport::Mesh(MeshTls {
        sni: name::sni(port.number, subset, &service.host),
        alpn: alpn(cluster.http == HttpVersion::Http2),
        sans: sans(mesh, service),
    })
}

pub(super) fn alpn(http2: bool) -> Vec<String> {
    let names: &[&str] = if http2 {
        &["istio-peer-exchange", "istio", "h2"]
    } else {
        &["istio-peer-exchange", "istio"]
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The accounts behind a service, in every name of the trust domain (Istio `ExpandWithTrustDomains`).
fn sans(mesh: &Mesh, service: &Service) -> Vec<StringMatch> {
    let pods = service
        .pods
        .iter()
        .map(|_| (&service.namespace, &service.account));
    let groups = service
        .groups
        .iter()
        .map(|group| (&group.namespace, &group.account));
    let accounts: BTreeSet<_> = pods
        .chain(groups)
        .filter(|(_, account)| !account.is_empty())
        .collect();
    let domains = || std::iter::once(&mesh.trust_domain).chain(&mesh.trust_domain_aliases);
    let ids = accounts.into_iter().flat_map(|(namespace, account)| {
        domains().map(move |domain| format!("spiffe://{domain}/ns/{namespace}/sa/{account}"))
    });
    ids.map(StringMatch::Exact).collect()
}
