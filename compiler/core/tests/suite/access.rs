//! Who may call: what the manifests say, and what Istio would compile of them for the same listeners (Istio
//! `pilot/pkg/security/authz`).

use std::collections::BTreeMap;

use crate::common::compile_text as mesh;
use mesh_compiler::emit::{self, snapshot};
use mesh_compiler::model::{Mesh, WorkloadRef};
use mesh_wire::Sha256;
use mesh_wire::listener::{InboundListener, InboundProtocol};
use mesh_wire::policy::PolicySet;
use serde::Deserialize;
use serde_json::{Value, json};

/// One VM that serves requests on 8080 and bytes on 5432, with rules of the mesh, its namespace and its own.
macro_rules! spec {
    (mesh { $mesh:literal } namespace { $namespace:literal } service { $service:literal }) => {
        concat!(
            "mesh m { trust-domain td.example; trust-domain-alias old.example; telemetry { access-log json };",
            $mesh,
            "}\nnetwork net\ncluster c network=net\nnamespace ops { account backup }\nnamespace shop {\n",
            $namespace,
            "\nservice web { port 80 http }\nservice cart {\nport 8080 http\nport 5432 tcp\n",
            $service,
            "\nvms network=net { health tcp=8080; vm cart-1 address=\"10.0.0.1\" }\n}\n}\n"
        )
    };
    ($service:literal) => {
        spec!(mesh { "" } namespace { "" } service { $service })
    };
}

#[test]
fn every_condition_on_callers_becomes_istios() {
    let mesh = mesh(spec!(
        r#"allow from="web,ops/*" not-from="ops/backup" from-ip="10.0.0.0/8,192.0.2.7" not-from-ip="10.9.0.0/16" \
            remote-ip="203.0.113.0/24" not-remote-ip="203.0.113.9""#
    ));
    let rest = json!({
        "notPrincipals": ["td.example/ns/ops/sa/backup"],
        "ipBlocks": ["10.0.0.0/8", "192.0.2.7"],
        "notIpBlocks": ["10.9.0.0/16"],
        "remoteIpBlocks": ["203.0.113.0/24"],
        "notRemoteIpBlocks": ["203.0.113.9"],
    });
    // Within one source all must hold: who is one of two kinds needs two of them.
    let with = |key: &str, value: Value| {
        let mut source = rest.clone();
        source[key] = value;
        json!({ "source": source })
    };
    let policy = policy(&mesh, "cart");
    assert_eq!(policy["spec"]["action"], "ALLOW");
    assert_eq!(
        policy["spec"]["rules"],
        json!([{ "from": [
            with("principals", json!(["td.example/ns/shop/sa/web"])),
            with("namespaces", json!(["ops"])),
        ] }])
    );
    let exact = |domain: &str, who: &str| json!({ "authenticated": { "exact": format!("spiffe://{domain}/ns/{who}") } });
    let both = |who: &str| json!({ "one-of": [exact("td.example", who), exact("old.example", who)] });
    let not = |of: Value| json!({ "not": of });
    let addresses = [
        json!({ "one-of": [{ "remote-ip": "203.0.113.0/24" }] }),
        not(json!({ "one-of": [{ "remote-ip": "203.0.113.9/32" }] })),
        json!({ "one-of": [{ "direct-remote-ip": "10.0.0.0/8" }, { "direct-remote-ip": "192.0.2.7/32" }] }),
        not(json!({ "one-of": [{ "direct-remote-ip": "10.9.0.0/16" }] })),
    ];
    let all =
        |first: Vec<Value>| json!({ "all": first.into_iter().chain(addresses.clone()).collect::<Vec<_>>() });
    assert_eq!(
        rule(&mesh, Some(5432), "ns[shop]-policy[cart]-rule[0]"),
        json!({
            "action": "allow",
            "permissions": ["any"],
            "principals": [
                all(vec![both("shop/sa/web"), not(both("ops/sa/backup"))]),
                all(vec![
                    not(both("ops/sa/backup")),
                    json!({ "one-of": [{ "authenticated": { "regex": ".*/ns/ops/.*" } }] }),
                ]),
            ],
        })
    );
}

#[test]
fn every_condition_on_requests_becomes_istios() {
    let mesh = mesh(spec!(
        r#"allow methods="GET" not-methods="PUT" paths="/a,/b/*,*/c,/u/{*}/{**}" not-paths="/b/x" hosts="Shop.example,*.example,shop.*,*" \
            not-hosts="bad.example" ports=8080 not-ports=9090
        vms extra network=net { port metrics 9090; health tcp=9090; vm extra-1 address="10.0.0.2" }"#
    ));
    assert_eq!(
        policy(&mesh, "cart")["spec"]["rules"],
        json!([{ "to": [{ "operation": {
            "hosts": ["*", "*.example", "Shop.example", "shop.*"],
            "notHosts": ["bad.example"],
            "methods": ["GET"],
            "notMethods": ["PUT"],
            "paths": ["*/c", "/a", "/b/*", "/u/{*}/{**}"],
            "notPaths": ["/b/x"],
            "ports": ["8080"],
            "notPorts": ["9090"],
        } }] }])
    );
    let header = |name: &str, value: Value| json!({ "header": { "name": name, "value": value } });
    let host = |how: &str, text: &str| header(":authority", json!({ "ignore-case": { how: text } }));
    let method = |text: &str| header(":method", json!({ "exact": text }));
    let path = |how: &str, text: &str| json!({ "path": { how: text } });
    let not = |of: Value| json!({ "not": { "one-of": [of] } });
    assert_eq!(
        rule(&mesh, Some(8080), "ns[shop]-policy[cart]-rule[0]"),
        json!({
            "action": "allow",
            "permissions": [{ "all": [
                { "one-of": [
                    { "header": { "name": ":authority" } },
                    host("suffix", ".example"),
                    host("exact", "Shop.example"),
                    host("prefix", "shop."),
                ] },
                not(host("exact", "bad.example")),
                { "one-of": [method("GET")] },
                not(method("PUT")),
                { "one-of": [
                    path("suffix", "/c"),
                    path("exact", "/a"),
                    path("prefix", "/b/"),
                    { "path-template": "/u/{*}/{**}" },
                ] },
                not(path("exact", "/b/x")),
                { "one-of": [{ "destination-port": 8080 }] },
                not(json!({ "destination-port": 9090 })),
            ] }],
            "principals": ["any"],
        })
    );
}

#[test]
fn every_attribute_of_when_becomes_istios() {
    let mesh = mesh(spec!(
        r#"jwt issuer="https://issuer.example" jwks="{\"keys\": [{\"kty\": \"RSA\", \"n\": \"AQ\", \"e\": \"AQAB\"}]}"
        allow {
            when source.ip "10.0.0.0/8" not="10.1.2.3"
            when remote.ip "192.0.2.0/24"
            when source.namespace "team-*"
            when source.principal "td.example/ns/shop/sa/web" "*/sa/a.b"
            when source.serviceAccount web "ops/backup"
            when source.trustDomain old.example "*.partner"
            when "request.headers[X-Tenant]" "forum*" not="forum-x"
            when request.auth.principal "https://issuer.example/sub*"
            when request.auth.audiences shop
            when request.auth.presenter till
            when "request.auth.claims[realm][roles]" admin
            when destination.ip "10.0.0.1"
            when destination.port "8080"
            when connection.sni "*.example"
            when "experimental.envoy.filters.network.mysql_proxy[db.table]" "[update]"
        }"#
    ));
    let rule = rule(&mesh, Some(8080), "ns[shop]-policy[cart]-rule[0]");
    let one = |of: Value| json!({ "one-of": [of] });
    assert_eq!(
        set(&rule["permissions"][0]["all"]),
        set(&json!([
            one(json!({ "destination-ip": "10.0.0.1/32" })),
            one(json!({ "destination-port": 8080 })),
            one(json!({ "requested-server-name": { "suffix": ".example" } })),
            one(json!({ "metadata": {
                "filter": "envoy.filters.network.mysql_proxy",
                "path": ["db.table"],
                "value": { "exact": "update" },
            } })),
        ]))
    );
    let authenticated = |how: &str, text: &str| json!({ "authenticated": { how: text } });
    let claim = |path: &[&str], value: Value| {
        let path: Vec<_> = std::iter::once(&"payload").chain(path).collect();
        json!({ "metadata": { "filter": "envoy.filters.http.jwt_authn", "path": path, "value": value } })
    };
    let tenant = |value: Value| json!({ "header": { "name": "x-tenant", "value": value } });
    assert_eq!(
        set(&rule["principals"][0]["all"]),
        set(&json!([
            one(json!({ "direct-remote-ip": "10.0.0.0/8" })),
            { "not": one(json!({ "direct-remote-ip": "10.1.2.3/32" })) },
            one(json!({ "remote-ip": "192.0.2.0/24" })),
            one(authenticated("regex", ".*/ns/team-.*/.*")),
            { "one-of": [
                authenticated("regex", r"spiffe://.*/sa/a\.b"),
                authenticated("exact", "spiffe://td.example/ns/shop/sa/web"),
                authenticated("exact", "spiffe://old.example/ns/shop/sa/web"),
            ] },
            { "one-of": [
                authenticated("regex", "spiffe://.+/ns/ops/(.+/|)sa/backup(/.+)?"),
                authenticated("regex", "spiffe://.+/ns/shop/(.+/|)sa/web(/.+)?"),
            ] },
            { "one-of": [
                authenticated("regex", r"spiffe://[^/]*\.partner/.*"),
                authenticated("prefix", "spiffe://td.example/"),
                authenticated("prefix", "spiffe://old.example/"),
            ] },
            one(tenant(json!({ "prefix": "forum" }))),
            { "not": one(tenant(json!({ "exact": "forum-x" }))) },
            one(json!({ "all": [
                claim(&["iss"], json!({ "exact": "https://issuer.example" })),
                claim(&["sub"], json!({ "prefix": "sub" })),
            ] })),
            one(claim(&["aud"], json!({ "exact": "shop" }))),
            one(claim(&["azp"], json!({ "exact": "till" }))),
            one(claim(&["realm", "roles"], json!({ "exact": "admin" }))),
        ]))
    );
    let when = &policy(&mesh, "cart")["spec"]["rules"][0]["when"];
    assert_eq!(when.as_array().unwrap().len(), 15);
    assert!(when.as_array().unwrap().contains(&json!({
        "key": "source.ip", "values": ["10.0.0.0/8"], "notValues": ["10.1.2.3"]
    })));
}

#[test]
fn tokens_are_parted_at_the_last_slash() {
    let pairs = |jwt: &str| {
        let text = format!(
            "{}allow jwt=\"{jwt}\"{}",
            spec!("jwt issuer=\"https://a.example\" jwks-uri=\"https://a.example/k\"\n@")
                .split('@')
                .next()
                .unwrap(),
            spec!("@").split('@').nth(1).unwrap()
        );
        let mesh = mesh(Box::leak(text.into_boxed_str()));
        let rule = rule(&mesh, Some(8080), "ns[shop]-policy[cart]-rule[0]");
        let both = rule["principals"][0]["all"][0]["one-of"][0]["all"].clone();
        [
            both[0]["metadata"]["value"].clone(),
            both[1]["metadata"]["value"].clone(),
        ]
    };
    let any = || json!({ "regex": ".+" });
    assert_eq!(pairs("*"), [any(), any()]);
    let exact = |text: &str| json!({ "exact": text });
    assert_eq!(
        pairs("https://a.example/joe"),
        [exact("https://a.example"), exact("joe")]
    );
    assert_eq!(pairs("https://a.example/*"), [exact("https://a.example"), any()]);
    assert_eq!(
        pairs("https://a.example/jo*"),
        [exact("https://a.example"), json!({ "prefix": "jo" })]
    );
    assert_eq!(pairs("*/joe"), [any(), exact("joe")]);
    assert_eq!(
        pairs("*.example/joe"),
        [json!({ "suffix": ".example" }), exact("joe")]
    );
    assert_eq!(pairs("*joe"), [any(), json!({ "suffix": "joe" })]);
}

#[test]
fn identities_of_other_forms_keep_their_form() {
    let mesh = mesh(spec!(
        r#"allow from="*" ports=8080
        allow from="spiffe://td.example/*" ports=5432
        allow from="spiffe://old.example/ns/pay/sa/till" ports=8080 not-methods=PUT"#
    ));
    let rules = policy(&mesh, "cart")["spec"]["rules"].clone();
    let principals: Vec<_> = (0..3)
        .map(|index| rules[index]["from"][0]["source"]["principals"][0].clone())
        .collect();
    assert_eq!(
        principals,
        ["*", "old.example/ns/pay/sa/till", "td.example/*"].map(Value::from)
    );
    let of = |index: u8| {
        let name = format!("ns[shop]-policy[cart]-rule[{index}]");
        rule(&mesh, Some(8080), &name)["principals"][0]["all"][0]["one-of"].clone()
    };
    assert_eq!(of(0), json!([{ "authenticated": { "regex": ".+" } }]));
    assert_eq!(
        of(1),
        json!([
            { "authenticated": { "exact": "spiffe://td.example/ns/pay/sa/till" } },
            { "authenticated": { "exact": "spiffe://old.example/ns/pay/sa/till" } },
        ])
    );
    assert_eq!(
        of(2),
        json!([{ "authenticated": { "prefix": "spiffe://td.example/" } }])
    );
}

#[test]
fn trust_domains_are_known_by_their_ends_and_by_their_word() {
    let mesh = mesh(spec!(
        r#"allow { when source.principal "cluster.local/ns/pay/sa/till" "*.example/ns/a/sa/b" "td*/ns/c/sa/d" "*old.example/ns/e/sa/f" }"#
    ));
    let rule = rule(&mesh, Some(8080), "ns[shop]-policy[cart]-rule[0]");
    let exact = |id: &str| json!({ "authenticated": { "exact": format!("spiffe://{id}") } });
    let ends = |id: &str| json!({ "authenticated": { "regex": format!("spiffe://.*{id}") } });
    assert_eq!(
        set(&rule["principals"][0]["all"][0]["one-of"]),
        set(&json!([
            exact("td.example/ns/pay/sa/till"),
            exact("old.example/ns/pay/sa/till"),
            ends(r"\.example/ns/a/sa/b"),
            exact("td.example/ns/c/sa/d"),
            exact("old.example/ns/c/sa/d"),
            ends(r"old\.example/ns/e/sa/f"),
            exact("td.example/ns/e/sa/f"),
        ]))
    );
}

#[test]
fn on_bytes_an_allow_loses_its_rule_and_a_deny_its_condition() {
    let mesh = mesh(spec!(
        r#"allow from=web methods=GET
        allow from=web ports=5432
        deny from="ops/*" paths="/admin/*"
        audit paths="/admin/*""#
    ));
    let bytes = policies(&mesh, Some(5432));
    let never = json!({
        "action": "allow",
        "permissions": [{ "not": "any" }],
        "principals": [{ "not": "any" }],
    });
    assert_ne!(value(&bytes, "ns[shop]-policy[cart]-rule[0]"), never);
    assert_eq!(value(&bytes, "ns[shop]-policy[cart]-rule[1]"), never);
    let deny = value(&bytes, "ns[shop]-policy[cart-deny]-rule[0]");
    assert_eq!(deny["permissions"], json!(["any"]), "it refuses ops everything");
    assert_ne!(deny["principals"], json!(["any"]));
    let audit = value(&bytes, "ns[shop]-policy[cart-audit]-rule[0]");
    assert_eq!(
        audit,
        json!({ "action": "audit", "permissions": ["any"], "principals": ["any"] })
    );
    let requests = policies(&mesh, Some(8080));
    let deny = value(&requests, "ns[shop]-policy[cart-deny]-rule[0]");
    assert_eq!(
        deny["permissions"],
        json!([{ "all": [{ "one-of": [{ "path": { "prefix": "/admin/" } }] }] }])
    );
    // What nobody declares may turn out to be requests: the proxy asks when it knows.
    let rest = policies(&mesh, None);
    assert_eq!(value(&rest, "ns[shop]-policy[cart-deny]-rule[0]"), deny);
}

#[test]
fn rules_of_the_mesh_and_of_the_namespace_reach_its_vms() {
    let mesh = mesh(spec!(
        mesh { "deny from-ip=\"198.51.100.0/24\"; deny from=\"shop/web\" ports=9000 name=no-web" }
        namespace { "allow from=web; audit from=\"ops/*\"" }
        service { "deny not-from=web" }
    ));
    let names: Vec<_> = policies(&mesh, Some(8080)).policies.into_keys().collect();
    assert_eq!(
        names,
        [
            "ns[istio-system]-policy[default-deny]-rule[0]",
            "ns[istio-system]-policy[no-web]-rule[0]",
            "ns[shop]-policy[cart-deny]-rule[0]",
            "ns[shop]-policy[default-audit]-rule[0]",
            "ns[shop]-policy[default]-rule[0]",
        ]
    );
    let whole = policy(&mesh, "default-deny");
    assert_eq!(whole["metadata"]["namespace"], "istio-system");
    assert_eq!(whole["spec"].get("selector"), None);
    assert_eq!(policy(&mesh, "default")["spec"].get("selector"), None);
    assert_eq!(
        policy(&mesh, "cart-deny")["spec"]["selector"],
        json!({ "matchLabels": { "app": "cart" } })
    );
}

#[test]
fn a_dry_run_is_a_policy_of_its_own() {
    let mesh = mesh(spec!(
        "allow from=web\nallow from=\"ops/*\" dry-run=#true\ndeny ports=5432 dry-run=#true"
    ));
    let dry = policy(&mesh, "cart-dry-run");
    assert_eq!(
        dry["metadata"]["annotations"],
        json!({ "istio.io/dry-run": "true" })
    );
    assert_eq!(dry["spec"]["action"], "ALLOW");
    assert_eq!(policy(&mesh, "cart")["metadata"].get("annotations"), None);
    assert_eq!(policy(&mesh, "cart-deny-dry-run")["spec"]["action"], "DENY");
    let told = policies(&mesh, Some(8080));
    let dry: Vec<_> = told
        .policies
        .iter()
        .filter(|(_, policy)| policy.dry_run)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        dry,
        [
            "ns[shop]-policy[cart-deny-dry-run]-rule[0]",
            "ns[shop]-policy[cart-dry-run]-rule[0]"
        ]
    );
}

#[test]
fn a_rule_that_asks_nothing_is_an_empty_object() {
    let mesh = mesh(spec!("deny dry-run=#true"));
    assert_eq!(policy(&mesh, "cart-deny-dry-run")["spec"]["rules"], json!([{}]));
}

#[test]
fn the_order_of_rules_says_nothing() {
    let one = mesh(spec!(
        "allow from=web\nallow from=\"ops/*\"\ndeny ports=5432\nallow from=web methods=GET"
    ));
    let other = mesh(spec!(
        "deny ports=5432\nallow from=web methods=GET\nallow from=\"ops/*\"\nallow from=web"
    ));
    assert_eq!(policies(&one, None), policies(&other, None));
    assert_eq!(policy(&one, "cart"), policy(&other, "cart"));
}

/// Two services whose selectors take the same pods and VMs.
const SHARED: &str = r#"
mesh m
network net
cluster c network=net
namespace shop {
    service web { port 80 http }
    service api {
        port 8080 http
        selector app=box
        allow from=web
        deny methods=PUT
        vms network=net { health tcp=8080; vm box-1 address="10.0.0.1" }
    }
    service stats {
        port 9100 http
        selector app=box
    }
}
"#;

#[test]
fn services_on_the_same_workloads_do_not_close_each_other() {
    let mesh = mesh(SHARED);
    let spec = policy(&mesh, "api")["spec"].clone();
    assert_eq!(
        spec["rules"][0]["to"],
        json!([{ "operation": { "notPorts": ["9100"] } }])
    );
    let deny = policy(&mesh, "api-deny")["spec"]["rules"].clone();
    assert_eq!(
        deny[0]["to"],
        json!([{ "operation": { "methods": ["PUT"], "notPorts": ["9100"] } }])
    );
    let opened = policy(&mesh, "stats-beside-api")["spec"].clone();
    assert_eq!(
        opened,
        json!({
            "selector": { "matchLabels": { "app": "box" } },
            "action": "ALLOW",
            "rules": [{ "to": [{ "operation": { "ports": ["9100"] } }] }],
        })
    );
    let vm = WorkloadRef::Vm {
        namespace: "shop".to_owned(),
        name: "box-1".to_owned(),
    };
    let told = snapshot::of(&mesh, &vm, &snapshot::Options::default()).unwrap();
    let rest = told
        .inbound
        .iter()
        .find(|listener| listener.port.is_none())
        .unwrap();
    assert_eq!(
        value(&rest.policy, "ns[shop]-policy[stats-beside-api]-rule[0]"),
        json!({
            "action": "allow",
            "permissions": [{ "all": [{ "one-of": [{ "destination-port": 9100 }] }] }],
            "principals": ["any"],
        })
    );
}

#[test]
fn tokens_become_istios_and_hold_for_the_place_that_says_them() {
    let mesh = mesh(spec!(
        mesh { "jwt issuer=\"https://mesh.example\" jwks-uri=\"https://mesh.example/keys\"" }
        namespace { "jwt issuer=\"https://shop.example\" jwks-uri=\"https://shop.example/keys\"" }
        service {
            r#"jwt issuer="https://cart.example" jwks="{\"keys\": [{\"kty\": \"RSA\", \"n\": \"AQ\", \"e\": \"AQAB\"}]}" \
                audiences="cart,shop" forward=#true payload-header=x-payload timeout="2s" space-delimited=roles {
                from header=x-token prefix="Token "
                from param=token
                from cookie=session
                claim-to-header sub x-user
            }"#
        }
    ));
    let of = |name: &str| object(&mesh, "RequestAuthentication", name)["spec"].clone();
    assert_eq!(
        of("cart"),
        json!({
            "selector": { "matchLabels": { "app": "cart" } },
            "jwtRules": [{
                "issuer": "https://cart.example",
                "audiences": ["cart", "shop"],
                "jwks": r#"{"keys": [{"kty": "RSA", "n": "AQ", "e": "AQAB"}]}"#,
                "fromHeaders": [{ "name": "x-token", "prefix": "Token " }],
                "fromParams": ["token"],
                "fromCookies": ["session"],
                "forwardOriginalToken": true,
                "outputPayloadToHeader": "x-payload",
                "outputClaimToHeaders": [{ "header": "x-user", "claim": "sub" }],
                "spaceDelimitedClaims": ["roles"],
                "timeout": "2s",
            }],
        })
    );
    let objects: Vec<_> = objects(&mesh)
        .into_iter()
        .filter(|object| object["kind"] == "RequestAuthentication")
        .map(|object| object["metadata"].clone())
        .collect();
    assert_eq!(
        objects,
        [
            json!({ "name": "default", "namespace": "istio-system" }),
            json!({ "name": "default", "namespace": "shop" }),
            json!({ "name": "cart", "namespace": "shop" }),
        ]
    );
    let vm = WorkloadRef::Vm {
        namespace: "shop".to_owned(),
        name: "cart-1".to_owned(),
    };
    let told = snapshot::of(&mesh, &vm, &snapshot::Options::default()).unwrap();
    let of = |port: Option<u16>| {
        let listener = told.inbound.iter().find(|listener| listener.port == port);
        listener.unwrap().jwt.clone()
    };
    let issuers: Vec<_> = of(Some(8080)).into_iter().map(|jwt| jwt.issuer).collect();
    assert_eq!(
        issuers,
        [
            "https://cart.example",
            "https://mesh.example",
            "https://shop.example"
        ]
    );
    assert_eq!(of(Some(5432)), [], "bytes carry no tokens");
    assert_eq!(
        serde_json::to_value(&of(None)[0]).unwrap(),
        json!({
            "issuer": "https://cart.example",
            "audiences": ["cart", "shop"],
            "jwks": r#"{"keys": [{"kty": "RSA", "n": "AQ", "e": "AQAB"}]}"#,
            "headers": [{ "name": "x-token", "prefix": "Token " }],
            "params": ["token"],
            "cookies": ["session"],
            "forward": true,
            "payload-header": "x-payload",
            "claim-headers": { "x-user": "sub" },
            "space-delimited": ["roles"],
            "timeout": 2000,
        })
    );
}

#[test]
fn services_on_one_machine_do_not_close_each_other() {
    let mesh = mesh(spec!(
        mesh { "" }
        namespace { "service reports { port 9200 http; on cart }" }
        service { "allow from=web" }
    ));
    let names: Vec<_> = policies(&mesh, Some(8080)).policies.into_keys().collect();
    assert_eq!(
        names,
        [
            "ns[shop]-policy[cart]-rule[0]",
            "ns[shop]-policy[reports-beside-cart]-rule[0]"
        ]
    );
    assert_eq!(
        policy(&mesh, "cart")["spec"]["rules"][0]["to"],
        json!([{ "operation": { "notPorts": ["9200"] } }])
    );
    assert_eq!(
        policy(&mesh, "reports-beside-cart")["spec"]["rules"],
        json!([{ "to": [{ "operation": { "ports": ["9200"] } }] }])
    );
}

fn set(list: &Value) -> std::collections::BTreeSet<String> {
    list.as_array().unwrap().iter().map(Value::to_string).collect()
}

fn rule(mesh: &Mesh, port: Option<u16>, name: &str) -> Value {
    value(&policies(mesh, port), name)
}

fn value(policies: &PolicySet, name: &str) -> Value {
    let policy = policies.policies.get(name);
    serde_json::to_value(policy.unwrap_or_else(|| panic!("{name} is none of {policies:#?}"))).unwrap()
}

/// The policies of `cart-1` on a port; `None` is every port that nobody declares.
fn policies(mesh: &Mesh, port: Option<u16>) -> PolicySet {
    let vm = WorkloadRef::Vm {
        namespace: "shop".to_owned(),
        name: "cart-1".to_owned(),
    };
    let told = snapshot::of(mesh, &vm, &snapshot::Options::default()).unwrap();
    told.validate().unwrap();
    let of = |listener: &&InboundListener| listener.port == port;
    let listener = told.inbound.iter().find(of).unwrap();
    let protocol = match port {
        Some(8080) => InboundProtocol::Http,
        Some(_) => InboundProtocol::Tcp,
        None => InboundProtocol::Detect,
    };
    assert_eq!(listener.protocol, protocol);
    listener.policy.clone()
}

fn policy(mesh: &Mesh, name: &str) -> Value {
    object(mesh, "AuthorizationPolicy", name)
}

fn object(mesh: &Mesh, kind: &str, name: &str) -> Value {
    let is = |object: &Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects(mesh)
        .into_iter()
        .find(is)
        .unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

fn objects(mesh: &Mesh) -> Vec<Value> {
    let output = emit::emit(
        mesh,
        &emit::Options {
            spec: Sha256::of(b""),
            credentials: BTreeMap::new(),
        },
    );
    let manifests = output
        .iter()
        .filter(|(path, _)| path.ends_with(".yaml") && !path.ends_with("values.yaml"));
    manifests
        .flat_map(|(_, file)| {
            serde_yaml::Deserializer::from_slice(&file.bytes)
                .map(|document| Value::deserialize(document).unwrap())
                .collect::<Vec<_>>()
        })
        .collect()
}
