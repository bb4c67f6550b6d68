use serde_json::Value;

use super::millis;
use crate::reference::facts::{at, field, fields, items, list, set, text};

/// Tokens by issuer. All are asked alike: one of them must be good, or each that is there.
pub(crate) fn providers(authn: &Value) -> Vec<(String, String)> {
    let all = at(authn, "providers").as_object().unwrap();
    let asked = at(authn, "rules/0/requires");
    let needed = asked.to_string().matches("allowMissing").count();
    assert_eq!(needed, all.len(), "each token may be missing: {asked}");
    all.values()
        .map(|provider| (text(provider, "issuer"), self::provider(provider)))
        .collect()
}

fn provider(provider: &Value) -> String {
    let header = |header: &Value| {
        format!(
            "{}:{}",
            text(header, "name").to_lowercase(),
            text(header, "valuePrefix")
        )
    };
    let claim = |claim: &Value| {
        format!(
            "{}:{}",
            text(claim, "headerName").to_lowercase(),
            text(claim, "claimName")
        )
    };
    let texts = |path: &str| set(items(provider, path).iter().filter_map(Value::as_str));
    assert_eq!(text(provider, "payloadInMetadata"), "payload");
    fields(&[
        format!("audiences={}", texts("audiences")),
        format!("jwks={}", text(provider, "localJwks/inlineString")),
        format!(
            "headers={}",
            list(items(provider, "fromHeaders").iter().map(header))
        ),
        format!("params={}", texts("fromParams")),
        format!("cookies={}", texts("fromCookies")),
        format!("forward={}", provider["forward"] == Value::Bool(true)),
        format!("payload-header={}", text(provider, "forwardPayloadHeader")),
        format!(
            "claims={}",
            set(items(provider, "claimToHeaders").iter().map(claim))
        ),
        format!(
            "space-delimited={}",
            texts("normalizePayloadInMetadata/spaceDelimitedClaims")
        ),
        field("timeout", millis(provider, "remoteJwks/httpUri/timeout")),
    ])
}
