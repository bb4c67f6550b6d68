use crate::model::{Mesh, Service};

/// Where unknown destinations are passed on to.
pub(super) const PASSTHROUGH: &str = "PassthroughCluster";
/// Where connections end that may not go on.
pub(super) const BLACK_HOLE: &str = "BlackHoleCluster";
/// Where connections to undeclared ports of the workload go.
pub(super) const INBOUND_PASSTHROUGH: &str = "InboundPassthroughCluster";

/// `outbound|PORT|SUBSET|HOST` (Istio `BuildSubsetKey`).
pub(super) fn outbound(port: u16, subset: &str, host: &str) -> String {
    format!("outbound|{port}|{subset}|{host}")
}

/// `inbound|PORT||`.
pub(super) fn inbound(port: u16) -> String {
    format!("inbound|{port}||")
}

/// `outbound_.PORT_.SUBSET_.HOST`: what gateways route by (Istio `BuildDNSSrvSubsetKey`).
pub(super) fn sni(port: u16, subset: &str, host: &str) -> String {
    format!("outbound_.{port}_.{subset}_.{host}")
}

/// The domain behind `.svc.` of the hosts of Kubernetes.
pub(crate) fn domain(mesh: &Mesh) -> &str {
    mesh.services
        .iter()
        .find_map(kubernetes_domain)
        .unwrap_or("cluster.local")
}

fn kubernetes_domain(service: &Service) -> Option<&str> {
    let prefix = format!("{}.{}.svc.", service.name, service.namespace);
    service.host.strip_prefix(&prefix)
}

/// `NAMESPACE.svc.DOMAIN`.
pub(crate) fn namespace_domain(mesh: &Mesh, namespace: &str) -> String {
    format!("{namespace}.svc.{}", domain(mesh))
}
