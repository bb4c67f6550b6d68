use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, ServerSessionMemoryCache};
use rustls::sign::SingleCertAndKey;

use super::Identity;
use super::verify::{ClientVerifier, TrustDomains};
use crate::net::sniff::Hello;
use crate::peer::exchange;

/// Sessions that clients may take up again.
const SESSIONS: usize = 1024;

/// The server's side of the mesh's TLS, once for each list of protocols that it may answer with.
///
/// rustls refuses a client none of whose protocols are on the list; Envoy goes on without. So the list is
/// chosen when the client has said its own.
#[derive(Debug)]
pub(crate) struct ServerTls {
    silent: Arc<ServerConfig>,
    http: Arc<ServerConfig>,
    istio: Arc<ServerConfig>,
    exchange: Arc<ServerConfig>,
}

/// What the application behind speaks, as far as TLS has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Http,
    Tcp,
}

impl ServerTls {
    pub(super) fn new(identity: &Identity, domains: TrustDomains) -> Result<Self, rustls::Error> {
        let verifier = Arc::new(ClientVerifier::new(identity, domains)?);
        let mut base = ServerConfig::builder_with_provider(super::provider())
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from((*identity.key).clone())));
        // mesh-tls carries the records.
        base.enable_secret_extraction = true;
        if identity.resumes {
            base.session_storage = ServerSessionMemoryCache::new(SESSIONS);
        } else {
            base.session_storage = Arc::new(NoServerSessionStorage {});
            base.send_tls13_tickets = 0;
        }
        let with = |protocols: &[&[u8]]| {
            let mut config = base.clone();
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Arc::new(config)
        };
        Ok(Self {
            silent: with(&[]),
            http: with(&[b"h2", b"http/1.1"]),
            istio: with(&[b"istio"]),
            exchange: with(&[exchange::ALPN]),
        })
    }

    /// The configuration for a client that said `hello`; never `istio*` for HTTP, as Istio's sidecars hold it.
    pub(crate) fn choose(&self, choice: Choice, hello: &Hello) -> Arc<ServerConfig> {
        let offers = |name: &[u8]| hello.alpn.iter().any(|offered| offered == name);
        if choice == Choice::Tcp && offers(exchange::ALPN) {
            return self.exchange.clone();
        }
        if choice == Choice::Tcp && offers(b"istio") && !offers(b"h2") && !offers(b"http/1.1") {
            return self.istio.clone();
        }
        if offers(b"h2") || offers(b"http/1.1") {
            self.http.clone()
        } else {
            self.silent.clone()
        }
    }
}
