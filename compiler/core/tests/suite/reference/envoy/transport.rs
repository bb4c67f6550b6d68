use serde_json::Value;

use super::policy::string;
use crate::reference::facts::{at, field, fields, items, set, text};

/// Istio's mutual TLS stands among the matches for endpoints' TLS mode, or alone where endpoints are not listed.
pub(super) fn transport(cluster: &Value) -> String {
    let matches = items(cluster, "transportSocketMatches");
    let named = |name: &str| matches.iter().find(|entry| text(entry, "name") == name);
    let socket = named("tlsMode-istio").map_or(at(cluster, "transportSocket"), |entry| {
        at(entry, "transportSocket")
    });
    let config = at(socket, "typedConfig");
    if !text(config, "@type").ends_with("UpstreamTlsContext") {
        return "plaintext".to_owned();
    }
    let common = at(config, "commonTlsContext");
    let validation = at(common, "combinedValidationContext");
    let checked = at(validation, "defaultValidationContext");
    let sans = set(items(checked, "matchSubjectAltNames").iter().map(string));
    let alpn = items(common, "alpnProtocols").iter().filter_map(Value::as_str);
    let alpn = alpn.collect::<Vec<_>>().join(",");
    let sni = sni(cluster, config);
    let certificate = text(common, "tlsCertificateSdsSecretConfigs/0/name");
    if certificate == "default" {
        return format!("mesh sni={sni} alpn={alpn} sans={sans}");
    }
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let ca = text(validation, "validationContextSdsSecretConfig/name");
    fields(&[
        format!("tls sni={sni} alpn={alpn} sans={sans}"),
        format!("ca={}", ca.strip_prefix("file-root:").unwrap_or("none")),
        field("client", given(certificate)),
        field("crl", given(text(checked, "crl/filename"))),
    ])
}

/// The name that is asked for: without one, that of the request, which is the cluster's unless a route changes it.
fn sni(cluster: &Value, config: &Value) -> String {
    let given = text(config, "sni");
    let options = at(cluster, "typedExtensionProtocolOptions").as_object();
    let mut options = options.into_iter().flat_map(|all| all.values());
    let automatic = |option: &Value| at(option, "upstreamHttpProtocolOptions/autoSni") == &Value::Bool(true);
    if !given.is_empty() || !options.any(automatic) {
        return given;
    }
    let name = text(cluster, "name");
    let host = name.rsplit('|').next().unwrap_or_default();
    Some(host)
        .filter(|host| !host.starts_with('*'))
        .unwrap_or_default()
        .to_owned()
}
