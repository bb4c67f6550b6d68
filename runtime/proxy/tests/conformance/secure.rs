//! A client of mutual TLS, as a sidecar is one.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::CLIENT;
use crate::support::anybody::Anybody;
use crate::world::World;

/// Mutual TLS on `stream`, with Istio's names for HTTP.
pub async fn mesh(world: &World, stream: TcpStream, http2: bool) -> std::io::Result<TlsStream<TcpStream>> {
    let names: &[&[u8]] = if http2 {
        &[b"istio-h2", b"istio", b"h2"]
    } else {
        &[b"istio-http/1.1", b"istio", b"http/1.1"]
    };
    connect(world, stream, names).await
}

/// Mutual TLS on `stream`, with Istio's name for bytes.
pub async fn bytes(world: &World, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
    connect(world, stream, &[b"istio"]).await
}

async fn connect(world: &World, stream: TcpStream, names: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
    let (chain, key) = world.client.clone();
    let chain = vec![CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let mut config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_client_auth_cert(chain, key)
        .unwrap();
    config.alpn_protocols = names.iter().map(|name| name.to_vec()).collect();
    let name = "outbound_.80_._.secure.test".try_into().unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// The certificate and key of a caller.
pub fn caller(ca: &crate::support::Ca) -> (String, String) {
    ca.issue(CLIENT)
}
