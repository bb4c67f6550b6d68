//! Static bootstraps for Envoy, from what the compiler knows of a workload.
//!
//! A [`Snapshot`](mesh_wire::Snapshot) says everything in the words of Envoy; [`sidecar`] writes it down as istiod
//! and pilot-agent would configure a sidecar, [`gateway`] writes an east-west gateway. What plain Envoy does not
//! have is left out: Istio's metadata exchange (so no side offers or picks the ALPN `istio-peer-exchange`), its
//! statistics, and the lab has no fault injection and no CORS.

pub(crate) mod binary;

mod cluster;
mod gateway;
mod http;
mod inbound;
mod matcher;
mod outbound;
mod rbac;
mod route;
mod sidecar;
mod tls;

pub use binary::{VERSION, cached};
pub use gateway::{Exports, exports, gateway};
pub use sidecar::sidecar;

/// Envoy's admin interface, on loopback.
pub const ADMIN_PORT: u16 = 15000;
/// Where captured connections of applications arrive.
pub(crate) const OUTBOUND_PORT: u16 = 15001;
/// Where captured connections from outside arrive.
pub(crate) const INBOUND_PORT: u16 = 15006;
/// Where an east-west gateway passes TLS on by its SNI.
pub const GATEWAY_PORT: u16 = 15443;

/// The bootstrap, inside of the pod.
pub(crate) const BOOTSTRAP: &str = "/etc/envoy/bootstrap.json";
/// The access log, an object a line.
pub(crate) const ACCESS_LOG: &str = "/var/log/envoy/access.log";
/// The certificate, leaf first.
pub(crate) const CERT_CHAIN: &str = "/etc/envoy/identity/cert-chain.pem";
/// Its key.
pub(crate) const KEY: &str = "/etc/envoy/identity/key.pem";
/// Who is trusted.
pub(crate) const ROOTS: &str = "/etc/envoy/identity/root-cert.pem";

/// The cluster without endpoints, which closes every connection.
pub(crate) const BLACK_HOLE: &str = "BlackHoleCluster";

/// A typed extension: its name, its type below `envoy.extensions.`, and its fields.
pub(crate) fn extension(name: &str, kind: &str, mut fields: serde_json::Value) -> serde_json::Value {
    fields["@type"] = format!("type.googleapis.com/envoy.extensions.{kind}").into();
    serde_json::json!({ "name": name, "typed_config": fields })
}

/// An address to listen on or to connect to.
pub(crate) fn socket_address(address: impl std::fmt::Display, port: u16) -> serde_json::Value {
    serde_json::json!({ "socket_address": { "address": address.to_string(), "port_value": port } })
}

/// A span of time as Envoy's JSON has it.
pub(crate) fn duration(span: mesh_wire::Millis) -> String {
    format!("{}.{:03}s", span.0 / 1000, span.0 % 1000)
}
