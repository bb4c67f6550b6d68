//! Tokens: verified as Envoy verifies them, refused in its words, and what they say asked by policies.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use http::{Request, StatusCode};
use http_body_util::Empty;
use mesh_wire::jwt::Jwt;
use mesh_wire::listener::MtlsMode;
use mesh_wire::matcher::StringMatch;
use mesh_wire::policy::{Action, MetadataMatch, Permission, Policy, PolicySet, Principal};
use serde_json::json;
use support::issuer::{ALGORITHMS, ISSUER, Issuer, bearer, seconds};
use support::{Proxy, backend, client, snapshot};

fn claim(path: &[&str], value: StringMatch) -> Principal {
    let path = std::iter::once(&"payload").chain(path);
    Principal::Metadata(MetadataMatch {
        filter: "envoy.filters.http.jwt_authn".to_owned(),
        path: path.map(|key| (*key).to_owned()).collect(),
        value,
    })
}

fn rule(action: Action, principal: Principal) -> PolicySet {
    let policy = Policy {
        action,
        permissions: vec![Permission::Any],
        principals: vec![principal],
        dry_run: false,
    };
    PolicySet {
        policies: BTreeMap::from([("ns[forum]-policy[api]-rule[0]".to_owned(), policy)]),
    }
}

/// A proxy that takes plaintext and tokens.
async fn proxy(jwt: Vec<Jwt>, policy: PolicySet) -> Proxy {
    let mut told = snapshot::inbound();
    told.inbound[0].mtls = MtlsMode::Disable;
    told.inbound[0].policy = policy;
    told.inbound[0].jwt = jwt;
    assert_eq!(mesh_proxy::unsupported(&told), Vec::<String>::new());
    Proxy::inbound(told, backend::http1(backend::told).await).await
}

fn of(issuer: &Issuer) -> Jwt {
    Jwt {
        issuer: ISSUER.to_owned(),
        jwks: Some(issuer.jwks()),
        ..Jwt::default()
    }
}

async fn status(proxy: &Proxy, request: Request<Empty<bytes::Bytes>>) -> StatusCode {
    client::once(proxy.connect().await, request).await.status()
}

#[tokio::test]
async fn every_algorithm_is_verified_and_none_forged() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let proxy = proxy(vec![of(&issuer)], PolicySet::default()).await;
    let claims = json!({ "iss": ISSUER, "sub": "api", "exp": seconds(60) });
    for algorithm in ALGORITHMS {
        let token = issuer.sign(algorithm, None, &claims);
        assert_eq!(
            status(&proxy, bearer(&token)).await,
            StatusCode::OK,
            "{algorithm}"
        );
        // What was verified once is remembered, and only that.
        assert_eq!(
            status(&proxy, bearer(&token)).await,
            StatusCode::OK,
            "{algorithm}"
        );
        let (signed, _) = token.rsplit_once('.').unwrap();
        let cut = format!("{signed}.AAAA");
        assert_eq!(
            status(&proxy, bearer(&cut)).await,
            StatusCode::UNAUTHORIZED,
            "{algorithm}"
        );
        if !algorithm.starts_with("HS") {
            let forged = other.sign(algorithm, None, &claims);
            assert_eq!(
                status(&proxy, bearer(&forged)).await,
                StatusCode::UNAUTHORIZED,
                "{algorithm}"
            );
        }
    }
    proxy
        .log
        .line(" 401 - jwt_authn_access_denied{Jwt_verification_fails}")
        .await;
}

#[tokio::test]
async fn rules_ask_for_claims_nested_listed_and_by_space() {
    let issuer = Issuer::new();
    let claims = json!({
        "iss": ISSUER, "sub": "alice", "exp": seconds(60), "groups": ["dev", "ops"], "scope": "read write",
        "realm": { "roles": ["admin"] },
    });
    let token = issuer.sign("RS256", Some("rsa"), &claims);
    let exact = |text: &str| StringMatch::Exact(text.to_owned());
    for (path, value, holds) in [
        (&["iss"][..], exact(ISSUER), true),
        (&["sub"], exact("alice"), true),
        (&["sub"], exact("bob"), false),
        (&["groups"], exact("ops"), true),
        (&["groups"], exact("dev ops"), false),
        (&["scope"], exact("write"), true),
        (&["scope"], exact("read write"), false),
        (&["realm", "roles"], StringMatch::Prefix("adm".to_owned()), true),
        (&["realm"], exact("admin"), false),
        (&["exp"], StringMatch::Prefix(String::new()), false),
        (&["none"], StringMatch::Prefix(String::new()), false),
    ] {
        for action in [Action::Allow, Action::Deny] {
            let policy = rule(action, claim(path, value.clone()));
            let proxy = proxy(vec![of(&issuer)], policy).await;
            let passes = |holds: bool| match (action, holds) {
                (Action::Deny, false) | (Action::Allow, true) => StatusCode::OK,
                _ => StatusCode::FORBIDDEN,
            };
            let got = status(&proxy, bearer(&token)).await;
            assert_eq!(got, passes(holds), "{action:?} {path:?} {value:?}");
            // Without a token there are no claims.
            assert_eq!(
                status(&proxy, client::get("/")).await,
                passes(false),
                "{action:?} {path:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_other_filters_know_lets_nobody_in() {
    let unknown = Principal::Metadata(MetadataMatch {
        filter: "envoy.filters.http.lua".to_owned(),
        path: vec!["payload".to_owned(), "iss".to_owned()],
        value: StringMatch::Prefix(String::new()),
    });
    for action in [Action::Allow, Action::Deny] {
        let mut told = snapshot::inbound();
        told.inbound[0].mtls = MtlsMode::Disable;
        told.inbound[0].policy = rule(action, unknown.clone());
        assert_eq!(mesh_proxy::unsupported(&told).len(), 1);
        let proxy = Proxy::inbound(told, backend::http1(backend::told).await).await;
        assert_eq!(
            status(&proxy, client::get("/")).await,
            StatusCode::FORBIDDEN,
            "{action:?}"
        );
    }
}

/// A server of `jwks` that counts how often it is asked.
async fn keys(jwks: String) -> (SocketAddr, std::sync::Arc<std::sync::atomic::AtomicU32>) {
    use std::sync::atomic::{AtomicU32, Ordering};
    let asked = std::sync::Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let address = backend::http1(move |request: Request<hyper::body::Incoming>| {
        count.fetch_add(1, Ordering::Relaxed);
        let body = if request.uri().path() == "/keys" {
            jwks.clone()
        } else {
            String::new()
        };
        async move { http::Response::new(http_body_util::Full::new(bytes::Bytes::from(body))) }
    })
    .await;
    (address, asked)
}

/// Keys that a server gives, until it gives others, or fails.
#[tokio::test]
async fn keys_elsewhere_are_fetched_anew_and_those_that_are_known_outlive_a_failure() {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;
    let (first, second) = (Issuer::new(), Issuer::new());
    let given = Arc::new(Mutex::new((200, first.jwks())));
    let (count, mut fetches) = tokio::sync::mpsc::unbounded_channel();
    let giving = given.clone();
    let address = backend::http1(move |_| {
        let (status, body) = giving.lock().unwrap().clone();
        count.send(()).unwrap();
        async move {
            let body = http_body_util::Full::new(bytes::Bytes::from(body));
            http::Response::builder().status(status).body(body).unwrap()
        }
    })
    .await;
    let jwt = Jwt {
        jwks: None,
        jwks_uri: Some(format!("http://{address}/keys")),
        ..of(&first)
    };
    let proxy = proxy(vec![jwt], PolicySet::default()).await;
    tokio::spawn(mesh_proxy::fetch_keys(proxy.shared.clone()));
    let sign = |issuer: &Issuer| issuer.sign("ES256", Some("p256"), &json!({ "iss": ISSUER }));
    let (old, new) = (sign(&first), sign(&second));
    let becomes = async |token: &str, wanted: StatusCode| {
        let waiting = async {
            while status(&proxy, bearer(token)).await != wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .unwrap();
    };
    let five_minutes_pass = async || {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(5 * 60 + 1)).await;
        tokio::time::resume();
    };
    becomes(&old, StatusCode::OK).await;
    assert_eq!(status(&proxy, bearer(&new)).await, StatusCode::UNAUTHORIZED);
    *given.lock().unwrap() = (200, second.jwks());
    assert_eq!(status(&proxy, bearer(&old)).await, StatusCode::OK, "not due yet");
    five_minutes_pass().await;
    becomes(&new, StatusCode::OK).await;
    assert_eq!(
        status(&proxy, bearer(&old)).await,
        StatusCode::UNAUTHORIZED,
        "a key that is taken back signs no more"
    );
    for failure in [(500, first.jwks()), (200, "no keys".to_owned())] {
        while fetches.try_recv().is_ok() {}
        *given.lock().unwrap() = failure;
        five_minutes_pass().await;
        // It is tried again soon, and what is known serves on.
        for _ in 0..2 {
            let fetched = tokio::time::timeout(Duration::from_secs(20), fetches.recv());
            fetched.await.unwrap().unwrap();
        }
        assert_eq!(status(&proxy, bearer(&new)).await, StatusCode::OK);
        assert_eq!(status(&proxy, bearer(&old)).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn keys_elsewhere_are_fetched_once_and_kept_over_snapshots() {
    let issuer = Issuer::new();
    let (address, asked) = keys(issuer.jwks()).await;
    let jwt = Jwt {
        jwks: None,
        jwks_uri: Some(format!("http://{address}/keys")),
        ..of(&issuer)
    };
    let proxy = proxy(vec![jwt], PolicySet::default()).await;
    let token = issuer.sign("ES256", Some("p256"), &json!({ "iss": ISSUER }));
    let refused = client::once(proxy.connect().await, bearer(&token)).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(client::text(refused).await, "Jwks remote fetch is failed");
    tokio::spawn(mesh_proxy::fetch_keys(proxy.shared.clone()));
    let fetched = async {
        while status(&proxy, bearer(&token)).await != StatusCode::OK {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), fetched)
        .await
        .unwrap();
    let mut told = (*proxy.shared.snapshot().unwrap()).clone();
    told.inbound[0].jwt[0].forward = true;
    proxy.shared.apply(told).unwrap();
    assert_eq!(status(&proxy, bearer(&token)).await, StatusCode::OK);
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
}
