//! Which TLS is spoken with whom calls an application of this machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::sync::Arc;

use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use mesh_proxy::tls::Identity;
use rustls::crypto::aws_lc_rs::{self, ALL_CIPHER_SUITES};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ClientConfig, SupportedCipherSuite};
use support::anybody::Anybody;
use support::{CLIENT, Ca, Proxy, SERVER, backend, client, snapshot};
use tokio_rustls::TlsConnector;

/// Istio's (`security/pkg/pki`, `authn/utils`), of those that have forward secrecy, and TLS 1.3's, which nobody chooses.
const TAKEN: [CipherSuite; 7] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS13_AES_256_GCM_SHA384,
    CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// A sidecar's client that speaks one suite, and shows a certificate if it has one.
fn speaking(suite: SupportedCipherSuite, own: Option<&(String, String)>) -> ClientConfig {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites = vec![suite];
    let version = if suite.tls13().is_some() { &TLS13 } else { &TLS12 };
    let builder = ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody));
    let mut config = match own {
        Some((chain, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap(),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![
        b"istio-http/1.1".to_vec(),
        b"istio".to_vec(),
        b"http/1.1".to_vec(),
    ];
    config
}

/// The status of an answer, where one comes.
async fn asked(proxy: &Proxy, config: ClientConfig) -> Option<u16> {
    let connector = TlsConnector::from(Arc::new(config));
    let name = "outbound_.80_._.forum.forum.svc.cluster.local"
        .try_into()
        .unwrap();
    let stream = connector.connect(name, proxy.connect().await).await.ok()?;
    let io = TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, Empty<bytes::Bytes>>(io)
        .await
        .ok()?;
    tokio::spawn(connection);
    let answer = sender.send_request(client::get("/")).await.ok()?;
    Some(answer.status().as_u16())
}

async fn strict(issued: (String, String), ca: &Ca) -> Proxy {
    let proxy = Proxy::inbound(snapshot::inbound(), backend::http1(backend::told).await).await;
    let (chain, key) = issued;
    let identity = Identity::load(chain.as_bytes(), key.as_bytes(), ca.root.as_bytes());
    proxy.shared.set_identity(identity.unwrap()).unwrap();
    proxy
}

#[tokio::test]
async fn istios_suites_are_taken_and_no_others() {
    let ca = Ca::new();
    let own = ca.issue(CLIENT);
    let (ecdsa, rsa) = (
        strict(ca.issue(SERVER), &ca).await,
        strict(ca.issue_rsa(SERVER), &ca).await,
    );
    let mut taken = Vec::new();
    for suite in ALL_CIPHER_SUITES {
        let of_rsa = format!("{:?}", suite.suite()).contains("_RSA_");
        let proxy = if of_rsa { &rsa } else { &ecdsa };
        match asked(proxy, speaking(*suite, Some(&own))).await {
            Some(status) => {
                assert_eq!(status, 200, "{suite:?}");
                taken.push(suite.suite());
            }
            None => assert!(!TAKEN.contains(&suite.suite()), "{suite:?}"),
        }
    }
    assert_eq!(taken.len(), TAKEN.len(), "{taken:?}");
    assert!(taken.len() < ALL_CIPHER_SUITES.len(), "some are refused");
}

#[tokio::test]
async fn who_shows_no_certificate_is_not_let_in() {
    let ca = Ca::new();
    let own = ca.issue(CLIENT);
    let proxy = strict(ca.issue(SERVER), &ca).await;
    for suite in [
        aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384,
        aws_lc_rs::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ] {
        assert_eq!(asked(&proxy, speaking(suite, None)).await, None, "{suite:?}");
        assert_eq!(
            asked(&proxy, speaking(suite, Some(&own))).await,
            Some(200),
            "{suite:?}"
        );
    }
}
