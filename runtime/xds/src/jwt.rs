//! `envoy.extensions.filters.http.jwt_authn.v3`, which Istio's RequestAuthentication compiles to.

use mesh_wire::jwt::{Jwt, JwtHeader};
use serde_json::json;

use crate::reader::Reader;

/// The issuers of a filter, as Istio sets it up: tokens may be missing, and those that are there must be good.
pub(crate) fn read(mut filter: Reader<'_>) -> Vec<Jwt> {
    filter.given("bypass_cors_preflight", &[json!(true)]);
    let providers = filter.map("providers");
    let known: Vec<_> = providers.iter().map(|(name, _)| name.clone()).collect();
    for mut rule in filter.messages("rules") {
        rule.given("match", &[json!({"prefix": "/"})]);
        let optional = rule
            .message("requires")
            .map_or(0, |asked| required(asked, &known));
        if optional < known.len() {
            rule.tell(
                "requires",
                &json!(known),
                "tokens may be missing, whatever is required",
            );
        }
    }
    providers
        .into_iter()
        .map(|(_, provider)| of_provider(provider))
        .collect()
}

/// Each issuer's token or none; of several issuers, of each. How often it may be none is returned.
fn required(mut asked: Reader<'_>, known: &[String]) -> usize {
    let mut optional = usize::from(asked.has("allow_missing"));
    for kind in ["requires_any", "requires_all"] {
        if let Some(mut set) = asked.message(kind) {
            for inner in set.messages("requirements") {
                optional += required(inner, known);
            }
        }
    }
    let names: Vec<_> = known.iter().map(|name| json!(name)).collect();
    asked.given("provider_name", &names);
    asked.skip("allow_missing");
    optional
}

fn of_provider(mut provider: Reader<'_>) -> Jwt {
    // Where policies look for what a token says.
    provider.given("payload_in_metadata", &[json!("payload")]);
    let mut jwt = Jwt {
        issuer: provider.text("issuer"),
        audiences: provider.texts("audiences"),
        params: provider.texts("from_params"),
        cookies: provider.texts("from_cookies"),
        forward: provider.flag("forward") == Some(true),
        payload_header: provider.some_text("forward_payload_header"),
        ..Jwt::default()
    };
    for mut header in provider.messages("from_headers") {
        jwt.headers.push(JwtHeader {
            name: header.text("name").to_lowercase(),
            prefix: header.text("value_prefix"),
        });
    }
    for mut claim in provider.messages("claim_to_headers") {
        let header = claim.text("header_name").to_lowercase();
        jwt.claim_headers.insert(header, claim.text("claim_name"));
    }
    if let Some(mut payload) = provider.message("normalize_payload_in_metadata") {
        jwt.space_delimited = payload.texts("space_delimited_claims");
    }
    if let Some(mut keys) = provider.message("local_jwks") {
        jwt.jwks = keys.some_text("inline_string");
    }
    if let Some(mut keys) = provider.message("remote_jwks") {
        for name in ["cache_duration", "async_fetch"] {
            keys.skip(name);
        }
        if let Some(mut place) = keys.message("http_uri") {
            jwt.jwks_uri = place.some_text("uri");
            jwt.timeout = place.span("timeout");
            // By its host.
            place.skip("cluster");
        }
    }
    jwt
}
