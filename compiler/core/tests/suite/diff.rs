//! What two meshes do not have in common.

use mesh_compiler::diff::{self, ChangeKind, Difference, MachineChange, Noun, Picture, render};

use crate::common::{compile_text, emitted, example, examples, read, root};

fn picture(text: &str) -> Picture {
    Picture::of_output(&emitted(&compile_text(text))).unwrap()
}

fn between(before: &str, after: &str) -> Difference {
    diff::between(&picture(before), &picture(after))
}

fn told(before: &str, after: &str) -> String {
    render::human(&between(before, after), false)
}

const SHOP: &str = r#"
mesh shop { mtls strict }
network one
cluster main network=one
namespace shop {
    account admin
    service web { port 8080 http; allow from=cart }
    service cart {
        port 8080 http
        allow from=web methods="GET,POST" paths="/api/*"
        vms { label version=vm; vm cart-1 address="10.0.0.5" }
    }
}
"#;

#[test]
fn an_example_is_the_same_as_what_was_built_of_it() {
    for name in examples() {
        let golden = root().join("golden").join(&name);
        let record = read(&golden.join("build.json"));
        // Of examples with more machines than anybody reads, the golden has digests alone.
        let whole = Picture::of_record(record.as_bytes(), |path| {
            std::fs::read(golden.join(path)).map_err(|error| error.to_string())
        });
        let Ok(built) = whole else { continue };
        let now = Picture::of_output(&emitted(&example(&name))).unwrap();
        let found = diff::between(&built, &now);
        assert!(found.is_empty(), "{name}: {}", render::human(&found, false));
    }
}

#[test]
fn order_and_spelling_say_nothing() {
    let other = r#"
network one
namespace shop {
    service cart {
        vms { vm cart-1 address="10.0.0.5"; label version=vm }
        allow paths="/api/*" methods="POST,GET" from="shop/web"
        port 8080 http target=8080
    }
    service web account=web { allow from=cart; port 8080 http }
    account admin
}
cluster main network=one
mesh shop { mtls strict; trust-domain cluster.local }
"#;
    assert_eq!(told(SHOP, other), "");
    assert!(between(SHOP, other).is_empty());
}

#[test]
fn whoever_gains_or_loses_access_is_named() {
    let more = SHOP.replace("from=web methods=\"GET,POST\"", "from=\"web,admin\" methods=GET");
    let access: Vec<_> = between(SHOP, &more).access;
    let lines: Vec<_> = access
        .iter()
        .map(|one| {
            (
                one.target.as_str(),
                one.gains,
                one.who.join(","),
                one.what.join(";"),
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            (
                "cart.shop:8080",
                false,
                "shop/web".to_owned(),
                "methods POST and paths /api/*".to_owned()
            ),
            (
                "cart.shop:8080",
                true,
                "shop/admin".to_owned(),
                "methods GET and paths /api/*".to_owned()
            ),
        ]
    );
    // A rule less lets everybody in whom nothing else refuses; without strict mTLS also those without a certificate.
    let open = SHOP.replace("allow from=web methods=\"GET,POST\" paths=\"/api/*\"", "");
    let gained = told(SHOP, &open);
    assert!(
        gained.contains("any other account may now call cart.shop:8080\n"),
        "{gained}"
    );
    assert!(!gained.contains("without a certificate"), "{gained}");
    let plain = told(SHOP, &open.replace("mtls strict", "mtls permissive"));
    assert!(
        plain.contains("callers without a certificate may now call cart.shop:8080"),
        "{plain}"
    );
}

#[test]
fn a_denial_wins_and_is_told() {
    let denied = SHOP.replace("allow from=cart", "allow from=cart; deny paths=\"/admin/*\"");
    let access = between(SHOP, &denied).access;
    assert_eq!(access.len(), 1, "{access:?}");
    assert_eq!(
        (access[0].gains, access[0].who.as_slice()),
        (false, &["shop/cart".to_owned()][..])
    );
    assert_eq!(access[0].what, ["paths /admin/*"]);
}

/// Whoever reads the difference knows that it is not all.
#[test]
fn what_is_too_much_to_look_at_is_told() {
    let paths = |number: usize| {
        let all: Vec<_> = (0..number).map(|at| format!("/api/{at}")).collect();
        SHOP.replace("paths=\"/api/*\"", &format!("paths=\"{}\"", all.join(",")))
    };
    let missed = |number| between(SHOP, &paths(number)).not_compared;
    // Each path and the old one, and all others; two methods, and all others.
    assert_eq!(missed(1_000), [] as [&str; 0]);
    let told = missed(2_000);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("access to cart.shop:8080"), "{told:?}");
}

#[test]
fn rules_that_move_from_one_policy_to_another_change_nothing() {
    let named = SHOP.replace("allow from=cart", "allow from=cart name=front");
    let found = between(SHOP, &named);
    assert!(
        found.access.is_empty() && found.things.is_empty(),
        "{}",
        render::human(&found, false)
    );
}

#[test]
fn machines_say_what_restarts() {
    let effects = |after: &str| {
        let found = between(SHOP, after).machines;
        assert_eq!(found.len(), 1, "{found:?}");
        match found.into_iter().next().unwrap().change {
            MachineChange::Files { effects, .. } => effects,
            other => panic!("{other:?}"),
        }
    };
    let reload = effects(&SHOP.replace("port 8080 http; allow", "port 8081 http; allow"));
    assert_eq!(reload, ["meshd reloads; connections stay"]);
    let capture = effects(&SHOP.replace("vms {", "vms { capture exclude-outbound-ports=25;"));
    assert!(
        capture.contains(&"the capture rules are loaded again".to_owned()),
        "{capture:?}"
    );
    let limits = effects(&SHOP.replace("vms {", "vms { tune { limit nofile=4096 };"));
    assert!(
        limits.contains(&"meshd restarts; its sockets stay open".to_owned()),
        "{limits:?}"
    );
    let more = SHOP.replace("vm cart-1", "vm cart-2 address=\"10.0.0.6\"; vm cart-1");
    let joins = between(SHOP, &more);
    assert!(
        joins
            .machines
            .iter()
            .any(|all| all.change == MachineChange::Joins && all.vms == ["shop/cart-2"])
    );
    assert!(
        joins
            .things
            .iter()
            .any(|thing| thing.noun == Noun::Vm && thing.kind == ChangeKind::Added)
    );
}

#[test]
fn existing_objects_are_compared_with_a_spec() {
    let text = r#"
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Namespace
  metadata: {name: shop, labels: {istio-injection: enabled, kubernetes.io/metadata.name: shop}}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: shop}}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: cart, namespace: shop}}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: admin, namespace: shop}}
- apiVersion: v1
  kind: Service
  metadata: {name: web, namespace: shop, labels: {team: a}}
  spec: {selector: {app: web}, ports: [{name: http, port: 8080}]}
- apiVersion: v1
  kind: Service
  metadata: {name: cart, namespace: shop}
  spec: {selector: {app: cart}, ports: [{name: http, port: 8080}], type: ClusterIP}
- apiVersion: security.istio.io/v1beta1
  kind: AuthorizationPolicy
  metadata: {name: front, namespace: shop}
  spec: {selector: {matchLabels: {app: web}}, rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/cart]}}]}]}
- apiVersion: security.istio.io/v1
  kind: AuthorizationPolicy
  metadata: {name: cart, namespace: shop}
  spec:
    selector: {matchLabels: {app: cart}}
    rules:
    - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
      to: [{operation: {paths: [/api/*], methods: [POST, GET]}}]
- apiVersion: security.istio.io/v1
  kind: PeerAuthentication
  metadata: {name: all, namespace: istio-system}
  spec: {mtls: {mode: STRICT}}
"#;
    let there = Picture::of_texts([("all.yaml", text.as_bytes())]).unwrap();
    let spec = SHOP.replace("network one\n", "").replace(" network=one", "");
    let spec = spec
        .lines()
        .filter(|line| !line.contains("vms {"))
        .collect::<Vec<_>>()
        .join("\n");
    let found = diff::between(&there, &picture(&spec));
    assert!(found.things.is_empty(), "{}", render::human(&found, false));
    assert_eq!(found.not_compared.len(), 1);
}

/// What is built of an example, read as if others had written it.
fn manifests_of(name: &str) -> Picture {
    let output = emitted(&example(name));
    let manifests = output.iter().filter(|(path, _)| {
        let own = path.starts_with("kubernetes/") && path.ends_with(".yaml");
        own && !path.ends_with(".values.yaml") && !path.ends_with("kustomization.yaml")
    });
    let texts: Vec<_> = manifests
        .map(|(path, file)| (path.as_str(), file.bytes.as_slice()))
        .collect();
    mesh_compiler::picture(&texts).unwrap()
}

#[test]
fn manifests_mean_what_the_spec_means_that_they_were_built_of() {
    // Those with a thousand machines take a while.
    for name in examples().into_iter().filter(|name| name != "fleet") {
        let mesh = example(&name);
        let (there, spec) = (manifests_of(&name), Picture::of_output(&emitted(&mesh)).unwrap());
        for (before, after) in [(&there, &spec), (&spec, &there), (&there, &there)] {
            let found = diff::between(before, after);
            assert!(found.is_empty(), "{name}: {}", render::human(&found, false));
        }
    }
}

/// The same in other words of Istio, and with other words that mean another thing.
#[test]
fn manifests_are_compared_by_what_they_mean() {
    const ONE: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 8080}]}
---
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: one, namespace: shop}
spec:
  hosts: [cart]
  http:
  - match: [{uri: {prefix: /a}}]
    route: [{destination: {host: cart.shop.svc.cluster.local, subset: v1}, weight: 100}]
  - route: [{destination: {host: cart}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: one, namespace: shop}
spec: {host: cart, subsets: [{name: v1, labels: {version: v1}}]}
---
apiVersion: networking.istio.io/v1
kind: EnvoyFilter
metadata: {name: kept, namespace: shop}
spec: {configPatches: []}
"#;
    let two = ONE
        .replace("networking.istio.io/v1alpha3", "networking.istio.io/v1")
        .replace("{name: one,", "{name: two,")
        .replace(
            "hosts: [cart]",
            "hosts: [cart.shop.svc.cluster.local]\n  gateways: [mesh]",
        )
        .replace(", weight: 100", "")
        .replace("port: 8080}", "port: 8080, protocol: TCP, targetPort: 8080}");
    let of = |text: &str| mesh_compiler::picture(&[("all.yaml", text.as_bytes())]).unwrap();
    let told = |after: &str| render::human(&diff::between(&of(ONE), &of(after)), false);
    assert_eq!(told(&two), "");
    let moved = two.replace("prefix: /a", "prefix: /b");
    assert!(
        told(&moved).starts_with("~ routes of cart.shop\n"),
        "{}",
        told(&moved)
    );
    // What the language does not say is compared as it is written.
    let patched = two.replace("configPatches: []", "configPatches: [], priority: 1");
    assert_eq!(
        told(&patched),
        "~ object EnvoyFilter kept.shop\n    + priority: 1\n"
    );
}
