use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::verify::TrustDomains;
use super::{Identity, ServerTls};

/// An identity made ready to be shown and to be held against others.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) identity: Arc<Identity>,
    pub(crate) domains: TrustDomains,
    pub(crate) server: ServerTls,
    /// Tells what was built for one identity from what was built for the next.
    pub(crate) generation: u64,
}

impl Credentials {
    /// `identity` in a mesh of these trust domains, and the one of the identity itself.
    pub(crate) fn new(identity: Arc<Identity>, others: &[String]) -> Result<Self, rustls::Error> {
        static GENERATION: AtomicU64 = AtomicU64::new(1);
        let mut domains = vec![identity.trust_domain().to_owned()];
        domains.extend(
            others
                .iter()
                .filter(|other| *other != identity.trust_domain())
                .cloned(),
        );
        let domains: TrustDomains = domains.into();
        let server = ServerTls::new(&identity, domains.clone())?;
        Ok(Self {
            identity,
            domains,
            server,
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
        })
    }
}
