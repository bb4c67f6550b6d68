//! Who may, for requests and for bytes.

use std::collections::BTreeMap;

use mesh_wire::listener::{InboundProtocol, MtlsMode};
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::policy::{Action, Permission as P, Policy, PolicySet, Principal};

use crate::app;
use crate::ask::{Ask, get};
use crate::plane::Way;
use crate::world::World;

pub async fn put(world: &mut World) {
    requests(world).await;
    connections(world).await;
}

fn policy(action: Action, permissions: Vec<P>, principals: Vec<Principal>) -> Policy {
    Policy {
        action,
        permissions,
        principals,
        dry_run: false,
    }
}

fn set(policies: Vec<(&str, Policy)>) -> PolicySet {
    let named = policies
        .into_iter()
        .map(|(name, policy)| (format!("ns[forum]-policy[{name}]-rule[0]"), policy));
    PolicySet {
        policies: named.collect::<BTreeMap<_, _>>(),
    }
}

fn header(name: &str, value: StringMatch) -> HeaderMatch {
    HeaderMatch {
        name: name.to_owned(),
        value: Some(value),
        invert: false,
    }
}

fn path(text: &str) -> P {
    P::Path(match text.strip_suffix('*') {
        Some(start) => StringMatch::Prefix(start.to_owned()),
        None => StringMatch::Exact(text.to_owned()),
    })
}

async fn requests(world: &mut World) {
    let app = app::serve("policies", world.tries.clone()).await;
    let listener = world.inbound(app.port(), InboundProtocol::Http, MtlsMode::Disable);
    let method = |name: &str| P::Header(header(":method", StringMatch::Exact(name.to_owned())));
    let from = |range: &str| Principal::RemoteIp(range.parse().unwrap());
    let mut dry = policy(Action::Deny, vec![path("/dry")], vec![Principal::Any]);
    dry.dry_run = true;
    listener.policy = set(vec![
        ("audit", policy(Action::Audit, vec![P::Any], vec![Principal::Any])),
        ("dry", dry),
        (
            "deny",
            policy(
                Action::Deny,
                vec![
                    path("/admin*"),
                    P::PathTemplate("/users/{*}/secret/{**}".to_owned()),
                    P::Header(header("x-bad", StringMatch::Contains("evil".to_owned()))),
                ],
                vec![Principal::Not(Box::new(from("10.9.0.0/16")))],
            ),
        ),
        (
            "allow",
            policy(
                Action::Allow,
                vec![
                    P::All(vec![path("/posts*"), P::Not(Box::new(method("DELETE")))]),
                    path("/dry"),
                    path("/admin*"),
                    P::PathTemplate("/users/{*}/secret/{**}".to_owned()),
                    P::PathTemplate("/tagged/{*}".to_owned()),
                    P::PathTemplate("/under/{**}".to_owned()),
                    P::All(vec![path("/port"), P::DestinationPort(app.port())]),
                    P::All(vec![path("/otherport"), P::DestinationPort(1)]),
                    P::Header(header(":authority", StringMatch::Suffix(".allowed".to_owned()))),
                ],
                vec![Principal::Any],
            ),
        ),
        (
            "clients",
            policy(
                Action::Allow,
                vec![path("/from")],
                vec![
                    from("10.1.0.0/16"),
                    Principal::Header(header(
                        "x-who",
                        StringMatch::IgnoreCase(Box::new(StringMatch::Exact("Ada".to_owned()))),
                    )),
                ],
            ),
        ),
        (
            "nobody",
            policy(
                Action::Allow,
                vec![path("/signed")],
                vec![Principal::Authenticated(None)],
            ),
        ),
    ]);
    let of = |path: &str| get("policies", path).inward(app);
    let grpc = |ask: Ask| ask.http2().with("content-type", "application/grpc");
    let asks = vec![
        of("/posts/1"),
        of("/posts/1?x=/admin"),
        of("/posts/1")
            .method(http::Method::DELETE)
            .label("DELETE /posts/1"),
        of("/nothing"),
        of("/dry"),
        of("/admin"),
        of("/admin?x"),
        of("/%61dmin"),
        of("/x/../admin"),
        of("//admin"),
        of("/admin")
            .with("x-forwarded-for", "10.9.1.1")
            .label("/admin from afar"),
        of("/admin")
            .with("x-forwarded-for", "10.9.1.1, 10.8.1.1")
            .label("/admin by two"),
        of("/users/1/secret/a/b"),
        of("/users/1/2/secret/a"),
        of("/users//secret/a"),
        of("/tagged/a:b@c=d;e,f%2F~!$&'()+"),
        of("/tagged/a*b"),
        of("/under/"),
        of("/under/a/b*/c"),
        of("/under/a[1]"),
        of("/posts/2").with("x-bad", "so evil").label("evil"),
        of("/posts/2")
            .with("x-bad", "fine")
            .with("x-bad", "evil")
            .label("evil twice"),
        of("/port"),
        of("/otherport"),
        of("/host").host("a.allowed"),
        of("/host").host("a.allowed:80").label("host with port"),
        of("/host").host("A.ALLOWED").label("HOST"),
        of("/from"),
        of("/from")
            .with("x-forwarded-for", "10.1.2.3")
            .label("/from 10.1"),
        of("/from").with("x-who", "aDA").label("/from Ada"),
        of("/signed"),
        grpc(of("/nothing").label("/nothing gRPC")),
    ];
    world.asks("policies", asks);
}

/// What cannot be asked of bytes lets nobody in, and refuses.
async fn connections(world: &mut World) {
    let never = P::Header(header("x-a", StringMatch::Exact("1".to_owned())));
    let not = |inner: P| P::Not(Box::new(inner));
    let mut scenes = Vec::new();
    for (label, action, permission) in [
        ("allow any", Action::Allow, P::Any),
        ("allow port", Action::Allow, P::DestinationPort(1)),
        ("allow not port", Action::Allow, not(P::DestinationPort(1))),
        ("allow header", Action::Allow, never.clone()),
        ("allow not header", Action::Allow, not(never.clone())),
        (
            "allow either",
            Action::Allow,
            P::OneOf(vec![never.clone(), not(P::DestinationPort(1))]),
        ),
        ("deny header", Action::Deny, never.clone()),
        ("deny not header", Action::Deny, not(never.clone())),
        (
            "deny both",
            Action::Deny,
            P::All(vec![never.clone(), P::DestinationPort(1)]),
        ),
        ("audit", Action::Audit, P::Any),
    ] {
        let app = crate::raw::echo().await;
        let listener = world.inbound(app.port(), InboundProtocol::Tcp, MtlsMode::Disable);
        listener.policy = set(vec![(
            "tcp",
            policy(action, vec![permission], vec![Principal::Any]),
        )]);
        scenes.push((label, app));
    }
    world.scene("connections", move |plane, _| {
        let scenes = scenes.clone();
        Box::pin(async move {
            let mut came = Vec::new();
            for (label, app) in scenes {
                came.extend(crate::raw::said(plane, Way::In, app, label, b"ping").await);
            }
            came
        })
    });
}
