//! Envoy's side of the lab.

pub(crate) mod binary;

pub(crate) const ADMIN_PORT: u16 = 15000;
pub(crate) const BOOTSTRAP: &str = "/etc/envoy/bootstrap.json";
pub(crate) const ACCESS_LOG: &str = "/var/log/envoy/access.log";
pub(crate) const CERT_CHAIN: &str = "/etc/envoy/identity/cert-chain.pem";
pub(crate) const KEY: &str = "/etc/envoy/identity/key.pem";
pub(crate) const ROOTS: &str = "/etc/envoy/identity/root-cert.pem";
