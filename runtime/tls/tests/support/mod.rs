//! Two ends that trust each other, each of them ours or another's.
#![allow(dead_code, reason = "each test uses some of it")]

pub(crate) mod forger;

use std::io;
use std::sync::Arc;

use mesh_tls::Secured;
use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

/// Ours, as a client whose server need not wait for what it says first.
pub(crate) async fn connect<S>(config: ClientConfig, io: S) -> io::Result<Secured<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut secured = mesh_tls::connect(Arc::new(config), name(), io).await?;
    secured.stream.flush().await?;
    Ok(secured)
}

/// Ours, as a server.
pub(crate) async fn accept<S>(config: ServerConfig, io: S) -> io::Result<Secured<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    mesh_tls::accept(Arc::new(config), Vec::new(), io).await
}

/// What all certificates here are for.
pub(crate) const NAME: &str = "server.test";

pub(crate) fn name() -> ServerName<'static> {
    ServerName::try_from(NAME).unwrap()
}

/// A CA, and a certificate that serves both ends.
pub(crate) struct Trust {
    pub(crate) root: String,
    pub(crate) chain: String,
    pub(crate) key: String,
    roots: Arc<RootCertStore>,
    leaf: CertificateDer<'static>,
    der: Vec<u8>,
}

impl Trust {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::OrganizationName, "those who trust each other");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([NAME.to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(issuer.der().clone()).unwrap();
        Self {
            root: issuer.pem(),
            chain: leaf.pem(),
            key: key.serialize_pem(),
            roots: roots.into(),
            leaf: leaf.der().clone(),
            der: key.serialize_der(),
        }
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.der.clone()).into()
    }

    pub(crate) fn client(&self, suites: &[SupportedCipherSuite]) -> ClientConfig {
        let mut config = ClientConfig::builder_with_provider(provider(suites))
            .with_protocol_versions(&versions(suites))
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_client_auth_cert(vec![self.leaf.clone()], self.key())
            .unwrap();
        config.enable_secret_extraction = true;
        config
    }

    /// A client that has no certificate.
    pub(crate) fn nobody(&self, suites: &[SupportedCipherSuite]) -> ClientConfig {
        ClientConfig::builder_with_provider(provider(suites))
            .with_protocol_versions(&versions(suites))
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth()
    }

    pub(crate) fn server(&self, suites: &[SupportedCipherSuite]) -> ServerConfig {
        let verifier = WebPkiClientVerifier::builder_with_provider(self.roots.clone(), provider(suites));
        let mut config = ServerConfig::builder_with_provider(provider(suites))
            .with_protocol_versions(&versions(suites))
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![self.leaf.clone()], self.key())
            .unwrap();
        config.enable_secret_extraction = true;
        config
    }
}

fn provider(suites: &[SupportedCipherSuite]) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: suites.to_vec(),
        ..aws_lc_rs::default_provider()
    })
}

fn versions(suites: &[SupportedCipherSuite]) -> Vec<&'static SupportedProtocolVersion> {
    let tls13 = suites.iter().any(|suite| suite.tls13().is_some());
    let tls12 = suites.iter().any(|suite| suite.tls13().is_none());
    let versions = [tls13.then_some(&TLS13), tls12.then_some(&TLS12)];
    versions.into_iter().flatten().collect()
}
