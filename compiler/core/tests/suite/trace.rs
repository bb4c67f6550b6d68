//! What becomes of a call, as `meshc trace` tells it.

use mesh_compiler::model::{Mesh, Service};
use mesh_compiler::query::{Asker, Outcome, Question, Step, Trace, Unasked};

use crate::common::{compile_text, example};

fn ask(mesh: &Mesh, from: &str, to: &str) -> Trace {
    asked(mesh, from, to, |_| {})
}

fn asked(mesh: &Mesh, from: &str, to: &str, more: impl Fn(&mut Question)) -> Trace {
    let mut question = Question {
        from: from.to_owned(),
        to: to.to_owned(),
        ..Question::default()
    };
    more(&mut question);
    Asker::new(mesh).ask(&question).unwrap()
}

/// What a hop says; the first of its kind.
fn says(trace: &Trace, step: Step) -> &str {
    let mut hops = trace.all_hops();
    hops.find(|hop| hop.step == step)
        .map_or("", |hop| hop.says.as_str())
}

fn code(trace: &Trace) -> &str {
    trace.fault().map_or("", |fault| fault.code.slug)
}

/// A mesh of pods and machines on two networks, with `more` in the namespace `shop`.
fn mesh(more: &str) -> Mesh {
    compile_text(&format!(
        r#"
        mesh m {{ mtls strict }}
        network pods
        network machines cidr="10.10.0.0/24"
        cluster east network=pods {{ gateway address="203.0.113.1" }}
        namespace shop injection=#true {{
            service web {{ port 8080 http }}
            {more}
        }}
        namespace ops injection=#true {{ service tool {{ port 9000 http }} }}
        "#
    ))
}

#[test]
fn a_machine_reaches_pods_through_their_gateway() {
    let forum = example("forum");
    let trace = ask(
        &forum,
        "istioinaction/forum-vm-1",
        "http://webapp:8080/api/catalog",
    );
    assert_eq!(trace.outcome(), Outcome::Delivered);
    assert!(says(&trace, Step::Name).contains("webapp.istioinaction.svc.cluster.local"));
    assert_eq!(
        says(&trace, Step::Capture),
        "captured: meshd gets it on port 15001"
    );
    assert_eq!(says(&trace, Step::Endpoint), "203.0.113.10:15443 (gateway)");
    assert!(
        says(&trace, Step::Transport).contains("outbound_.8080_._.webapp.istioinaction.svc.cluster.local")
    );
    assert_eq!(
        says(&trace, Step::Policy),
        "allowed by ns[istioinaction]-policy[webapp]-rule[0]"
    );
}

#[test]
fn every_hop_knows_its_place_in_the_spec() {
    let forum = example("forum");
    let trace = ask(&forum, "webapp", "http://forum:8080/api/threads");
    for step in [
        Step::Caller,
        Step::Name,
        Step::Listener,
        Step::Cluster,
        Step::Policy,
    ] {
        let hop = trace.all_hops().find(|hop| hop.step == step).unwrap();
        assert!(hop.place.is_some(), "{step:?}");
    }
}

#[test]
fn the_rule_that_decides_is_the_one_that_holds_for_the_request() {
    let mesh = mesh(
        r#"service api {
            port 8080 http
            allow from=web methods=GET
            allow from="ops/tool" paths="/admin/*"
            deny paths="/admin/secret"
            vms network=machines { health tcp=8080; vm api-1 address="10.10.0.5" }
        }"#,
    );
    let verdict = |from: &str, path: &str, method: &str| {
        let trace = asked(&mesh, from, &format!("http://api.shop:8080{path}"), |question| {
            question.method = Some(method.to_owned());
        });
        (trace.outcome(), says(&trace, Step::Policy).to_owned())
    };
    let allowed = |rule: usize| {
        (
            Outcome::Delivered,
            format!("allowed by ns[shop]-policy[api]-rule[{rule}]"),
        )
    };
    let (get, tool) = (
        verdict("shop/web", "/", "GET"),
        verdict("ops/tool", "/admin/x", "POST"),
    );
    assert_eq!(get.0, Outcome::Delivered);
    assert_ne!(get, tool);
    assert!([allowed(0), allowed(1)].contains(&get) && [allowed(0), allowed(1)].contains(&tool));
    let nobody = (
        Outcome::Refused,
        "denied: there are `allow` rules, and none matches".to_owned(),
    );
    assert_eq!(verdict("shop/web", "/", "POST"), nobody);
    let secret = (
        Outcome::Refused,
        "denied by ns[shop]-policy[api-deny]-rule[0]".to_owned(),
    );
    assert_eq!(verdict("ops/tool", "/admin/secret", "GET"), secret);
}

#[test]
fn routes_are_taken_in_order_and_say_why_they_are_not() {
    let mesh = mesh(
        r#"service api {
            port 8080 http
            subset v1 version=v1
            subset v2 version=v2
            route canary { match { header x-canary "true" }; to v2 }
            route rest { to v1 weight=90; to v2 weight=10 }
            vms old network=machines { label version=v1; health tcp=8080; vm old-1 address="10.10.0.5" }
            vms new network=machines { label version=v2; health tcp=8080; vm new-1 address="10.10.0.6" }
        }"#,
    );
    let canary = asked(&mesh, "shop/web", "http://api:8080/", |question| {
        question.headers = vec![("x-canary".to_owned(), "true".to_owned())];
    });
    assert_eq!(says(&canary, Step::Endpoint), "10.10.0.6:8080 (new-1)");
    let rest = ask(&mesh, "shop/web", "http://api:8080/");
    let shares: Vec<_> = rest
        .branches
        .iter()
        .map(|branch| (branch.to.as_str(), branch.share))
        .collect();
    assert_eq!(shares, [("VMs shop/old", 900_000), ("VMs shop/new", 100_000)]);
    let route = rest.hops.iter().find(|hop| hop.step == Step::Route).unwrap();
    assert_eq!(
        route.notes[0].text,
        "not route canary: the header `x-canary` has to be `true`, and it is not there"
    );
    assert!(
        route.notes[0].place < route.place,
        "the earlier route is told with its own place"
    );
}

#[test]
fn what_is_not_captured_goes_past_the_proxy_without_an_identity() {
    let machines = |capture: &str| {
        mesh(&format!(
            r#"service api {{
                port 8080 http
                vms network=machines {{
                    health tcp=8080
                    {capture}
                    vm api-1 address="10.10.0.5"
                    vm api-2 address="10.10.0.6"
                }}
            }}"#
        ))
    };
    let all = ask(&machines(""), "shop/api-1", "http://10.10.0.6:8080/");
    assert_eq!(says(&all, Step::Capture), "captured: meshd gets it on port 15001");
    let some = ask(
        &machines(r#"capture exclude-outbound="10.10.0.6/32""#),
        "shop/api-1",
        "http://10.10.0.6:8080/",
    );
    assert_eq!(says(&some, Step::Capture), "not captured: it goes straight on");
    let capture = some.all_hops().find(|hop| hop.step == Step::Capture).unwrap();
    assert_eq!(capture.facts["rule"], "-A MESHD_OUTPUT -d 10.10.0.6/32 -j RETURN");
    assert_eq!((some.outcome(), code(&some)), (Outcome::Refused, "mtls-mismatch"));
    let itself = ask(&machines(""), "shop/api-1", "http://10.10.0.5:8080/");
    assert_eq!(says(&itself, Step::Capture), "not captured: it goes straight on");
}

#[test]
fn who_is_not_in_the_mesh_speaks_plaintext() {
    let modes = |mode: &str| {
        mesh(&format!(
            r#"service api {{
                port 8080 http
                mtls {mode}
                vms network=machines {{ health tcp=8080; vm api-1 address="10.10.0.5" }}
            }}"#
        ))
    };
    let strict = ask(&modes("strict"), "outside", "http://api:8080/");
    assert_eq!(
        (strict.outcome(), code(&strict)),
        (Outcome::Refused, "mtls-mismatch")
    );
    assert_eq!(
        ask(&modes("permissive"), "outside", "http://api:8080/").outcome(),
        Outcome::Delivered
    );
}

#[test]
fn a_redirect_and_an_answer_come_from_the_callers_own_proxy() {
    let mesh = mesh(
        r#"service api {
            port 8080 http
            route moved { match path-prefix="/old"; redirect path="/new" code=308 }
            route teapot { respond status=418 body="no" }
            vms network=machines { health tcp=8080; vm api-1 address="10.10.0.5" }
        }"#,
    );
    assert_eq!(
        ask(&mesh, "shop/web", "http://api:8080/old/x").outcome(),
        Outcome::Answered(308)
    );
    assert_eq!(
        ask(&mesh, "shop/web", "http://api:8080/").outcome(),
        Outcome::Answered(418)
    );
}

#[test]
fn who_cannot_be_asked_about_is_told_what_was_probably_meant() {
    let forum = example("forum");
    let ask = |from: &str, to: &str| {
        let question = Question {
            from: from.to_owned(),
            to: to.to_owned(),
            ..Question::default()
        };
        Asker::new(&forum).ask(&question).unwrap_err()
    };
    let near = ask("istioinaction/forum-vm-9", "http://webapp:8080/");
    assert!(near.help().contains("istioinaction/forum-vm-1"), "{near:?}");
    assert!(matches!(ask("webapp", "gopher://webapp"), Unasked::Target { .. }));
    assert!(matches!(
        ask("webapp@nowhere", "http://forum:8080"),
        Unasked::Cluster { .. }
    ));
}

#[test]
fn every_example_answers_between_all_its_workloads() {
    for name in crate::common::examples().iter().filter(|name| *name != "fleet") {
        let mesh = example(name);
        let mut asker = Asker::new(&mesh);
        let callers: Vec<String> = mesh
            .vms()
            .map(|(group, vm)| format!("{}/{}", group.namespace, vm.name))
            .collect();
        let pods = mesh.services.iter().filter(|service| !service.pods.is_empty());
        let pods = pods.map(|service| format!("{}/{}", service.namespace, service.name));
        for from in callers.into_iter().chain(pods).chain(["outside".to_owned()]) {
            let namespace = from.split('/').next().unwrap();
            let known = |service: &&Service| namespace == "outside" || service.is_visible_in(namespace);
            for service in mesh.services.iter().filter(known) {
                let question = Question {
                    from: from.clone(),
                    to: format!("{}:{}", service.host, service.ports[0].number),
                    ..Question::default()
                };
                let trace = asker.ask(&question).unwrap();
                let ends = trace.outcome();
                assert_eq!(
                    ends.is_good(),
                    trace.fault().is_none(),
                    "{name}: {from} -> {}: {ends:?} {:?}",
                    service.host,
                    trace.fault()
                );
                // An autoscaler's machines are in no spec.
                let elastic = code(&trace) == "no-endpoints" && name == "elastic";
                assert!(
                    ends != Outcome::Broken || elastic,
                    "{name}: {from} -> {}: {:#?}",
                    service.host,
                    trace.fault()
                );
            }
        }
    }
}

#[test]
fn a_picture_is_the_same_every_time_and_has_no_markup_of_others() {
    let mesh = mesh(
        r#"service api { port 8080 http; route { match path="/<b>&"; respond status=418 }; route { respond status=404 } }"#,
    );
    let trace = asked(&mesh, "shop/web", "http://api:8080/<script>", |_| {});
    let sources = mesh_compiler::diag::Sources::default();
    let picture = mesh_compiler::query::render::svg(&trace, &sources);
    assert_eq!(picture, mesh_compiler::query::render::svg(&trace, &sources));
    assert!(picture.contains("&lt;script&gt;") && !picture.contains("<script>"));
    assert!(picture.contains("&lt;b&gt;&amp;"));
}

#[test]
fn a_graph_shows_who_may_call_whom_and_through_what() {
    let forum = example("forum");
    let graph = mesh_compiler::query::Graph::of(&forum);
    let name = |at: usize| graph.nodes[at].title.as_str();
    let edges: Vec<_> = graph
        .edges
        .iter()
        .map(|edge| (name(edge.from), name(edge.to), edge.partly, edge.gateway))
        .collect();
    assert_eq!(
        edges,
        [
            ("webapp", "forum", true, false),
            ("webapp", "forum-db", false, false),
            ("forum", "webapp", false, true),
            ("forum", "forum-db", false, false),
        ]
    );
    assert_eq!(
        graph.lanes[0].gateways,
        ["istio-eastwestgateway 203.0.113.10:15443"]
    );
    assert!(
        graph.nodes.iter().all(|node| !node.open),
        "all of them say who may call"
    );
}

#[test]
fn a_mesh_that_nobody_could_read_is_folded() {
    let services: String = (0..60)
        .map(|at| format!("service s{at} {{ port 8080 http; allow from=\"ops/tool\" }}\n"))
        .collect();
    let graph = mesh_compiler::query::Graph::of(&mesh(&services));
    let titles: Vec<_> = graph.nodes.iter().map(|node| node.title.as_str()).collect();
    assert_eq!(titles, ["tool", "all of shop"]);
    assert_eq!(graph.nodes[1].detail, ["61 with pods"]);
    assert_eq!(graph.edges.len(), 1);
}
