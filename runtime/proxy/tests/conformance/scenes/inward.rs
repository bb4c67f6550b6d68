//! Requests that arrive for an application.

use std::time::Duration;

use mesh_wire::Millis;
use mesh_wire::listener::{InboundProtocol, MtlsMode};
use mesh_wire::matcher::StringMatch;
use mesh_wire::policy::{Action, Permission, Policy, Principal};
use mesh_wire::route::{Fault, FaultAbort, FaultDelay, PerMillion};

use super::prefix;
use crate::ask::{Ask, get};
use crate::support::snapshot::forward;
use crate::world::World;

pub async fn put(world: &mut World) {
    plain(world);
    secure(world).await;
    faults(world);
}

fn plain(world: &mut World) {
    let [(_, a), ..] = world.apps;
    world.inbound(a.port(), InboundProtocol::Http, MtlsMode::Disable);
    let of = |path: &str| get("inward", path).inward(a);
    let asks: Vec<Ask> = vec![
        of("/"),
        of("/b").http2(),
        of("/posts")
            .with("x-forwarded-for", "10.1.1.1")
            .with("x-forwarded-proto", "https"),
        of("/made-up")
            .with("x-forwarded-client-cert", "By=spiffe://a;URI=spiffe://b")
            .with("x-envoy-attempt-count", "7")
            .with("x-envoy-external-address", "1.2.3.4")
            .with("x-envoy-internal", "true")
            .with("x-request-id", "mine"),
        of("/status").told("status=503;header=server:app;header=x-envoy-upstream-service-time:1"),
        of("/traced").with(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        of("/hops")
            .with("connection", "x-mine, close")
            .with("x-mine", "1")
            .with("te", "gzip")
            .with("keep-alive", "1"),
        of("/fragment#x"),
        of("/head").method(http::Method::HEAD),
        of("/big").body(2_000_000),
        of("/large").told("body=2000000"),
    ];
    world.asks("inward", asks);
}

/// Who calls is told, whoever that says he is; and only who may.
async fn secure(world: &mut World) {
    for (name, mtls) in [("strict", MtlsMode::Strict), ("permissive", MtlsMode::Permissive)] {
        let app = crate::app::serve("secure", world.tries.clone()).await;
        let listener = world.inbound(app.port(), InboundProtocol::Http, mtls);
        let principal = |account: &str| {
            let spiffe = format!("spiffe://cluster.local/ns/forum/sa/{account}");
            Principal::Authenticated(Some(StringMatch::Exact(spiffe)))
        };
        let policy = |action, path: &str, principals| Policy {
            action,
            permissions: vec![Permission::Path(StringMatch::Prefix(path.to_owned()))],
            principals,
            dry_run: false,
        };
        // Refused where the path names what is so.
        let refused = |path: &str, more: Permission, principal| Policy {
            action: Action::Deny,
            permissions: vec![Permission::All(vec![
                Permission::Path(StringMatch::Contains(path.to_owned())),
                more,
            ])],
            principals: vec![principal],
            dry_run: false,
        };
        let named = |sni: &str| {
            let asked = Permission::RequestedServerName(StringMatch::Exact(sni.to_owned()));
            refused(sni, asked, Principal::Any)
        };
        let at = |range: &str| {
            refused(
                range,
                Permission::DestinationIp(range.parse().unwrap()),
                Principal::Any,
            )
        };
        let from = |path: &str, range: &str| {
            refused(
                path,
                Permission::Any,
                Principal::DirectRemoteIp(range.parse().unwrap()),
            )
        };
        listener.policy.policies.extend([
            (
                "allow".to_owned(),
                policy(Action::Allow, "/", vec![principal("webapp")]),
            ),
            (
                "anybody".to_owned(),
                policy(Action::Allow, "/open", vec![Principal::Any]),
            ),
            (
                "deny".to_owned(),
                policy(Action::Deny, "/admin", vec![principal("webapp")]),
            ),
            ("named".to_owned(), named("outbound_.80_._.secure.test")),
            ("other name".to_owned(), named("outbound_.80_._.other.test")),
            ("here".to_owned(), at("127.0.0.0/8")),
            ("elsewhere".to_owned(), at("10.0.0.0/8")),
            ("near".to_owned(), from("/near", "127.0.0.0/8")),
            ("far".to_owned(), from("/far", "10.0.0.0/8")),
        ]);
        let of = |path: &str| get("secure", path).inward(app);
        let made_up = "By=spiffe://a;URI=spiffe://b";
        let asks = vec![
            of("/").mesh(),
            of("/two").mesh().http2(),
            of("/forwarded").mesh().with("x-forwarded-client-cert", made_up),
            of("/admin").mesh(),
            of("/open/plain").with("x-forwarded-client-cert", made_up),
            of("/outbound_.80_._.secure.test").mesh(),
            of("/outbound_.80_._.other.test").mesh(),
            of("/open/outbound_.80_._.secure.test").label("/open by name, plain"),
            of("/127.0.0.0/8").mesh(),
            of("/10.0.0.0/8").mesh(),
            of("/near").mesh(),
            of("/near")
                .mesh()
                .with("x-forwarded-for", "10.1.1.1")
                .label("/near for somebody"),
            of("/far").mesh(),
            of("/far")
                .mesh()
                .with("x-forwarded-for", "10.1.1.1")
                .label("/far for somebody"),
            of("/plain"),
        ];
        world.asks(name, asks);
    }
}

fn faults(world: &mut World) {
    let all = PerMillion(1_000_000);
    let abort = |status, grpc_status| {
        Some(FaultAbort {
            status,
            grpc_status,
            share: all,
        })
    };
    let delay = |millis| {
        Some(FaultDelay {
            delay: Millis(millis),
            share: all,
        })
    };
    let with = |path: &str, delay, abort| {
        let mut route = prefix(path, forward("a"));
        route.fault = Some(Fault { delay, abort });
        route
    };
    world.host(
        "faults",
        vec![
            with("/abort", None, abort(Some(418), None)),
            with("/grpc", None, abort(None, Some(14))),
            with("/delay", delay(120), None),
            with("/both", delay(120), abort(Some(503), None)),
        ],
    );
    let of = |path: &str| get("faults", path);
    let grpc = |ask: Ask| {
        ask.with("content-type", "application/grpc")
            .with("te", "trailers")
    };
    let span = Duration::from_millis(110);
    let asks = vec![
        of("/abort"),
        grpc(of("/abort").label("/abort gRPC").http2()),
        grpc(of("/grpc").http2()),
        of("/grpc").label("/grpc HTTP/1"),
        of("/delay").at_least(span),
        of("/both").at_least(span),
    ];
    world.asks("faults", asks);
}
