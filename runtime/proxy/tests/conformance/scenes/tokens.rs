//! Tokens that requests carry.

use mesh_wire::jwt::Jwt;
use mesh_wire::listener::{InboundProtocol, MtlsMode};
use serde_json::{Value, json};

use crate::app;
use crate::ask::get;
use crate::support::issuer::{ISSUER, Issuer, seconds};
use crate::world::World;

pub async fn put(world: &mut World) {
    let app = app::serve("tokens", world.tries.clone()).await;
    let (issuer, stranger) = (Issuer::new(), Issuer::new());
    let listener = world.inbound(app.port(), InboundProtocol::Http, MtlsMode::Disable);
    listener.jwt = vec![Jwt {
        issuer: ISSUER.to_owned(),
        audiences: vec!["forum".to_owned()],
        jwks: Some(issuer.jwks()),
        payload_header: Some("x-payload".to_owned()),
        claim_headers: [("x-subject".to_owned(), "sub".to_owned())].into(),
        ..Jwt::default()
    }];
    let claims = |more: Value| {
        let mut claims = json!({ "iss": ISSUER, "sub": "api", "aud": "forum", "exp": seconds(600) });
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        claims
    };
    let good = issuer.sign("RS256", Some("rsa"), &claims(json!({})));
    let of = |label: &str| get("tokens", "/posts").inward(app).label(label);
    let bearer = |label: &str, token: &str| of(label).with("authorization", &format!("Bearer {token}"));
    let signed = |label: &str, more: Value| bearer(label, &issuer.sign("ES256", Some("p256"), &claims(more)));
    let asks = vec![
        of("none"),
        bearer("good", &good),
        bearer("good, HTTP/2", &good).http2(),
        get("tokens", &format!("/posts?access_token={good}"))
            .inward(app)
            .label("as a parameter"),
        of("another scheme").with("authorization", "Basic YTpi"),
        bearer(
            "of a stranger",
            &stranger.sign("RS256", Some("rsa"), &claims(json!({}))),
        ),
        bearer("no token", "nothing"),
        signed("another key", json!({})),
        signed("ended", json!({ "exp": seconds(-600) })),
        signed("not yet", json!({ "nbf": seconds(600) })),
        signed("another issuer", json!({ "iss": "https://other.example" })),
        signed("another audience", json!({ "aud": "shop" })),
        signed("several audiences", json!({ "aud": ["shop", "forum"] })),
        bearer("gRPC", "nothing")
            .http2()
            .with("content-type", "application/grpc"),
    ];
    world.asks("tokens", asks);
}
