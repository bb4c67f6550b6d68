use mesh_wire::Millis;
use mesh_wire::jwt::Jwt;
use mesh_wire::listener::InboundListener;
use serde_json::{Map, Value, json};

use super::{Export, extension, time};

/// How long fetching a key set may take where nothing is said (Istio's default).
const FETCH: Millis = Millis::from_secs(5);
/// Claims whose texts are lists by space, always (Istio `authn/policy_applier.go`).
const SPACED: [&str; 2] = ["permission", "scope"];

/// Envoy's filter for tokens, as istiod configures it; none where none are looked at.
pub(super) fn filter(export: &mut Export<'_>, wire: &InboundListener) -> Option<Value> {
    let mut providers = Map::new();
    let (mut each, mut any) = (Vec::new(), Vec::new());
    for (index, jwt) in wire.jwt.iter().enumerate() {
        let name = format!("origins-{index}");
        providers.insert(name.clone(), provider(export, &wire.name, jwt));
        each.push(json!({ "requires_any": { "requirements": [
            { "provider_name": name }, { "allow_missing": {} } ] } }));
        any.push(json!({ "provider_name": name }));
    }
    let requires = match each.len() {
        0 => return None,
        1 => each.remove(0),
        _ => {
            any.push(json!({ "requires_all": { "requirements": each } }));
            json!({ "requires_any": { "requirements": any } })
        }
    };
    let kind = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
    let config = json!({ "providers": providers, "bypass_cors_preflight": true,
        "rules": [{ "match": { "prefix": "/" }, "requires": requires }] });
    Some(extension("envoy.filters.http.jwt_authn", kind, config))
}

fn provider(export: &mut Export<'_>, place: &str, jwt: &Jwt) -> Value {
    let headers = jwt
        .headers
        .iter()
        .map(|header| json!({ "name": header.name, "value_prefix": header.prefix }));
    let claims = jwt
        .claim_headers
        .iter()
        .map(|(header, claim)| json!({ "header_name": header, "claim_name": claim }));
    let spaced: Vec<&str> = SPACED
        .into_iter()
        .chain(jwt.space_delimited.iter().map(String::as_str))
        .collect();
    let mut own = json!({
        "issuer": jwt.issuer, "audiences": jwt.audiences, "forward": jwt.forward,
        "forward_payload_header": jwt.payload_header,
        "from_headers": headers.collect::<Vec<_>>(), "from_params": jwt.params, "from_cookies": jwt.cookies,
        "claim_to_headers": claims.collect::<Vec<_>>(), "payload_in_metadata": "payload",
        "normalize_payload_in_metadata": { "space_delimited_claims": spaced },
    });
    match (&jwt.jwks, &jwt.jwks_uri) {
        (None, Some(uri)) => own["remote_jwks"] = remote(export, place, uri, jwt.timeout.unwrap_or(FETCH)),
        // Without keys no token holds.
        (keys, _) => {
            own["local_jwks"] = json!({ "inline_string": keys.as_deref().unwrap_or("{\"keys\":[]}") });
        }
    }
    own
}

fn remote(export: &mut Export<'_>, place: &str, uri: &str, timeout: Millis) -> Value {
    let (secure, rest) = match (uri.strip_prefix("https://"), uri.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => {
            export.unsaid(format!("{place}: the key set `{uri}` is no http or https URL"));
            return Value::Null;
        }
    };
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    let (host, port) = authority
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse().ok()?)))
        .unwrap_or((authority, if secure { 443 } else { 80 }));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = format!("jwks|{port}||{host}");
    if !export.clusters.iter().any(|cluster| cluster["name"] == *name) {
        let transport = if secure {
            mesh_wire::cluster::Transport::Tls(mesh_wire::cluster::OriginatedTls {
                sni: Some(host.to_owned()),
                sans: Vec::new(),
                alpn: Vec::new(),
                ca_file: None,
                crl_file: None,
                client: None,
                insecure_skip_verify: false,
            })
        } else {
            mesh_wire::cluster::Transport::Plaintext
        };
        let cluster = mesh_wire::cluster::Cluster::of_host(host, port, transport, timeout.to_duration());
        let cluster = super::cluster::of(export, &name, &cluster);
        export.clusters.push(cluster);
    }
    json!({ "http_uri": { "uri": uri, "cluster": name, "timeout": time(timeout) },
        "cache_duration": "1200s", "async_fetch": { "fast_listener": true } })
}
