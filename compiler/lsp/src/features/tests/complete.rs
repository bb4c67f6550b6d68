use super::*;

const MESH: &str = "mesh m\nnetwork kube\nnetwork vm\ncluster main network=kube\n";

#[track_caller]
fn offered(text: &str, wanted: &[&str], unwanted: &[&str]) {
    let labels = Scene::kdl(text).labels();
    for label in wanted {
        assert!(
            labels.iter().any(|found| found == label),
            "{label} of {labels:?} in {text}"
        );
    }
    for label in unwanted {
        assert!(
            !labels.iter().any(|found| found == label),
            "no {label} of {labels:?} in {text}"
        );
    }
}

#[test]
fn nodes_are_offered_where_they_may_stand() {
    offered(
        "‸",
        &["mesh", "network", "namespace", "include"],
        &["service", "port"],
    );
    offered("mesh m\n‸", &["network"], &["mesh"]);
    offered("me‸", &["mesh"], &[]);
    offered(
        "mesh m {\n  mtls strict\n  ‸\n}",
        &["dns", "outbound"],
        &["mtls", "service"],
    );
    offered("mesh m {\n  ‸\nnetwork a", &["mtls"], &["cluster"]);
    offered(
        "namespace a {\n  service b {\n    po‸\n",
        &["port", "pods"],
        &["mesh"],
    );
    offered("namespace a { service b { port 80 http; ‸", &["route"], &["mesh"]);
    offered("// me‸", &[], &["mesh"]);
}

#[test]
fn properties_and_values_are_offered_as_they_are_typed() {
    offered(
        "namespace a { service b { vms ‸",
        &["network", "engine"],
        &["mesh"],
    );
    offered(
        "namespace a { service b { vms network=x eng‸ { } } }",
        &["engine"],
        &["network"],
    );
    offered("mesh m { mtls ‸", &["strict", "permissive"], &["kube"]);
    offered("mesh m { mtls str‸ }", &["strict"], &[]);
    offered(
        "namespace a { service b { port 80 ‸",
        &["http", "mysql", "name", "target"],
        &[],
    );
    offered("namespace a { service b { route { timeout ‸", &["5s", "1m"], &[]);
    offered("namespace a injection=‸", &["#true", "#false"], &[]);
    offered(
        "namespace a { service b { allow methods=\"GET,‸\"",
        &["POST"],
        &[],
    );
    offered("param p\nnetwork n cidr=‸", &["$p"], &[]);
}

#[test]
fn names_are_offered_that_the_spec_declares() {
    let spec = |rest: &str| format!("{MESH}{rest}");
    offered(&spec("cluster b network=‸"), &["kube", "vm"], &["main"]);
    offered(&spec("cluster b network=\"k‸"), &["kube"], &[]);
    let forum =
        "namespace forum {\n  account cron\n  service web { port 80 http; subset v1 a=b; subset v2 a=c }\n";
    let ops = "namespace ops { service log { port 90 tcp; port 91 tcp } }\n";
    let both = |rest: &str| format!("{MESH}{ops}{forum}{rest}");
    offered(
        &both("  service api { allow from=‸"),
        &["web", "cron", "ops/log", "ops/*", "*"],
        &["log"],
    );
    offered(
        &both("  service api { allow from=\"web,‸\" } }"),
        &["cron", "ops/log"],
        &[],
    );
    offered(
        &both("  service api { route { to service=‸"),
        &["web", "ops/log"],
        &["cron"],
    );
    offered(
        &both("  service api { route { to ‸ service=web } } }"),
        &["v1", "v2"],
        &[],
    );
    offered(
        &both("  service api { subset mine a=b; route { to ‸"),
        &["mine", "weight"],
        &["v1"],
    );
    offered(
        &both("  service api { route { to service=\"ops/log\" port=‸"),
        &["90", "91"],
        &["80"],
    );
    offered(
        &both("  vms batch { }\n  service api { vms {} }\n  service other { on ‸"),
        &["batch", "api"],
        &["web"],
    );
    offered(
        &both("  service api { vms { vm a locality=\"eu/a\"; vm b locality=‸"),
        &["eu/a"],
        &[],
    );
}

#[test]
fn codes_are_offered_by_their_names() {
    let offers = Scene::kdl("mesh m { check { allow ‸").offers();
    let found = offers.iter().find(|offer| offer.label == "no-probe").unwrap();
    assert_eq!(found.detail, "MC-V016");
    assert!(found.about.starts_with("# MC-V016"), "{}", found.about);
}

#[test]
fn what_is_taken_fits_what_stands_there() {
    let forum = "namespace ops { service log { port 90 tcp } }\n";
    let allow =
        |written: &str| format!("{forum}namespace a {{ service b {{ port 1 tcp; allow from={written} }} }}");
    let taken = |written: &str| Scene::kdl(&allow(written)).taken("ops/log");
    assert_eq!(taken("‸"), allow("\"ops/log\""));
    assert_eq!(taken("op‸"), allow("\"ops/log\""));
    assert_eq!(taken("\"b,op‸,x\""), allow("\"b,ops/log,x\""));
    assert_eq!(taken("\"‸\""), allow("\"ops/log\""));
    assert_eq!(
        Scene::kdl("mesh m { mtl‸ strict }").taken("mtls"),
        "mesh m { mtls strict }"
    );
}

#[test]
fn nodes_come_with_places_for_what_they_need() {
    let offers = Scene::kdl("namespace a { service b { ‸").offers();
    let snippet = |name: &str| match &offers.iter().find(|offer| offer.label == name).unwrap().insert {
        Insert::Snippet(text, _) => text.clone(),
        Insert::Text(text) => panic!("{text}"),
    };
    assert!(
        snippet("port").starts_with("port ${1:number} ${2|http,"),
        "{}",
        snippet("port")
    );
    assert_eq!(snippet("vms"), "vms {\n\t$0\n}");
    let offers = Scene::kdl("‸").offers();
    let namespace = &offers
        .iter()
        .find(|offer| offer.label == "namespace")
        .unwrap()
        .insert;
    assert_eq!(
        *namespace,
        Insert::Snippet(
            "namespace ${1:name} {\n\t$0\n}".to_owned(),
            "namespace".to_owned()
        )
    );
    assert!(
        offers[0].about.contains("Other files of this spec"),
        "{:?}",
        offers[0]
    );
}

#[test]
fn files_are_offered_by_their_folders() {
    let beside = [("/x/teams/a.kdl", "network a"), ("/x/vms.csv", "name")];
    let scene = |text| Scene::new(&[("/x/spec.kdl", text), beside[0], beside[1]]);
    assert_eq!(scene("include ‸").labels(), ["teams/", "vms.csv"]);
    assert_eq!(scene("include \"teams/‸\"").labels(), ["a.kdl"]);
    assert_eq!(
        scene("include \"teams/‸\"").taken("a.kdl"),
        "include \"teams/a.kdl\""
    );
}

#[track_caller]
fn in_data(path: &str, text: &str, wanted: &[&str], unwanted: &[&str]) {
    let labels = Scene::new(&[(path, text)]).labels();
    for label in wanted {
        assert!(
            labels.iter().any(|found| found == label),
            "{label} of {labels:?} in {text}"
        );
    }
    for label in unwanted {
        assert!(
            !labels.iter().any(|found| found == label),
            "no {label} of {labels:?} in {text}"
        );
    }
}

#[test]
fn yaml_is_completed_as_kdl_is() {
    let yaml =
        |text: &str, wanted: &[&str], unwanted: &[&str]| in_data("/x/spec.yaml", text, wanted, unwanted);
    yaml("‸", &["mesh", "namespace"], &["name"]);
    yaml(
        "mesh:\n  name: m\n  ‸\nnetwork: kube\n",
        &["mtls", "dns"],
        &["name", "cluster"],
    );
    yaml("mesh:\n  name: m\n  mt‸\nnetwork: kube\n", &["mtls"], &[]);
    yaml("mesh:\n  name: m\n  mtls: ‸\n", &["strict"], &[]);
    yaml("mesh:\n  name: m\n  mtls: str‸\n", &["strict"], &[]);
    yaml(
        "network: [kube, vm]\ncluster:\n  - name: a\n    network: ‸\n",
        &["kube", "vm"],
        &[],
    );
    yaml(
        "network: [kube, vm]\ncluster:\n  - name: a\n  - ‸\n",
        &["name", "network"],
        &["mesh"],
    );
    let forum =
        "namespace:\n  name: a\n  service:\n    - name: web\n      port: {number: 80, protocol: http}\n";
    yaml(
        &format!("{forum}    - name: api\n      allow: {{from: ‸}}\n"),
        &["web", "a/*"],
        &[],
    );
    yaml(
        &format!("{forum}    - name: api\n      allow: {{from: [web, ‸]}}\n"),
        &["api", "*"],
        &[],
    );
    yaml(
        &format!("{forum}    - name: api\n      allow: {{fr‸}}\n"),
        &["from", "paths"],
        &[],
    );
    yaml(
        &format!("{forum}    - name: api\n      allow:\n        methods:\n          - ‸\n"),
        &["GET"],
        &[],
    );
    yaml("namespace:\n  name: a\n  injection: ‸\n", &["true"], &["#true"]);
    yaml("mesh:\n  # ‸\n", &[], &["mtls"]);
}

#[test]
fn json_is_completed_as_kdl_is() {
    let json =
        |text: &str, wanted: &[&str], unwanted: &[&str]| in_data("/x/spec.json", text, wanted, unwanted);
    json("{‸}", &["mesh", "namespace"], &[]);
    json("{\"mesh\": {\"name\": \"m\", \"mt‸\"}}", &["mtls"], &["name"]);
    json("{\"mesh\": {\"name\": \"m\", \"mtls\": \"‸\"}}", &["strict"], &[]);
    json(
        "{\"mesh\": {\"name\": \"m\" \"‸\"}, \"network\": \"a\"}",
        &["mtls"],
        &[],
    );
    json(
        "{\"network\": \"kube\", \"cluster\": [{\"name\": \"a\", \"network\": \"‸\"}]}",
        &["kube"],
        &[],
    );
}
