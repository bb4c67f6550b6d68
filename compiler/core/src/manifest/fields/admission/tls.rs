//! TLS of servers and of clients.

use std::collections::BTreeSet;

use super::{is, key, said};
use crate::diag::Span;
use crate::syntax::Datum;

/// Ciphers that gateways take.
const CIPHERS: &[&str] = &[
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
];

/// Where a server says where its certificate comes from.
const SOURCES: [&str; 6] = [
    "credentialName",
    "credentialNames",
    "serverCertificate",
    "privateKey",
    "caCertificates",
    "tlsCertificates",
];

fn mode(tls: &Datum) -> String {
    tls.field_text("mode")
        .map_or_else(|| "PASSTHROUGH".to_owned(), |mode| mode.value)
}

/// `tls` beside a port that has none; a redirect alone may stand at one for requests.
pub(super) fn fits(server: &Datum) -> Option<Span> {
    let tls = said(server, "tls")?;
    let protocol = server
        .at(&["port"])?
        .field_text("protocol")?
        .value
        .to_ascii_uppercase();
    let redirect = mode(&tls.value) == "PASSTHROUGH"
        && ["caCertificates", "privateKey", "serverCertificate"]
            .iter()
            .all(|name| key(&tls.value, name).is_none());
    match protocol.as_str() {
        "HTTPS" | "TLS" => None,
        "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" => (!redirect).then_some(tls.key.span),
        "TCP" | "MONGO" | "MYSQL" | "REDIS" | "UDP" => Some(tls.key.span),
        _ => None,
    }
}

pub(super) fn of_sidecar(listener: &Datum) -> Option<Span> {
    let tls = listener.at(&["tls"])?;
    let refused = [
        "subjectAltNames",
        "httpsRedirect",
        "credentialName",
        "credentialNames",
        "tlsCertificates",
    ];
    refused.iter().find_map(|name| key(tls, name)).or_else(|| {
        let mode = tls.field_text("mode")?;
        ["PASSTHROUGH", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL"]
            .contains(&mode.value.as_str())
            .then_some(mode.span)
    })
}

pub(super) fn mutual_alone(tls: &Datum) -> Option<Span> {
    let found = SOURCES.iter().find_map(|name| key(tls, name));
    found.filter(|_| mode(tls) == "ISTIO_MUTUAL")
}

pub(super) fn two_sources(tls: &Datum) -> Option<Span> {
    let files = key(tls, "serverCertificate").filter(|_| key(tls, "privateKey").is_some());
    let others = ["credentialName", "credentialNames", "tlsCertificates"].map(|name| key(tls, name));
    let mut all: Vec<_> = std::iter::once(files).chain(others).flatten().collect();
    all.sort();
    (mode(tls) != "ISTIO_MUTUAL")
        .then(|| all.get(1).copied())
        .flatten()
}

/// It shows a certificate of its own, and takes it from files.
fn shows_files(tls: &Datum) -> bool {
    ["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"].contains(&mode(tls).as_str())
        && ["credentialName", "credentialNames", "tlsCertificates"]
            .iter()
            .all(|name| key(tls, name).is_none())
}

pub(super) fn no_certificate(tls: &Datum) -> Option<Span> {
    let whole = key(tls, "serverCertificate").is_some() && key(tls, "privateKey").is_some();
    let span = tls.entry("mode")?.value.span;
    (shows_files(tls) && !whole).then_some(span)
}

pub(super) fn no_roots(tls: &Datum) -> Option<Span> {
    let asks = ["MUTUAL", "OPTIONAL_MUTUAL"].contains(&mode(tls).as_str());
    let named = [
        "credentialName",
        "credentialNames",
        "caCertificates",
        "caCertCredentialName",
    ];
    let known = named.iter().any(|name| key(tls, name).is_some());
    // What has no certificate either is told so.
    let span = tls.entry("mode")?.value.span;
    (asks && !known && no_certificate(tls).is_none()).then_some(span)
}

pub(super) fn crl(tls: &Datum) -> Option<Span> {
    let simple = mode(tls) == "SIMPLE";
    key(tls, "caCrl").filter(|_| simple)
}

pub(super) fn passthrough(tls: &Datum) -> Option<Span> {
    let bare = ["PASSTHROUGH", "AUTO_PASSTHROUGH"].contains(&mode(tls).as_str());
    let found = SOURCES.iter().chain(&["caCrl"]).find_map(|name| key(tls, name));
    found.filter(|_| bare)
}

pub(super) fn old(tls: &Datum) -> Option<Span> {
    let version = tls.field_text("minProtocolVersion")?;
    let old = ["TLSV1_0", "TLSV1_1"].contains(&version.value.as_str());
    (old && said(tls, "cipherSuites").is_none()).then_some(version.span)
}

pub(super) fn ciphers(datum: &Datum) -> Option<Span> {
    let mut seen = BTreeSet::new();
    let mut all = datum.items().iter().filter_map(Datum::text);
    all.find(|name| !CIPHERS.contains(&name.value.as_str()) || !seen.insert(name.value.clone()))
        .map(|name| name.span)
}

pub(super) fn client_key(tls: &Datum) -> Option<Span> {
    let files = key(tls, "clientCertificate").is_some() && key(tls, "privateKey").is_some();
    let known = files || key(tls, "credentialName").is_some();
    let span = tls.entry("mode")?.value.span;
    (is(tls, "mode", "MUTUAL") && !known).then_some(span)
}

pub(super) fn credential_alone(tls: &Datum) -> Option<Span> {
    key(tls, "credentialName")?;
    ["clientCertificate", "privateKey", "caCertificates", "caCrl"]
        .iter()
        .find_map(|name| key(tls, name))
}
