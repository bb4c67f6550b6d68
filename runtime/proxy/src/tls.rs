//! Who is at the other end: mutual TLS of the mesh, with SPIFFE identities instead of host names.

use std::sync::Arc;
use std::sync::LazyLock;

use rustls::crypto::{CryptoProvider, aws_lc_rs};

mod certificate;
mod client;
mod credentials;
mod identity;
mod peer;
mod server;
mod verified;
mod verify;

pub use certificate::Certificate;
pub(crate) use client::{MeshClient, OriginatedClient, OriginationError, Purpose};
pub(crate) use credentials::Credentials;
pub use identity::{Identity, IdentityError};
pub(crate) use peer::PeerIdentity;
pub(crate) use server::{Choice, ServerTls};

/// The cryptography of all TLS here: Istio's suites, nothing else (istio `security/authn/utils`).
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        use aws_lc_rs::cipher_suite as suite;
        let cipher_suites = vec![
            suite::TLS13_AES_128_GCM_SHA256,
            suite::TLS13_AES_256_GCM_SHA384,
            suite::TLS13_CHACHA20_POLY1305_SHA256,
            suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ];
        Arc::new(CryptoProvider {
            cipher_suites,
            ..aws_lc_rs::default_provider()
        })
    });
    PROVIDER.clone()
}
