use std::net::IpAddr;

use mesh_wire::cluster::{Cluster, Discovery, HttpVersion, MeshTls, OriginatedTls, Transport};
use mesh_wire::matcher::StringMatch;
use mesh_wire::snapshot::IdentitySource;
use serde_json::{Value, json};

use super::{Export, extension, matcher};

/// Istio's (`istio-facts`: mTLS between workloads).
const CIPHERS: [&str; 6] = [
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
];
/// The roots of the system, where Debian and its kin keep them.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Istio's names for a version of HTTP.
pub(super) fn istio_http(http2: bool) -> [&'static str; 3] {
    if http2 {
        ["istio-h2", "istio", "h2"]
    } else {
        ["istio-http/1.1", "istio", "http/1.1"]
    }
}

/// What peers are asked for, and shown, in the mesh.
fn common(export: &Export<'_>, alpn: &[&str], sans: &[Value]) -> Value {
    let source = export.snapshot.identity.as_ref().map(|identity| &identity.source);
    let (certificate, roots, crl) = match source {
        Some(IdentitySource::Files {
            cert_chain,
            key,
            roots,
            crl,
        }) => (
            json!([{ "certificate_chain": { "filename": cert_chain }, "private_key": { "filename": key } }]),
            json!({ "filename": roots }),
            crl.as_ref().map(|crl| json!({ "filename": crl })),
        ),
        None => (Value::Null, Value::Null, None),
    };
    let mut validation = json!({ "trusted_ca": roots, "match_typed_subject_alt_names": sans });
    if let Some(crl) = crl {
        validation["crl"] = crl;
    }
    json!({
        "tls_params": { "tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3",
            "cipher_suites": CIPHERS },
        "tls_certificates": certificate,
        "validation_context": validation,
        "alpn_protocols": alpn,
    })
}

fn uri(wanted: Value) -> Value {
    json!({ "san_type": "URI", "matcher": wanted })
}

/// Those of the trust domain and its other names.
fn trusted(export: &Export<'_>) -> Vec<Value> {
    let identity = export.snapshot.identity.iter();
    identity
        .flat_map(|identity| std::iter::once(&identity.trust_domain).chain(&identity.trust_domain_aliases))
        .map(|domain| uri(json!({ "prefix": format!("spiffe://{domain}/") })))
        .collect()
}

/// A name with every trust domain that means the same (istio `pkg/spiffe` ExpandWithTrustDomains).
fn expand(export: &Export<'_>, san: &StringMatch) -> Vec<Value> {
    let identity = export.snapshot.identity.iter();
    let domains: Vec<&String> = identity
        .flat_map(|identity| std::iter::once(&identity.trust_domain).chain(&identity.trust_domain_aliases))
        .collect();
    let rest = match san {
        StringMatch::Exact(name) => name
            .strip_prefix("spiffe://")
            .and_then(|rest| rest.split_once('/')),
        _ => None,
    };
    match rest {
        Some((domain, rest)) if domains.iter().any(|own| *own == domain) => domains
            .iter()
            .map(|domain| uri(json!({ "exact": format!("spiffe://{domain}/{rest}") })))
            .collect(),
        _ => vec![uri(matcher::text(san))],
    }
}

/// Mutual TLS as a server.
pub(super) fn downstream(export: &Export<'_>, http: bool) -> Value {
    let alpn: &[&str] = if http {
        &["h2", "http/1.1"]
    } else {
        &["istio", "h2", "http/1.1"]
    };
    let kind = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
    let common = common(export, alpn, &trusted(export));
    let config = json!({ "common_tls_context": common, "require_client_certificate": true });
    extension("envoy.transport_sockets.tls", kind, config)
}

/// Puts how the wire is protected into Envoy's cluster.
pub(super) fn upstream(export: &mut Export<'_>, own: &mut Value, name: &str, cluster: &Cluster) {
    let kind = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
    match &cluster.transport {
        Transport::Plaintext => {}
        Transport::Mesh(tls) => {
            let config = mesh(export, name, cluster, tls);
            let socket = extension("envoy.transport_sockets.tls", kind, config);
            if cluster.discovery == Discovery::OriginalDestination {
                own["transport_socket"] = socket;
                return;
            }
            let raw = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer";
            let plain = extension("envoy.transport_sockets.raw_buffer", raw, json!({}));
            own["transport_socket_matches"] = json!([
                { "name": "tlsMode-istio", "match": { "tlsMode": "istio" }, "transport_socket": socket },
                { "name": "tlsMode-disabled", "match": {}, "transport_socket": plain },
            ]);
        }
        Transport::Tls(tls) => {
            let host = cluster.endpoints.iter().flat_map(|place| &place.endpoints).next();
            let host = host.map(|endpoint| endpoint.address.as_str());
            own["transport_socket"] = extension("envoy.transport_sockets.tls", kind, originated(tls, host));
        }
    }
}

fn mesh(export: &Export<'_>, name: &str, cluster: &Cluster, tls: &MeshTls) -> Value {
    let requested = export
        .snapshot
        .routes
        .values()
        .flat_map(|table| &table.virtual_hosts);
    let requested = requested.flat_map(|host| &host.routes).any(|route| {
        let mesh_wire::route::RouteAction::Forward(forward) = &route.action else {
            return false;
        };
        forward.clusters.iter().any(|share| share.cluster == name)
            || forward.mirrors.iter().any(|mirror| mirror.cluster == name)
    });
    let http = istio_http(cluster.http == HttpVersion::Http2);
    // Requests go by HTTP's names, for then the peer knows what it gets; bytes by those that the snapshot says.
    let alpn: Vec<&str> = if requested {
        http.to_vec()
    } else {
        let names = tls.alpn.iter().map(String::as_str);
        names.filter(|name| *name != "istio-peer-exchange").collect()
    };
    let sans: Vec<Value> = tls.sans.iter().flat_map(|san| expand(export, san)).collect();
    let sans = if sans.is_empty() { trusted(export) } else { sans };
    json!({ "common_tls_context": common(export, &alpn, &sans), "sni": tls.sni })
}

fn originated(tls: &OriginatedTls, host: Option<&str>) -> Value {
    let client = tls.client.as_ref().map(|files| {
        json!([{ "certificate_chain": { "filename": files.cert_chain },
            "private_key": { "filename": files.key } }])
    });
    let asked = tls.sni.as_deref().or(host);
    let own: Vec<StringMatch> = if tls.sans.is_empty() {
        asked
            .map(|name| StringMatch::Exact(name.to_owned()))
            .into_iter()
            .collect()
    } else {
        tls.sans.clone()
    };
    let sans: Vec<Value> = own.iter().flat_map(kinds).collect();
    let validation = (!tls.insecure_skip_verify).then(|| {
        json!({ "trusted_ca": { "filename": tls.ca_file.as_deref().unwrap_or(SYSTEM_ROOTS) },
            "crl": tls.crl_file.as_ref().map(|file| json!({ "filename": file })),
            "match_typed_subject_alt_names": sans })
    });
    json!({ "sni": tls.sni, "common_tls_context": {
        "tls_params": { "tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3" },
        "tls_certificates": client, "alpn_protocols": tls.alpn, "validation_context": validation } })
}

/// A name can be of several kinds; an exact one says which.
fn kinds(san: &StringMatch) -> Vec<Value> {
    let kinds: &[&str] = match san {
        StringMatch::Exact(name) if name.contains("://") => &["URI"],
        StringMatch::Exact(name) if name.parse::<IpAddr>().is_ok() => &["IP_ADDRESS"],
        StringMatch::Exact(_) => &["DNS"],
        _ => &["DNS", "URI"],
    };
    kinds
        .iter()
        .map(|kind| json!({ "san_type": kind, "matcher": matcher::text(san) }))
        .collect()
}
