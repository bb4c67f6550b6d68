//! `meshc diff`: specs, outputs, objects and revisions of git, by meaning.

#![allow(clippy::unwrap_used, reason = "a test: it may panic")]

mod common;

use std::process::Command;

use common::Seat;

const AFTER: &[(&str, &str)] = &[
    ("weight=110", "weight=100"),
    ("methods=\"GET,POST\"", "methods=GET"),
    ("mtls strict", "mtls permissive"),
];

fn changed(seat: &Seat) -> String {
    let spec = seat.read("spec.kdl");
    AFTER.iter().fold(spec, |text, (old, new)| text.replace(old, new))
}

#[test]
fn what_changes_restarts_and_opens_is_told() {
    let seat = Seat::with_forum();
    seat.write("after.kdl", &changed(&seat));
    let run = seat.meshc(&["diff", "spec.kdl", "after.kdl"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    assert_eq!(
        run.stdout,
        "\
~ VM forum-vm-1.istioinaction
    ~ weight: 110 -> 100
~ mTLS of the mesh
    ~ mtls.mode: STRICT -> PERMISSIVE
~ access rules of app=forum in istioinaction
    - rules[1].request.method.values[]: POST
machines
    ~ istioinaction/forum-db-1, istioinaction/forum-vm-1, istioinaction/forum-vm-2, istioinaction/forum-vm-3
        meshd reloads; connections stay
        ~ /etc/meshd/clusters.json
        ~ /etc/meshd/mesh.json
access
    - istioinaction/webapp may no longer call forum.istioinaction:8080: methods POST and paths /api/*
"
    );
}

#[test]
fn a_spec_and_what_was_built_of_it_are_the_same() {
    let seat = Seat::with_forum();
    seat.done(&["build", "spec.kdl"]);
    assert_eq!(
        seat.done(&["diff", "out", "spec.kdl"]).stdout,
        "no difference in meaning\n"
    );
    assert_eq!(
        seat.done(&["diff", "out", "."]).stdout,
        "no difference in meaning\n"
    );
    // Formatting and comments say nothing.
    let text = seat
        .read("spec.kdl")
        .replace("    // Three machines", "\n// Some machines");
    seat.write("after.kdl", &text);
    assert_eq!(seat.done(&["diff", "spec.kdl", "after.kdl"]).code, 0);
    // Objects alone do not say what is on machines.
    let objects = seat.done(&["diff", "out/kubernetes", "spec.kdl"]);
    assert!(
        objects.stdout.starts_with("not compared: what restarts on VMs"),
        "{}",
        objects.stdout
    );
    assert!(
        objects.stdout.ends_with("no difference in meaning\n"),
        "{}",
        objects.stdout
    );
}

#[test]
fn programs_get_one_document() {
    let seat = Seat::with_forum();
    seat.write("after.kdl", &changed(&seat));
    let run = seat.meshc(&["diff", "--format", "json", "spec.kdl", "after.kdl"]);
    let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (run.code, &found["format"], &found["same"]),
        (1, &1.into(), &false.into())
    );
    assert_eq!(found["things"][0]["noun"], "vm");
    assert_eq!(found["access"][0]["gains"], false);
    let same = seat.done(&["diff", "--format", "json", "spec.kdl", "spec.kdl"]);
    let found: serde_json::Value = serde_json::from_str(&same.stdout).unwrap();
    assert_eq!(found["same"], true);
}

/// Two folders of manifests: what `spec.kdl` becomes, and the same with a lighter machine on another network.
fn folders(seat: &Seat) {
    seat.done(&["build", "spec.kdl"]);
    let cluster = "kubernetes/forum-cluster";
    for name in [
        "00-namespaces",
        "10-istio-system",
        "20-istioinaction",
        "30-istioinaction-vms",
    ] {
        let text = seat.read(&format!("out/{cluster}/{name}.yaml"));
        seat.write(&format!("before/{name}.yaml"), &text);
        let text = text
            .replace("weight: 110", "weight: 10")
            .replace(" network: vm-network", " network: far");
        seat.write(&format!("after/{name}.yaml"), &text);
    }
    let pods = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: webapp, namespace: istioinaction}
spec:
  selector: {matchLabels: {app: webapp}}
  template:
    metadata: {labels: {app: webapp}}
    spec: {serviceAccountName: webapp, containers: [{name: web, image: "web:1"}]}
"#;
    seat.write("before/pods.yaml", pods);
    seat.write("after/pods.yaml", &pods.replace("web:1", "web:2"));
}

#[test]
fn folders_of_manifests_say_what_restarts() {
    let seat = Seat::with_forum();
    folders(&seat);
    let run = seat.meshc(&["diff", "before", "after"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    assert_eq!(
        run.stdout,
        "\
~ group of VMs forum.istioinaction
    ~ template.network: vm-network -> far
~ group of VMs forum-db.istioinaction
    ~ template.network: vm-network -> far
~ VM forum-db-1.istioinaction
    ~ network: vm-network -> far
~ VM forum-vm-1.istioinaction
    ~ network: vm-network -> far
    ~ weight: 110 -> 10
~ VM forum-vm-2.istioinaction
    ~ network: vm-network -> far
~ VM forum-vm-3.istioinaction
    ~ network: vm-network -> far
~ object Deployment webapp.istioinaction
    ~ template.spec.containers[web].image: web:1 -> web:2
    its pods are replaced by new ones
machines
    ~ forum-db-1, forum-vm-1, forum-vm-2, forum-vm-3
        its files are put in place by hand, and istio.service restarts
        ~ cluster.env
        ~ mesh.yaml
"
    );
    // Against what it was built of, one side has pods that a spec does not.
    for sides in [["before", "spec.kdl"], ["before", "out"], ["out", "before"]] {
        let run = seat.meshc(&["diff", sides[0], sides[1]]);
        let told: Vec<_> = run
            .stdout
            .lines()
            .filter(|line| !line.starts_with("not compared"))
            .collect();
        assert!(
            told.len() == 1 && told[0].ends_with("object Deployment webapp.istioinaction"),
            "{run:?}"
        );
    }
}

#[test]
fn what_git_has_is_compared_with_what_is_here() {
    let seat = Seat::with_forum();
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]);
        let output = git.args(args).current_dir(seat.path("")).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    git(&["init", "-q"]);
    folders(&seat);
    git(&["add", "spec.kdl", "before"]);
    git(&["commit", "-q", "-m", "Begin"]);
    let first = "no difference in meaning\n";
    assert_eq!(seat.done(&["diff", "--git", "HEAD", "spec.kdl"]).stdout, first);
    seat.write("spec.kdl", &changed(&seat));
    let asked: [&[&str]; 3] = [
        &["diff", "--git", "HEAD", "spec.kdl"],
        &["diff", "--git", "HEAD", "."],
        &["diff", "HEAD:spec.kdl", "spec.kdl"],
    ];
    for args in asked {
        let run = seat.meshc(args);
        assert_eq!(run.code, 1, "{args:?} {run:?}");
        assert!(run.stdout.contains("weight: 110 -> 100"), "{}", run.stdout);
    }
    assert_eq!(
        seat.done(&["diff", "HEAD:spec.kdl", "HEAD:./spec.kdl"]).stdout,
        first
    );
    // Folders of manifests as well.
    assert_eq!(seat.done(&["diff", "HEAD:before", "before"]).stdout, first);
    let run = seat.meshc(&["diff", "HEAD:before", "after"]);
    assert!(run.stdout.contains("weight: 110 -> 10\n"), "{run:?}");
    assert!(
        seat.fails(2, &["diff", "nowhere:spec.kdl", "spec.kdl"])
            .contains("git knows no commit `nowhere`")
    );
    assert!(
        seat.fails(2, &["diff", "HEAD:other.kdl", "spec.kdl"])
            .contains("has no such file")
    );
}

#[test]
fn values_of_environments_are_told_apart() {
    let seat = Seat::with_forum();
    let spec = seat
        .read("spec.kdl")
        .replace("address=\"203.0.113.10\"", "address=$way");
    let head = "param way type=address default=\"203.0.113.10\"\nprofile prod { set way \"203.0.113.99\" }\n";
    seat.write("spec.kdl", &format!("{head}{spec}"));
    let same = ["diff", "spec.kdl", "spec.kdl", "--profile", "prod"];
    seat.done(&same);
    let run = seat.meshc(&["diff", "spec.kdl", "spec.kdl", "--before-profile", "prod"]);
    assert_eq!(run.code, 1, "{run:?}");
}

#[test]
fn what_cannot_be_compared_is_told() {
    let seat = Seat::with_forum();
    seat.write("broken.kdl", "mesh x {");
    assert!(
        seat.fails(2, &["diff", "broken.kdl", "spec.kdl"])
            .contains("`broken.kdl` is not compared")
    );
    assert!(seat.fails(2, &["diff", "spec.kdl"]).contains("`--git REV`"));
    assert!(
        seat.fails(2, &["diff", "nowhere.kdl", "spec.kdl"])
            .contains("nowhere.kdl")
    );
    seat.write("empty/readme.txt", "");
    assert!(
        seat.fails(2, &["diff", "empty", "spec.kdl"])
            .contains("no spec, no build.json and no YAML")
    );
}
