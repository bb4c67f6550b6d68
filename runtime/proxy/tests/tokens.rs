//! Tokens: what is not verified does not hold.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeMap;

use http::StatusCode;
use mesh_wire::Snapshot;
use mesh_wire::jwt::Jwt;
use mesh_wire::listener::MtlsMode;
use mesh_wire::matcher::StringMatch;
use mesh_wire::policy::{Action, MetadataMatch, Permission, Policy, PolicySet, Principal};
use support::{Proxy, backend, client, snapshot};

const ISSUER: &str = "https://issuer.example";

/// A rule about whoever shows a token of the issuer.
fn rule(action: Action) -> PolicySet {
    let issuer = MetadataMatch {
        filter: "envoy.filters.http.jwt_authn".to_owned(),
        path: vec!["payload".to_owned(), "iss".to_owned()],
        value: StringMatch::Exact(ISSUER.to_owned()),
    };
    let policy = Policy {
        action,
        permissions: vec![Permission::Any],
        principals: vec![Principal::Metadata(issuer)],
        dry_run: false,
    };
    PolicySet {
        policies: BTreeMap::from([("ns[forum]-policy[api]-rule[0]".to_owned(), policy)]),
    }
}

/// A proxy that takes plaintext, with tokens of the issuer whose keys it does not have.
async fn proxy(policy: PolicySet) -> (Proxy, Snapshot) {
    let mut told = snapshot::inbound();
    told.inbound[0].mtls = MtlsMode::Disable;
    told.inbound[0].policy = policy;
    told.inbound[0].jwt = vec![Jwt {
        issuer: ISSUER.to_owned(),
        jwks_uri: Some(format!("{ISSUER}/keys")),
        ..Jwt::default()
    }];
    let backend = backend::http1(backend::told).await;
    (Proxy::inbound(told.clone(), backend).await, told)
}

async fn status(proxy: &Proxy, path: &str, token: Option<&str>) -> StatusCode {
    let mut request = client::get(path);
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
    }
    client::once(proxy.connect().await, request).await.status()
}

/// Header and claims that say what the rules ask for; nobody signed them.
const FORGED: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIn0.";

#[tokio::test]
async fn an_allow_that_asks_for_a_token_lets_nobody_in_whose_token_is_not_verified() {
    let (proxy, told) = proxy(rule(Action::Allow)).await;
    assert_eq!(status(&proxy, "/", None).await, StatusCode::FORBIDDEN);
    assert_eq!(status(&proxy, "/", Some(FORGED)).await, StatusCode::UNAUTHORIZED);
    let path = format!("/?access_token={FORGED}");
    assert_eq!(status(&proxy, &path, None).await, StatusCode::UNAUTHORIZED);
    assert!(!mesh_proxy::unsupported(&told).is_empty());
}

#[tokio::test]
async fn without_a_rule_a_request_passes_without_a_token_and_not_with_a_bad_one() {
    let (proxy, _) = proxy(PolicySet::default()).await;
    assert_eq!(status(&proxy, "/", None).await, StatusCode::OK);
    assert_eq!(status(&proxy, "/", Some(FORGED)).await, StatusCode::UNAUTHORIZED);
    proxy
        .log
        .line(" 401 UAEX jwt_authn_access_denied{Jwt_verification_fails}")
        .await;
}

#[tokio::test]
async fn where_no_tokens_are_verified_rules_about_them_refuse() {
    for action in [Action::Allow, Action::Deny] {
        let (proxy, mut told) = proxy(rule(action)).await;
        told.inbound[0].jwt.clear();
        proxy.shared.apply(told).unwrap();
        for token in [None, Some(FORGED)] {
            assert_eq!(
                status(&proxy, "/", token).await,
                StatusCode::FORBIDDEN,
                "{action:?}"
            );
        }
    }
}
