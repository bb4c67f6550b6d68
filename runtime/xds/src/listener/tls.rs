//! TLS of connections that arrive.

use mesh_wire::matcher::StringMatch;
use serde_json::json;

use crate::cluster::{MESH_ROOTS, OWN, certificate, checked, versions};
use crate::reader::Reader;
use crate::translate::Parts;

/// Istio's suites for TLS 1.2 (`pilot/pkg/security/authn/utils/utils.go`).
const SUITES: [&str; 6] = [
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
];

/// Whether it is the mesh's mutual TLS; what is another is told.
pub(super) fn is_mesh(parts: &mut Parts, mut socket: Reader<'_>) -> bool {
    socket.skip("name");
    let Some(mut config) = socket.message("typed_config") else {
        return false;
    };
    if config.is("raw_buffer.v3.RawBuffer") {
        return false;
    }
    if !config.is("tls.v3.DownstreamTlsContext") {
        config.refuse_all("a way to protect the wire that is not known");
        return false;
    }
    let asked = config.flag("require_client_certificate");
    let Some(mut common) = config.message("common_tls_context") else {
        return false;
    };
    versions(&mut common, &SUITES);
    // What the proxy answers, by what the client offers.
    let offered = [
        json!(["h2", "http/1.1"]),
        json!(["istio-peer-exchange", "h2", "http/1.1"]),
    ];
    common.given("alpn_protocols", &offered);
    let own = certificate(&mut common);
    let peers = checked(&mut common);
    let mesh = own.as_deref() == Some(OWN) && peers.authority.as_deref() == Some(MESH_ROOTS);
    if !mesh || asked != Some(true) || peers.revoked.is_some() {
        let said =
            json!({"certificate": own, "roots": peers.authority, "require": asked, "crl": peers.revoked});
        let why = "servers have the mesh's certificate and ask for one of the mesh";
        config.tell("common_tls_context", &said, why);
    }
    for san in &peers.sans {
        match domain(san) {
            Some(domain) => _ = parts.trust_domains.insert(domain.to_owned()),
            None => config.tell(
                "match_subject_alt_names",
                &json!(san),
                "peers are those of the trust domains",
            ),
        }
    }
    true
}

/// The trust domain of which all are taken.
fn domain(san: &StringMatch) -> Option<&str> {
    let StringMatch::Prefix(prefix) = san else {
        return None;
    };
    let domain = prefix.strip_prefix("spiffe://")?.strip_suffix('/')?;
    Some(domain).filter(|domain| !domain.is_empty() && !domain.contains('/'))
}
