//! Calls that others decide about: authorizers, and issuers of tokens that are required.

use crate::common;
use mesh_compiler::diag::Sources;
use mesh_compiler::diff::{self, Picture};
use mesh_compiler::emit::snapshot;
use mesh_compiler::model::{Mesh, WorkloadRef};
use mesh_compiler::query::{self, Asker, Outcome, Question, render};
use mesh_wire::authorizer::{AskedBody, AskedBy, Authorizer};
use mesh_wire::listener::InboundProtocol;
use serde_json::{Value, json};

/// A mesh with an authorizer, where `said` stands in a namespace beside `opa`.
fn spec(mesh: &str, said: &str) -> String {
    format!(
        r#"
        mesh m {{ {mesh} }}
        network net
        cluster c network=net
        namespace ops {{ service opa {{ port 9191 grpc; port 8181 http }} }}
        namespace shop {{ {said} }}
        "#
    )
}

const OPA: &str = r#"authorizer opa grpc="opa.ops:9191""#;

fn object(mesh: &Mesh, kind: &str, name: &str) -> Value {
    let output = common::emitted(mesh);
    let text = &output["kubernetes/c/20-shop.yaml"].bytes;
    let objects = serde_yaml::Deserializer::from_slice(text);
    let mut objects = objects.map(|object| -> Value { serde::Deserialize::deserialize(object).unwrap() });
    objects
        .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
        .unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

fn providers(mesh: &Mesh) -> Value {
    let output = common::emitted(mesh);
    let values: Value = serde_yaml::from_slice(&output["kubernetes/c/istiod.values.yaml"].bytes).unwrap();
    values["meshConfig"]["extensionProviders"].clone()
}

fn told(spec: &str) -> Vec<(&'static str, String)> {
    let found = common::diagnostics(spec).into_iter();
    found.map(|one| (one.code.id, one.message)).collect()
}

#[test]
fn what_an_authorizer_decides_is_asked_of_it() {
    let mesh = common::compile_text(&spec(
        OPA,
        r#"service cart {
            port 8080 http
            ask opa methods="POST,P*" paths="/admin/*" not-from-ip="10.0.0.0/8" { when "request.headers[x-a]" b }
        }"#,
    ));
    assert_eq!(
        object(&mesh, "AuthorizationPolicy", "cart-ask-opa")["spec"],
        json!({
            "selector": { "matchLabels": { "app": "cart" } },
            "action": "CUSTOM",
            "provider": { "name": "opa" },
            "rules": [{
                "from": [{ "source": { "notIpBlocks": ["10.0.0.0/8"] } }],
                "to": [{ "operation": { "methods": ["P*", "POST"], "paths": ["/admin/*"] } }],
                "when": [{ "key": "request.headers[x-a]", "values": ["b"] }],
            }],
        })
    );
    assert_eq!(
        providers(&mesh),
        json!([{
            "name": "opa",
            "envoyExtAuthzGrpc": { "service": "ops/opa.ops.svc.cluster.local", "port": 9191 },
        }])
    );
}

#[test]
fn an_authorizer_by_http_says_which_headers_go_where() {
    let mesh = common::compile_text(&spec(
        r#"authorizer sso http="opa.ops:8181" timeout="500ms" fail-open=#true status-on-error=503 body="8KiB" \
            partial-body=#true path-prefix="/check" send-headers="cookie,x-*" upstream-headers=x-user \
            allow-headers=set-cookie deny-headers="location,set-cookie""#,
        "service cart { port 8080 http; ask sso }",
    ));
    assert_eq!(
        providers(&mesh),
        json!([{
            "name": "sso",
            "envoyExtAuthzHttp": {
                "service": "ops/opa.ops.svc.cluster.local",
                "port": 8181,
                "timeout": "0.5s",
                "failOpen": true,
                "statusOnError": "503",
                "includeRequestBodyInCheck": { "maxRequestBytes": 8192, "allowPartialMessage": true },
                "pathPrefix": "/check",
                "includeRequestHeadersInCheck": ["cookie", "x-*"],
                "headersToUpstreamOnAllow": ["x-user"],
                "headersToDownstreamOnAllow": ["set-cookie"],
                "headersToDownstreamOnDeny": ["location", "set-cookie"],
            },
        }])
    );
    // A rule that asks nothing itself has the authorizer asked about every call.
    assert_eq!(
        object(&mesh, "AuthorizationPolicy", "cart-ask-sso")["spec"]["rules"],
        json!([{}])
    );
}

#[test]
fn connections_are_asked_about_by_grpc_alone() {
    let machines = |port: &str| {
        format!(
            r#"service cart {{
                port {port}
                vms network=net {{ health tcp=8080; vm cart-1 address="10.0.0.1" }}
            }}"#
        )
    };
    let listener = |mesh: &str| {
        let mesh = common::compile_text(&spec(mesh, &machines("8080 tcp")));
        let vm = WorkloadRef::Vm {
            namespace: "shop".to_owned(),
            name: "cart-1".to_owned(),
        };
        let snapshot = snapshot::of(&mesh, &vm, &snapshot::Options::default()).unwrap();
        let mut listeners = snapshot.inbound.into_iter();
        listeners.find(|one| one.port == Some(8080)).unwrap()
    };
    let by_grpc = listener(&format!(r#"{OPA}; ask opa paths="/admin/*""#));
    assert!(by_grpc.policy.policies.is_empty());
    // What cannot be asked of bytes is left out: it is asked about all of them.
    let rules = &by_grpc.authorizers[0].policies;
    let all: Vec<_> = rules.values().flat_map(|rule| &rule.permissions).collect();
    assert!(!format!("{all:?}").contains("admin"), "{all:?}");
    let sso = r#"authorizer sso http="opa.ops:8181"; ask sso"#;
    let by_http = listener(sso);
    assert!(by_http.policy.policies.is_empty() && by_http.authorizers.is_empty());
    let ids = |mesh: &str, port: &str| -> Vec<&'static str> {
        let found = told(&spec(mesh, &machines(port))).into_iter();
        found.map(|(code, _)| code).collect()
    };
    assert!(ids(sso, "8080 tcp").contains(&"MC-S003"));
    assert!(!ids(sso, "8080 http").contains(&"MC-S003"));
    assert!(!ids(&format!("{OPA}; ask opa"), "8080 tcp").contains(&"MC-S003"));
}

/// Whom requests to port 8080 of `cart-1` are asked of.
fn asked(mesh: &str, ask: &str) -> Authorizer {
    let said = format!(
        r#"service cart {{
            port 8080 http
            {ask}
            vms network=net {{ health tcp=8080; vm cart-1 address="10.0.0.1" }}
        }}"#
    );
    let vm = WorkloadRef::Vm {
        namespace: "shop".to_owned(),
        name: "cart-1".to_owned(),
    };
    let mesh = common::compile_text(&spec(mesh, &said));
    let snapshot = snapshot::of(&mesh, &vm, &snapshot::Options::default()).unwrap();
    snapshot.validate().unwrap();
    let mut listeners = snapshot.inbound.into_iter();
    let listener = listeners.find(|one| one.port == Some(8080)).unwrap();
    // What another decides about is no policy of its own.
    assert!(listener.policy.policies.is_empty(), "{:?}", listener.policy);
    let [one] = <[Authorizer; 1]>::try_from(listener.authorizers).unwrap();
    assert!(snapshot.clusters.contains_key(&one.cluster), "{}", one.cluster);
    one
}

#[test]
fn machines_with_meshd_ask_too() {
    let opa = asked(OPA, "ask opa");
    assert_eq!((&*opa.name, &opa.by), ("opa", &AskedBy::Grpc));
    assert_eq!((opa.timeout.0, opa.status_on_error), (600_000, None));
    let sso = asked(
        r#"authorizer sso http="opa.ops:8181" timeout="500ms" fail-open=#true status-on-error=503 body="8KiB" \
            path-prefix="/check" send-headers="cookie" deny-headers=location"#,
        r#"ask sso paths="/admin/*""#,
    );
    assert_eq!(
        (sso.timeout.0, sso.fail_open, sso.status_on_error),
        (500, true, Some(503))
    );
    assert_eq!(
        sso.body,
        Some(AskedBody {
            bytes: false,
            most: 8192,
            partial: false
        })
    );
    assert!(matches!(&sso.by, AskedBy::Http { path_prefix: Some(before), .. } if before == "/check"));
    assert_eq!(sso.policies.len(), 1);
}

#[test]
fn what_istio_does_not_take_is_told() {
    let one = |code: &'static str, message: &str| vec![(code, message.to_owned())];
    assert_eq!(
        told(&spec(OPA, "service cart { port 8080 http; ask opal }")),
        one("MC-L007", "the mesh has no authorizer `opal`")
    );
    assert_eq!(
        told(&spec(
            OPA,
            r#"service cart { port 8080 http; ask opa { when source.principal "*" } }"#
        )),
        one("MC-L010", "this `when` and `ask` exclude each other")
    );
    let two = format!("{OPA}; authorizer other http=\"opa.ops:8181\"; ask other");
    assert_eq!(
        told(&spec(&two, "service cart { port 8080 http; ask opa }")),
        one(
            "MC-L010",
            "this `ask` and that of another authorizer exclude each other"
        )
    );
    assert_eq!(
        told(&spec(
            "authorizer opa grpc=\"opa.ops:9191\" path-prefix=\"/x\"",
            ""
        )),
        one("MC-L010", "`path-prefix=` and `grpc=` exclude each other")
    );
    assert_eq!(
        told(&spec("authorizer opa", "")),
        one("MC-L005", "nothing says where this authorizer answers")
    );
}

const TOKENS: &str =
    r#"jwt issuer="https://a.example" jwks-uri="https://a.example/keys" required=#true except="/health""#;

#[test]
fn requests_without_a_token_that_is_required_are_refused() {
    let mesh = common::compile_text(&spec(
        "",
        &format!(
            r#"service cart {{
                port 8080 http
                port 5432 tcp target=db
                {TOKENS}
                jwt issuer="https://b.example" jwks-uri="https://b.example/keys"
                jwt issuer="https://c.example" jwks-uri="https://c.example/keys" required=#true
                vms network=net engine=envoy {{
                    health http=8080
                    port db 15432
                    vm cart-1 address="10.0.0.1"
                }}
            }}"#
        ),
    ));
    // Where no requests are seen, Istio would refuse everything.
    assert_eq!(
        object(&mesh, "AuthorizationPolicy", "cart-deny")["spec"]["rules"],
        json!([{
            "from": [{ "source": { "notRequestPrincipals": ["https://a.example/*", "https://c.example/*"] } }],
            "to": [{ "operation": { "notPaths": ["/health"], "notPorts": ["5432", "15432"] } }],
        }])
    );
    let vm = WorkloadRef::Vm {
        namespace: "shop".to_owned(),
        name: "cart-1".to_owned(),
    };
    let told = snapshot::of(&mesh, &vm, &snapshot::Options::default()).unwrap();
    let http = told
        .inbound
        .iter()
        .find(|one| one.protocol == InboundProtocol::Http)
        .unwrap();
    let policies = serde_json::to_string(&http.policy).unwrap();
    assert!(
        policies.contains("deny") && policies.contains("https://c.example"),
        "{policies}"
    );
}

#[test]
fn a_token_is_not_required_of_bytes() {
    let found = told(&spec("", &format!("{TOKENS}\nservice db {{ port 5432 tcp }}")));
    let message = "a token is required on port 5432 of `db` too, which speaks tcp: nobody could call it";
    assert_eq!(found, [("MC-S003", message.to_owned())]);
    let bare = TOKENS.replace("required=#true ", "");
    let found = told(&spec("", &format!("{bare}\nservice web {{ port 8080 http }}")));
    assert_eq!(
        found,
        [(
            "MC-L010",
            "`except=` leaves paths out of what is not required".to_owned()
        )]
    );
}

/// A service whose administration an authorizer decides about, and what is expected of it.
const GUARDED: &str = r#"
    service web { port 80 http }
    service cart {
        port 8080 http
        ask opa paths="/admin/*"
        allow from=web
        expect allow from=web to="/admin/x"
        expect allow from=web to="/open"
        expect deny from=web to="/admin/x"
        expect deny from="ops/opa" to="/admin/x"
    }
"#;

fn guarded() -> Mesh {
    let spec = spec(OPA, GUARDED).replace("network=net", "network=net { gateway address=\"203.0.113.1\" }");
    common::compile_text(&spec.replace("namespace shop", "namespace shop injection=#true"))
}

#[test]
fn whoever_else_decides_about_a_call_is_named() {
    let mesh = guarded();
    let ask = |from: &str, to: &str| {
        let question = Question {
            from: from.to_owned(),
            to: format!("http://cart.shop:8080{to}"),
            ..Question::default()
        };
        Asker::new(&mesh).ask(&question).unwrap()
    };
    let trace = ask("shop/web", "/admin/x");
    assert_eq!(trace.outcome(), Outcome::Asked);
    assert_eq!(trace.asked().into_iter().collect::<Vec<_>>(), ["opa"]);
    let text = render::text(&trace, &Sources::default(), false);
    assert!(
        text.contains("policy     asked of opa; where it agrees, allowed by "),
        "{text}"
    );
    assert!(
        text.contains("\nasked of opa; if it agrees, delivered to pods shop/cart@c\n"),
        "{text}"
    );
    assert_eq!(ask("shop/web", "/open").outcome(), Outcome::Delivered);
    // Nobody gets in whom a rule refuses, whatever the authorizer says.
    assert_eq!(ask("ops/opa", "/admin/x").outcome(), Outcome::Refused);
}

#[test]
fn an_expectation_names_whoever_else_decides() {
    let mesh = guarded();
    let verdicts = query::judge(&mesh, &mesh.expectations, "", &Sources::default());
    let seen: Vec<_> = verdicts
        .iter()
        .map(|verdict| {
            let why = verdict.failure.as_ref().map(|failure| failure.message.as_str());
            (verdict.asked().into_iter().collect::<Vec<_>>(), why)
        })
        .collect();
    let opa = || vec!["opa"];
    let refused =
        "the call is not refused as expected: it is asked of opa, and goes through where that agrees";
    assert_eq!(
        seen,
        [
            (opa(), None),
            (vec![], None),
            (opa(), Some(refused)),
            (vec![], None)
        ]
    );
}

#[test]
fn access_that_an_authorizer_decides_is_told_apart() {
    let told = |before: &str, after: &str| {
        let picture = |cart: &str| {
            let mesh = format!("{OPA}; authorizer sso http=\"opa.ops:8181\"");
            let said = format!("service web {{ port 80 http }}; service cart {{ port 8080 http; {cart} }}");
            Picture::of_output(&common::emitted(&common::compile_text(&spec(&mesh, &said)))).unwrap()
        };
        let found = diff::between(&picture(before), &picture(after)).access;
        let text = diff::render::human(
            &diff::Difference {
                access: found,
                ..diff::Difference::default()
            },
            false,
        );
        text.lines()
            .skip(1)
            .map(|line| line.trim().to_owned())
            .collect::<Vec<_>>()
    };
    let (open, asked) = ("allow from=web", "allow from=web; ask opa paths=\"/admin/*\"");
    assert_eq!(
        told(open, asked),
        ["- shop/web may call cart.shop:8080 only as opa says: paths /admin/*"]
    );
    assert_eq!(
        told(asked, open),
        ["+ shop/web may call cart.shop:8080 without opa being asked: paths /admin/*"]
    );
    let sso = "allow from=web; ask sso paths=\"/admin/*\"";
    assert_eq!(
        told(asked, sso),
        ["- shop/web may call cart.shop:8080 as sso says, not opa: paths /admin/*"]
    );
    let more = "allow from=\"web,ops/*\"; ask opa paths=\"/admin/*\"";
    let gained = told(asked, more);
    assert!(
        gained.contains(
            &"+ any other account of ops may now call cart.shop:8080, asked of opa: paths /admin/*"
                .to_owned()
        ),
        "{gained:?}"
    );
}
