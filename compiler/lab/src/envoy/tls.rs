//! The mesh's mutual TLS (Envoy `transport_sockets.tls.v3`; Istio `networking/core/cluster_tls.go`).

use mesh_wire::Snapshot;
use mesh_wire::cluster::{HttpVersion, MeshTls, OriginatedTls};
use mesh_wire::matcher::StringMatch;
use serde_json::{Value, json};

use super::{CERT_CHAIN, KEY, ROOTS, extension, matcher};

/// What Istio offers over TLS 1.2.
const CIPHERS: [&str; 4] = [
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
];

/// What is spoken inside of a mesh connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// Requests, in this version.
    Http(HttpVersion),
    /// Bytes.
    Tcp,
}

/// The side that accepts: the client must show a certificate of the mesh.
pub(super) fn downstream(snapshot: &Snapshot) -> Value {
    let own = snapshot.identity.iter().map(|identity| &identity.trust_domain);
    let domains = own.chain(
        snapshot
            .identity
            .iter()
            .flat_map(|identity| &identity.trust_domain_aliases),
    );
    let names: Vec<_> = domains
        .map(|domain| StringMatch::Prefix(format!("spiffe://{domain}/")))
        .collect();
    // `istio-peer-exchange`, which Istio's sidecars pick for TCP, would oblige to a preface that plain Envoy
    // does not know. Without a common protocol, BoringSSL goes on without one.
    let fields = json!({
        "common_tls_context": common(&names, &["h2", "http/1.1"]),
        "require_client_certificate": true,
    });
    extension(
        "envoy.transport_sockets.tls",
        "transport_sockets.tls.v3.DownstreamTlsContext",
        fields,
    )
}

/// The side that connects.
pub(super) fn upstream(tls: &MeshTls, inside: Inside) -> Value {
    let fields = json!({ "common_tls_context": common(&tls.sans, alpn(inside)), "sni": tls.sni });
    extension(
        "envoy.transport_sockets.tls",
        "transport_sockets.tls.v3.UpstreamTlsContext",
        fields,
    )
}

/// TLS to a server outside of the mesh.
pub(super) fn originated(tls: &OriginatedTls) -> Value {
    let mut context =
        json!({ "tls_params": { "tls_minimum_protocol_version": "TLSv1_2" }, "alpn_protocols": tls.alpn });
    if !tls.insecure_skip_verify {
        let file = tls
            .ca_file
            .as_deref()
            .unwrap_or("/etc/ssl/certs/ca-certificates.crt");
        context["validation_context"] = validation(file, &tls.sans, "DNS");
    }
    if let Some(client) = &tls.client {
        context["tls_certificates"] = json!([certificate(&client.cert_chain, &client.key)]);
    }
    let fields = json!({ "common_tls_context": context, "sni": tls.sni.as_deref().unwrap_or_default() });
    extension(
        "envoy.transport_sockets.tls",
        "transport_sockets.tls.v3.UpstreamTlsContext",
        fields,
    )
}

/// What Istio's ALPN filter would put in for the protocol inside.
fn alpn(inside: Inside) -> &'static [&'static str] {
    match inside {
        Inside::Http(HttpVersion::Http2) => &["istio-h2", "istio", "h2"],
        Inside::Http(_) => &["istio-http/1.1", "istio", "http/1.1"],
        Inside::Tcp => &["istio"],
    }
}

fn common(peers: &[StringMatch], alpn: &[&str]) -> Value {
    json!({
        "tls_params": {
            "tls_minimum_protocol_version": "TLSv1_2",
            "tls_maximum_protocol_version": "TLSv1_3",
            "cipher_suites": CIPHERS,
        },
        "tls_certificates": [certificate(CERT_CHAIN, KEY)],
        "validation_context": validation(ROOTS, peers, "URI"),
        "alpn_protocols": alpn,
    })
}

fn certificate(chain: &str, key: &str) -> Value {
    json!({ "certificate_chain": { "filename": chain }, "private_key": { "filename": key } })
}

fn validation(roots: &str, names: &[StringMatch], kind: &str) -> Value {
    let names: Vec<Value> = names
        .iter()
        .map(|name| json!({ "san_type": kind, "matcher": matcher::string(name) }))
        .collect();
    json!({ "trusted_ca": { "filename": roots }, "match_typed_subject_alt_names": names })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_inside_is_told_by_alpn() {
        let tls = MeshTls {
            sni: "outbound_.80_._.a.b".into(),
            alpn: vec!["istio-peer-exchange".into()],
            sans: vec![],
        };
        let offered =
            |inside| upstream(&tls, inside)["typed_config"]["common_tls_context"]["alpn_protocols"].clone();
        assert_eq!(
            offered(Inside::Http(HttpVersion::Http1)),
            json!(["istio-http/1.1", "istio", "http/1.1"])
        );
        assert_eq!(
            offered(Inside::Http(HttpVersion::Http2)),
            json!(["istio-h2", "istio", "h2"])
        );
        assert_eq!(offered(Inside::Tcp), json!(["istio"]));
    }
}
