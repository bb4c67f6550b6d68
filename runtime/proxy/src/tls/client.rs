use std::fs;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use mesh_wire::cluster::{MeshTls, OriginatedTls};
use mesh_wire::matcher::StringMatch;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, ClientConfig, Error, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime};
use x509_parser::prelude::GeneralName;

use super::identity::{self, certificates};
use super::verified::Verified;
use super::verify::{InMesh, Judge, Judged, Revoked, expand, parse};
use super::{Credentials, provider};
use crate::peer::exchange;
use crate::state::matcher::{BadPattern, Text};

/// What a connection is opened for: it decides the protocols that TLS offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    Tcp,
    Http1,
    Http2,
}

impl Purpose {
    /// Istio's names (istio `networking/core/cluster_tls.go`, `xds/filters` ALPN filter). With `exchange` TCP offers to say
    /// first who it is.
    fn protocols(self, exchange: bool) -> Vec<Vec<u8>> {
        let names: &[&[u8]] = match self {
            Self::Tcp if exchange => &[exchange::ALPN, b"istio"],
            Self::Tcp => &[b"istio"],
            Self::Http1 => &[b"istio-http/1.1", b"istio", b"http/1.1"],
            Self::Http2 => &[b"istio-h2", b"istio", b"h2"],
        };
        names.iter().map(|name| name.to_vec()).collect()
    }
}

/// The client's side of the mesh's TLS towards one cluster; built again when the identity changes.
#[derive(Debug)]
pub(crate) struct MeshClient {
    pub(crate) sni: ServerName<'static>,
    sans: Vec<StringMatch>,
    exchange: bool,
    built: ArcSwapOption<Built>,
}

#[derive(Debug)]
struct Built {
    generation: u64,
    tcp: Arc<ClientConfig>,
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
}

impl MeshClient {
    pub(crate) fn new(tls: &MeshTls) -> Result<Self, BadPattern> {
        let sni = ServerName::try_from(tls.sni.clone()).map_err(|_| BadPattern {
            pattern: tls.sni.clone(),
            why: "is no server name".to_owned(),
        })?;
        // Patterns are compiled with the identity; that they can be is asked now.
        tls.sans.iter().try_for_each(|san| Text::compile(san).map(drop))?;
        Ok(Self {
            sni,
            sans: tls.sans.clone(),
            exchange: tls.alpn.iter().any(|name| name.as_bytes() == exchange::ALPN),
            built: ArcSwapOption::empty(),
        })
    }

    pub(crate) fn config(
        &self,
        credentials: &Credentials,
        purpose: Purpose,
    ) -> Result<Arc<ClientConfig>, Error> {
        let built = match self.built.load_full() {
            Some(built) if built.generation == credentials.generation => built,
            _ => {
                let built = Arc::new(self.build(credentials)?);
                self.built.store(Some(built.clone()));
                built
            }
        };
        Ok(match purpose {
            Purpose::Tcp => built.tcp.clone(),
            Purpose::Http1 => built.http1.clone(),
            Purpose::Http2 => built.http2.clone(),
        })
    }

    fn build(&self, credentials: &Credentials) -> Result<Built, Error> {
        let sans = expand(&self.sans, &credentials.domains);
        let sans: Result<Vec<Text>, _> = sans.iter().map(Text::compile).collect();
        let sans = sans.map_err(|error| Error::General(error.to_string()))?;
        let identity = &credentials.identity;
        let verifier = Judged(InMesh {
            roots: identity.roots.clone(),
            revoked: Revoked::new(&identity.revoked)?,
            domains: credentials.domains.clone(),
            sans: sans.into(),
            verified: Verified::beside(&identity.revoked),
        });
        let mut base = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(
                (*credentials.identity.key).clone(),
            )));
        // mesh-tls carries the records.
        base.enable_secret_extraction = true;
        if !credentials.identity.resumes {
            base.resumption = Resumption::disabled();
        }
        let with = |purpose: Purpose| {
            let mut config = base.clone();
            config.alpn_protocols = purpose.protocols(self.exchange);
            Arc::new(config)
        };
        Ok(Built {
            generation: credentials.generation,
            tcp: with(Purpose::Tcp),
            http1: with(Purpose::Http1),
            http2: with(Purpose::Http2),
        })
    }
}

/// TLS with a server outside the mesh.
#[derive(Debug)]
pub(crate) struct OriginatedClient {
    /// Name asked for; `None` asks for the endpoint's address.
    pub(crate) sni: Option<ServerName<'static>>,
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
    other: Arc<ClientConfig>,
}

/// Why TLS with a server outside the mesh cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OriginationError {
    #[error("`{0}` is no server name")]
    Name(String),
    #[error("{path}: {why}")]
    File { path: String, why: String },
    #[error(transparent)]
    Tls(#[from] Error),
    #[error(transparent)]
    Pattern(#[from] BadPattern),
}

impl OriginatedClient {
    pub(crate) fn new(tls: &OriginatedTls) -> Result<Self, OriginationError> {
        let name = |name: &String| {
            ServerName::try_from(name.clone()).map_err(|_| OriginationError::Name(name.clone()))
        };
        let sni = tls.sni.as_ref().map(name).transpose()?;
        let sans = tls
            .sans
            .iter()
            .map(Text::compile)
            .collect::<Result<Vec<_>, _>>()?;
        let inner = match tls.insecure_skip_verify {
            true => None,
            false => Some(
                WebPkiServerVerifier::builder_with_provider(roots(tls)?.into(), provider())
                    .with_crls(revoked(tls)?)
                    // As Envoy has it: each issuer of a chain has a list, and one that is not over.
                    .enforce_revocation_expiration()
                    .build()
                    .map_err(|error| Error::General(error.to_string()))?,
            ),
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Judged(Outside { inner, sans })));
        let mut base = match client_key(tls)? {
            Some(key) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key))),
            None => builder.with_no_client_auth(),
        };
        base.enable_secret_extraction = true;
        let given: Vec<Vec<u8>> = tls.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let with = |fallback: &[u8]| {
            let mut config = base.clone();
            config.alpn_protocols = if given.is_empty() {
                vec![fallback.to_vec()]
            } else {
                given.clone()
            };
            config.alpn_protocols.retain(|name| !name.is_empty());
            Arc::new(config)
        };
        Ok(Self {
            sni,
            http1: with(b"http/1.1"),
            http2: with(b"h2"),
            other: with(b""),
        })
    }

    pub(crate) fn config(&self, purpose: Purpose) -> Arc<ClientConfig> {
        match purpose {
            Purpose::Tcp => self.other.clone(),
            Purpose::Http1 => self.http1.clone(),
            Purpose::Http2 => self.http2.clone(),
        }
    }
}

/// Where Linux distributions keep the certificates that the system trusts.
const SYSTEM_BUNDLES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

fn roots(tls: &OriginatedTls) -> Result<RootCertStore, OriginationError> {
    let path = match &tls.ca_file {
        Some(path) => path.as_str(),
        None => SYSTEM_BUNDLES
            .into_iter()
            .find(|path| fs::exists(path).unwrap_or(false))
            .unwrap_or(SYSTEM_BUNDLES[0]),
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(
        certificates("trust bundle", &read(path)?).map_err(|error| file(path, &error))?,
    );
    Ok(store)
}

/// The lists of certificates that do not hold any more.
fn revoked(tls: &OriginatedTls) -> Result<Vec<CertificateRevocationListDer<'static>>, OriginationError> {
    let Some(path) = &tls.crl_file else {
        return Ok(Vec::new());
    };
    identity::revoked(&read(path)?).map_err(|error| file(path, &error))
}

fn client_key(tls: &OriginatedTls) -> Result<Option<CertifiedKey>, OriginationError> {
    let Some(client) = &tls.client else {
        return Ok(None);
    };
    let chain = certificates("certificate chain", &read(&client.cert_chain)?)
        .map_err(|error| file(&client.cert_chain, &error))?;
    let key =
        PrivateKeyDer::from_pem_slice(&read(&client.key)?).map_err(|error| file(&client.key, &error))?;
    Ok(Some(CertifiedKey::from_der(chain, key, &provider())?))
}

fn read(path: &str) -> Result<Vec<u8>, OriginationError> {
    fs::read(path).map_err(|error| file(path, &error))
}

fn file(path: &str, why: &dyn std::fmt::Display) -> OriginationError {
    OriginationError::File {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

/// Verifies servers outside the mesh: by their host name, or by the names that the cluster lists instead.
#[derive(Debug)]
struct Outside {
    /// `None` where the cluster says that nothing is to be verified.
    inner: Option<Arc<WebPkiServerVerifier>>,
    sans: Vec<Text>,
}

impl Outside {
    fn listed(&self, leaf: &CertificateDer<'_>) -> bool {
        let Ok(parsed) = parse(leaf) else {
            return false;
        };
        let Ok(Some(names)) = parsed.subject_alternative_name() else {
            return false;
        };
        names.value.general_names.iter().any(|name| match name {
            GeneralName::DNSName(name) | GeneralName::URI(name) => {
                self.sans.iter().any(|san| san.matches(name))
            }
            _ => false,
        })
    }
}

impl Judge for Outside {
    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), Error> {
        let Some(inner) = &self.inner else {
            return Ok(());
        };
        match inner.verify_server_cert(leaf, intermediates, name, ocsp, now) {
            // The chain is verified before the name: only the name may be another.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.listed(leaf) => Ok(()),
            Ok(_) if !self.sans.is_empty() && !self.listed(leaf) => {
                Err(Error::InvalidCertificate(CertificateError::NotValidForName))
            }
            verified => verified.map(drop),
        }
    }
}
