//! Envoy and we judge the same tokens, and tell clients and applications the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use mesh_wire::jwt::{Jwt, JwtHeader};
use mesh_wire::listener::MtlsMode;
use serde_json::{Value, json};
use support::envoy::{Envoy, cluster, free, manager, socket, without_envoy};
use support::issuer::{ALGORITHMS, ISSUER, Issuer, bearer, seconds};
use support::{Proxy, backend, client, snapshot};
use tokio::net::TcpStream;

/// Istio's filters for `jwt` (Istio `authn/policy_applier.go`), before the router.
fn filters(all: &[Jwt]) -> Value {
    let mut providers = serde_json::Map::new();
    let (mut inner, mut outer) = (Vec::new(), Vec::new());
    for (index, jwt) in all.iter().enumerate() {
        let headers: Vec<Value> = jwt
            .headers
            .iter()
            .map(|header| json!({ "name": header.name, "value_prefix": header.prefix }))
            .collect();
        let claims: Vec<Value> = jwt
            .claim_headers
            .iter()
            .map(|(header, claim)| json!({ "header_name": header, "claim_name": claim }))
            .collect();
        let name = format!("origins-{index}");
        let provider = json!({
            "issuer": jwt.issuer, "audiences": jwt.audiences, "forward": jwt.forward,
            "forward_payload_header": jwt.payload_header.clone().unwrap_or_default(),
            "from_headers": headers, "from_params": jwt.params, "from_cookies": jwt.cookies,
            "claim_to_headers": claims, "payload_in_metadata": "payload",
            "normalize_payload_in_metadata": { "space_delimited_claims": ["permission", "scope"] },
            "local_jwks": { "inline_string": jwt.jwks },
        });
        providers.insert(name.clone(), provider);
        inner.push(json!({ "requires_any": { "requirements": [
            { "provider_name": name }, { "allow_missing": {} } ] } }));
        outer.push(json!({ "provider_name": name }));
    }
    let requires = if inner.len() == 1 {
        inner.remove(0)
    } else {
        outer.push(json!({ "requires_all": { "requirements": inner } }));
        json!({ "requires_any": { "requirements": outer } })
    };
    json!({ "http_filters": [
        { "name": "envoy.filters.http.jwt_authn", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": providers, "bypass_cors_preflight": true,
            "rules": [{ "match": { "prefix": "/" }, "requires": requires }] } },
        { "name": "envoy.filters.http.router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" } },
    ] })
}

/// What came of a request: status, challenge, and the body, of what the application was told what tokens concern.
async fn outcome(address: SocketAddr, request: Request<Empty<Bytes>>) -> String {
    let response = client::once(TcpStream::connect(address).await.unwrap(), request).await;
    let challenge = response.headers().get("www-authenticate").cloned();
    let (status, body) = (response.status(), client::text(response).await);
    let mut told: Vec<&str> = body
        .lines()
        .filter(|line| {
            status != 200
                || line.contains("HTTP/1.1")
                || line.contains("x-jwt")
                || line.contains("authorization")
                || line.contains("cookie")
        })
        .collect();
    told.sort_unstable();
    format!("{status} {challenge:?} {told:#?}")
}

/// Tokens that say and are signed all kinds of things, by name.
fn said(issuer: &Issuer) -> Vec<(String, Request<Empty<Bytes>>)> {
    let mut all = Vec::new();
    let claims = |more: Value| {
        let mut claims = json!({ "iss": ISSUER, "sub": "api", "exp": seconds(600) });
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        claims
    };
    for algorithm in ALGORITHMS {
        all.push((
            algorithm.to_owned(),
            bearer(&issuer.sign(algorithm, None, &claims(json!({})))),
        ));
    }
    for (algorithm, kid) in [
        ("RS256", "rsa"),
        ("RS256", "p256"),
        ("ES256", "other"),
        ("none", "rsa"),
        ("EdDSA", "rsa"),
    ] {
        let token = issuer.sign(algorithm, Some(kid), &claims(json!({})));
        all.push((format!("{algorithm} by {kid}"), bearer(&token)));
    }
    for more in [
        json!({ "aud": "forum" }),
        json!({ "aud": ["x", "https://forum/"] }),
        json!({ "aud": "other" }),
        json!({ "aud": 7 }),
        json!({ "iss": "https://second.example" }),
        json!({ "iss": "https://nobody.example" }),
        json!({ "iss": 7 }),
        json!({ "sub": null }),
        json!({ "jti": [] }),
        json!({ "exp": seconds(-30) }),
        json!({ "exp": seconds(-90) }),
        json!({ "exp": "soon" }),
        json!({ "exp": -1 }),
        json!({ "nbf": seconds(30) }),
        json!({ "nbf": seconds(90) }),
        json!({ "iat": 1e300 }),
        json!({ "name": "Alice", "age": 42, "big": 1e18, "half": 0.5, "minus": -3, "yes": true, "nested": { "a": "b" } }),
        json!({ "name": "", "age": ["a", 1], "half": { "a": 1 }, "yes": null }),
    ] {
        all.push((
            more.to_string(),
            bearer(&issuer.sign("ES256", None, &claims(more.clone()))),
        ));
    }
    all
}

/// Tokens that are cut, and tokens at every place.
fn misplaced(issuer: &Issuer) -> Vec<(String, Request<Empty<Bytes>>)> {
    let mut all = Vec::new();
    let claims = json!({ "iss": ISSUER, "sub": "api", "exp": seconds(600) });
    let good = issuer.sign("ES256", Some("p256"), &claims);
    let (signed, _) = good.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    for text in [
        String::new(),
        "x".to_owned(),
        "a.b.c".to_owned(),
        "..".to_owned(),
        format!("{signed}."),
        format!("{signed}.AAAA"),
        format!("{signed}.!"),
        format!("{header}.e30.AAAA"),
        format!("{header}.W10.AAAA"),
        format!("{header}.~~.AAAA"),
        format!("W10.{payload}.AAAA"),
        format!("e30.{payload}.AAAA"),
        format!("{good}.x"),
    ] {
        all.push((format!("text `{text}`"), bearer(&text)));
    }
    let with = |uri: &str, headers: &[(&'static str, String)]| {
        let mut request = client::get(uri);
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    };
    all.push(("nothing".to_owned(), with("/posts?a=1", &[])));
    all.push((
        "made-up headers".to_owned(),
        with(
            "/",
            &[
                ("x-jwt-name", "Eve".to_owned()),
                ("x-jwt-payload", "e30".to_owned()),
            ],
        ),
    ));
    all.push((
        "lower case".to_owned(),
        with("/", &[("authorization", format!("bearer {good}"))]),
    ));
    all.push((
        "behind another".to_owned(),
        with("/", &[("authorization", format!("Basic x, Bearer {good}"))]),
    ));
    all.push((
        "a header of its own".to_owned(),
        with("/", &[("x-jwt-assertion", good.clone())]),
    ));
    all.push((
        "a parameter".to_owned(),
        with(&format!("/posts?a=1&access_token={good}&b=2"), &[]),
    ));
    all.push((
        "an escaped parameter".to_owned(),
        with(&format!("/posts?access_token={}", good.replace('.', "%2E")), &[]),
    ));
    all.push(("a bad parameter".to_owned(), with("/posts?access_token=abc", &[])));
    all.push((
        "a cookie".to_owned(),
        with("/", &[("cookie", format!("a=b; session={good}; c=d"))]),
    ));
    all.push((
        "two headers, both good".to_owned(),
        with(
            "/",
            &[
                ("authorization", format!("Bearer {good}")),
                ("authorization", format!("Bearer {good}")),
            ],
        ),
    ));
    let preflight = [
        ("origin", "https://a.example".to_owned()),
        ("access-control-request-method", "GET".to_owned()),
    ];
    let mut asks = with("/", &preflight);
    *asks.method_mut() = http::Method::OPTIONS;
    all.push(("a preflight".to_owned(), asks));
    all.push(("a long path".to_owned(), {
        let mut request = bearer("x");
        *request.uri_mut() = format!("/{}?b=c", "a".repeat(300)).parse().unwrap();
        request
    }));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn envoy_judges_the_same() {
    if without_envoy() {
        return;
    }
    let issuer = Issuer::new();
    let plain = Jwt {
        issuer: ISSUER.to_owned(),
        jwks: Some(issuer.jwks()),
        ..Jwt::default()
    };
    let second = Jwt {
        issuer: "https://second.example".to_owned(),
        ..plain.clone()
    };
    let telling = Jwt {
        payload_header: Some("x-jwt-payload".to_owned()),
        claim_headers: ["name", "age", "big", "half", "minus", "yes", "nested.a"]
            .into_iter()
            .map(|claim| (format!("x-jwt-{}", claim.replace('.', "-")), claim.to_owned()))
            .collect(),
        forward: true,
        audiences: Vec::new(),
        ..plain.clone()
    };
    let placed = Jwt {
        headers: vec![
            JwtHeader {
                name: "x-jwt-assertion".to_owned(),
                prefix: String::new(),
            },
            JwtHeader {
                name: "authorization".to_owned(),
                prefix: "Bearer ".to_owned(),
            },
        ],
        params: vec!["access_token".to_owned()],
        cookies: vec!["session".to_owned()],
        ..plain.clone()
    };
    let audience = Jwt {
        audiences: vec!["http://forum".to_owned(), "x".to_owned()],
        ..plain.clone()
    };
    let app = backend::http1(backend::told).await;
    let mut differences = Vec::new();
    for jwt in [
        vec![plain.clone()],
        vec![plain, second],
        vec![telling],
        vec![placed],
        vec![audience],
    ] {
        let address = free();
        let listener = json!({ "name": "in", "address": socket(address),
            "filter_chains": [{ "filters": [manager("app", filters(&jwt))] }] });
        let _envoy = Envoy::start(vec![listener], vec![cluster("app", app, false, None)], address).await;
        let ours = proxy_to(app, jwt.clone()).await;
        for (name, request) in said(&issuer).into_iter().chain(misplaced(&issuer)) {
            let theirs = outcome(address, request.clone()).await;
            let ours = outcome(ours.address, request).await;
            if theirs != ours {
                differences.push(format!(
                    "{name} with {jwt:?}:\n  Envoy {theirs}\n  ours  {ours}\n"
                ));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

async fn proxy_to(app: SocketAddr, jwt: Vec<Jwt>) -> Proxy {
    let mut told = snapshot::inbound();
    told.inbound[0].mtls = MtlsMode::Disable;
    told.inbound[0].jwt = jwt;
    Proxy::inbound(told, app).await
}
