//! What policies would do that are only tried out, what authorizers and tokens say for others: written down, counted, told
//! by the log, and asked for by policies.

use std::collections::BTreeMap;

use mesh_wire::Millis;
use mesh_wire::authorizer::{AskedBy, Authorizer};
use mesh_wire::cluster::HttpVersion;
use mesh_wire::jwt::Jwt;
use mesh_wire::listener::{InboundProtocol, MtlsMode};
use mesh_wire::matcher::StringMatch;
use mesh_wire::policy::{Action, MetadataMatch, Permission as P, Policy, PolicySet, Principal};
use serde_json::json;

use super::{asked, connections};
use crate::ask::{Ask, get};
use crate::plane::Way;
use crate::support::backend;
use crate::support::issuer::{ISSUER, Issuer, seconds};
use crate::world::{Came, World};
use crate::{app, raw};

/// What the log tells beside what others tell.
const TOLD: [(&str, &str); 15] = [
    ("remote", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%"),
    ("rbac", "%DYNAMIC_METADATA(envoy.filters.http.rbac)%"),
    ("network rbac", "%DYNAMIC_METADATA(envoy.filters.network.rbac)%"),
    ("hint", "%DYNAMIC_METADATA(envoy.common:access_log_hint)%"),
    (
        "text",
        "<%DYNAMIC_METADATA(envoy.filters.http.rbac:istio_dry_run_deny_shadow_engine_result):4%> \
         %DYNAMIC_METADATA(envoy.filters.http.rbac)% %DYNAMIC_METADATA(envoy.filters.http.rbac:nothing)%",
    ),
    ("team", "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:team)%"),
    ("user", "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:user)%"),
    ("age", "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:user:age)%"),
    ("half", "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:half)%"),
    (
        "nothing",
        "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:nothing)%",
    ),
    (
        "took",
        "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:ext_authz_duration)%",
    ),
    (
        "all",
        "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:all)% %DYNAMIC_METADATA(envoy.filters.http.ext_authz:flag)% \
         %DYNAMIC_METADATA(envoy.filters.http.ext_authz:half)% %DYNAMIC_METADATA(envoy.filters.http.ext_authz:many)%",
    ),
    (
        "network team",
        "%DYNAMIC_METADATA(envoy.filters.network.ext_authz:user:name)%",
    ),
    (
        "subject",
        "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:payload:sub)%",
    ),
    (
        "scope",
        "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:payload:scope)%",
    ),
];

/// A world whose log tells what is written down.
pub async fn world() -> World {
    let mut world = World::new("tried").await;
    let fields = &mut world
        .snapshot
        .telemetry
        .as_mut()
        .unwrap()
        .access_log_options
        .fields;
    let told = TOLD.map(|(key, format)| (key.to_owned(), format.to_owned()));
    *fields = BTreeMap::from(told);
    let authorizer = backend::http2(asked::answer_grpc).await;
    world.cluster("authorizer", &[authorizer]).http = HttpVersion::Http2;
    let (issuer, mut asks) = (Issuer::new(), Vec::new());
    requests(&mut world, &issuer, &mut asks).await;
    let calls = bytes(&mut world).await;
    world.scene("tried", move |plane, world| {
        let (asks, calls) = (asks.clone(), calls.clone());
        Box::pin(async move {
            let mut came = Came::new();
            for (number, ask) in asks.iter().enumerate() {
                let seen = ask.of(plane, world, &format!("tried-{number}")).await;
                let kept = |(what, _): &(String, String)| what == "status" || what.starts_with("log ");
                let place = |(what, value): (String, String)| {
                    // How long it takes is chance.
                    let value = match what.as_str() {
                        "log took" if value.parse::<u32>().is_ok() => "MS".to_owned(),
                        _ => value,
                    };
                    (format!("{} {what}", ask.label), value)
                };
                came.extend(seen.into_iter().filter(kept).map(place));
            }
            for (label, to) in &calls {
                let log = plane.log().end();
                let stream = plane.dial(Way::In, *to).await;
                let remote = stream.local_addr().unwrap();
                came.extend(raw::exchanged(stream, label, b"ping").await);
                for entry in plane.log().entries(remote, log, 1).await {
                    for key in ["network rbac", "hint", "network team"] {
                        came.push((format!("{label} log {key}"), entry[key].to_string()));
                    }
                }
            }
            let (text, metrics) = plane.decisions().await;
            came.extend(figures("counted", &text, ": ", world));
            came.extend(figures("told", &metrics, " ", world));
            came
        })
    });
    world
}

/// The figures with `rbac` in their names, whatever listeners are for ports that chance gave.
fn figures(what: &str, page: &str, between: &str, world: &World) -> Came {
    let ports = world.snapshot.inbound.iter().filter_map(|listener| listener.port);
    let ports: Vec<u16> = ports.collect();
    let lines = page
        .lines()
        .filter(|line| line.contains("rbac") && !line.starts_with('#'));
    let named = lines
        .filter_map(|line| line.trim().rsplit_once(between))
        .map(|(name, value)| {
            let mut name = name.to_owned();
            for (number, port) in ports.iter().enumerate() {
                name = name.replace(&format!("0.0.0.0_{port}"), &format!("PORT-{number}"));
            }
            (format!("{what} {name}"), value.to_owned())
        });
    named.collect()
}

fn policy(action: Action, permission: P, dry_run: bool) -> Policy {
    Policy {
        action,
        permissions: vec![permission],
        principals: vec![Principal::Any],
        dry_run,
    }
}

fn set(all: &[(&str, Policy)]) -> PolicySet {
    let named = all
        .iter()
        .map(|(name, policy)| (format!("ns[forum]-policy[{name}]-rule[0]"), policy.clone()));
    PolicySet {
        policies: named.collect(),
    }
}

fn path(start: &str) -> P {
    P::Path(StringMatch::Prefix(start.to_owned()))
}

fn written(filter: &str, path: &[&str], value: &str) -> P {
    P::Metadata(MetadataMatch {
        filter: filter.to_owned(),
        path: path.iter().map(|key| (*key).to_owned()).collect(),
        value: StringMatch::Exact(value.to_owned()),
    })
}

fn authorizer(host: &str, permission: P) -> Authorizer {
    let rules = policy(Action::Deny, permission, false);
    Authorizer {
        name: "opa".to_owned(),
        cluster: "authorizer".to_owned(),
        host: host.to_owned(),
        timeout: Millis::from_secs(5),
        fail_open: false,
        status_on_error: None,
        body: None,
        by: AskedBy::Grpc,
        policies: BTreeMap::from([("ns[forum]-policy[ask]-rule[0]".to_owned(), rules)]),
    }
}

const AUTHORIZER: &str = "envoy.filters.http.ext_authz";

async fn requests(world: &mut World, issuer: &Issuer, asks: &mut Vec<Ask>) {
    let app = app::serve("tried", world.tries.clone()).await;
    let listener = world.inbound(app.port(), InboundProtocol::Http, MtlsMode::Disable);
    let or = |one: P, other: P| P::OneOf(vec![one, other]);
    listener.policy = set(&[
        ("audit", policy(Action::Audit, path("/audit"), false)),
        ("dry audit", policy(Action::Audit, path("/dry"), true)),
        ("deny", policy(Action::Deny, path("/deny"), false)),
        (
            "deny as told",
            policy(Action::Deny, written(AUTHORIZER, &["user", "name"], "eve"), false),
        ),
        (
            "dry deny",
            policy(Action::Deny, or(path("/dry"), path("/deny")), true),
        ),
        ("other dry deny", policy(Action::Deny, path("/dry/two"), true)),
        (
            "allow",
            policy(
                Action::Allow,
                or(path("/allow"), or(path("/dry"), path("/audit"))),
                false,
            ),
        ),
        (
            "as told",
            policy(Action::Allow, written(AUTHORIZER, &["team"], "fo\"rum"), false),
        ),
        (
            "one of all",
            policy(Action::Allow, written(AUTHORIZER, &["all"], "nobody"), false),
        ),
        ("dry allow", policy(Action::Allow, path("/allow"), true)),
    ]);
    listener.authorizers = vec![authorizer("opa.ops.svc.cluster.local", path("/ask"))];
    listener.jwt = vec![Jwt {
        issuer: ISSUER.to_owned(),
        jwks: Some(issuer.jwks()),
        ..Jwt::default()
    }];
    let claims =
        json!({ "iss": ISSUER, "sub": "api", "aud": "forum", "exp": seconds(600), "scope": "read write" });
    let token = format!("Bearer {}", issuer.sign("RS256", Some("rsa"), &claims));
    let of = |path: &str| get("tried", path).inward(app);
    asks.extend([
        of("/allow"),
        of("/allow")
            .with("authorization", &token)
            .label("/allow with a token"),
        of("/audit"),
        of("/dry/one"),
        of("/dry/two"),
        of("/deny"),
        of("/nothing"),
        of("/ask/told").with("x-ask", "told"),
        of("/ask/no").with("x-ask", "told no"),
        of("/ask/plain").with("x-ask", "no"),
    ]);
    // One without any that is tried out.
    let app = app::serve("tried", world.tries.clone()).await;
    let listener = world.inbound(app.port(), InboundProtocol::Http, MtlsMode::Disable);
    listener.policy = set(&[("allow", policy(Action::Allow, path("/allow"), false))]);
    asks.push(get("tried", "/allow").inward(app).label("plain"));
}

async fn bytes(world: &mut World) -> Vec<(String, std::net::SocketAddr)> {
    let told = connections::Told::default();
    let authorizer_of = backend::http2(move |request| connections::answer(request, told.clone())).await;
    world.cluster("asked-connections", &[authorizer_of]).http = HttpVersion::Http2;
    let network = "envoy.filters.network.ext_authz";
    let any = || P::Any;
    let mut calls = Vec::new();
    for (label, host, policies) in [
        ("dry deny", None, vec![("dry", policy(Action::Deny, any(), true))]),
        (
            "dry allow",
            None,
            vec![("dry", policy(Action::Allow, P::DestinationPort(1), true))],
        ),
        (
            "dry of requests",
            None,
            vec![("dry", policy(Action::Deny, path("/"), true))],
        ),
        (
            "audit",
            None,
            vec![("audit", policy(Action::Audit, any(), false))],
        ),
        ("deny", None, vec![("deny", policy(Action::Deny, any(), false))]),
        ("asked", Some("told.opa.test"), vec![]),
        (
            "denied as told",
            Some("told.opa.test"),
            vec![(
                "told",
                policy(Action::Deny, written(network, &["user", "name"], "ada"), false),
            )],
        ),
        (
            "allowed as told",
            Some("told.opa.test"),
            vec![(
                "told",
                policy(Action::Allow, written(network, &["user", "name"], "ada"), false),
            )],
        ),
    ] {
        let to = raw::echo().await;
        let listener = world.inbound(to.port(), InboundProtocol::Tcp, MtlsMode::Disable);
        listener.policy = set(&policies);
        listener.authorizers = host.iter().map(|host| authorizer(host, any())).collect();
        for one in &mut listener.authorizers {
            one.cluster = "asked-connections".to_owned();
        }
        calls.push((label.to_owned(), to));
    }
    calls
}
