//! What is found in manifests that exist already: all that is wrong with those of the article, and nothing in what is
//! right.

use std::collections::BTreeMap;

use mesh_compiler::diag::{Diagnostic, Sources, render};
use mesh_compiler::{ObjectOptions, World, check_objects};

use crate::common;

/// Files by their paths.
struct Files(BTreeMap<String, String>);

impl World for Files {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "there is no such file".to_owned())
    }
}

fn found(files: BTreeMap<String, String>, options: &ObjectOptions) -> (Vec<Diagnostic>, Sources) {
    let paths: Vec<_> = files.keys().cloned().collect();
    let checked = check_objects(&Files(files), &paths, options);
    (checked.diagnostics, checked.sources)
}

fn one(text: &str, options: &ObjectOptions) -> String {
    let files = BTreeMap::from([("a.yaml".to_owned(), text.to_owned())]);
    let (found, sources) = found(files, options);
    render::short(&found, &sources)
}

/// The article's manifests, by their names.
fn article() -> BTreeMap<String, String> {
    let folder = common::root().join("examples/article/manifests");
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                common::read(&entry.path()),
            )
        })
        .collect()
}

#[test]
fn every_mistake_of_the_articles_manifests_is_found() {
    let (found, sources) = found(article(), &ObjectOptions::default());
    let mut places: Vec<_> = found
        .iter()
        .map(|found| {
            let (path, place) = sources.place(found.primary.span);
            format!(
                "{}:{} {}",
                path.split('-').next().unwrap(),
                place.line,
                found.code.id
            )
        })
        .collect();
    places.sort();
    let expected = [
        "01:11 MC-G003", // 15021 is the proxy's
        "01:17 MC-G001", // no 15443
        "02:17 MC-G002",
        "02:25 MC-G002",
        "04:16 MC-V010",
        "04:4 MC-V016",
        "06:16 MC-T005",
        "06:18 MC-T004",
        "08:25 MC-S005",
        "09:24 MC-S002",
        "11:39 MC-T006",
        "11:42 MC-T006",
        "12:29 MC-S001",
        "12:33 MC-S002",
        "13:11 MC-O003",
        "13:11 MC-T009",
        "13:13 MC-O002",
        "13:14 MC-T009",
        "13:7 MC-O001",
        "14:13 MC-T003",
        "14:21 MC-T002",
        "14:22 MC-T008",
        "14:24 MC-T005",
        "14:25 MC-T001",
        "14:30 MC-T004",
        "14:7 MC-T007",
        "15:11 MC-T012",
        "15:12 MC-T013",
        "15:15 MC-D003",
    ];
    assert_eq!(places, expected, "{}", render::short(&found, &sources));
}

/// The manifests of an output, by cluster and file.
pub(crate) fn manifests(output: &mesh_compiler::emit::Output) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut clusters: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (path, file) in output {
        let Some((cluster, name)) = path
            .strip_prefix("kubernetes/")
            .and_then(|path| path.split_once('/'))
        else {
            continue;
        };
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        if mesh_compiler::holds_objects(&text) {
            clusters
                .entry(cluster.to_owned())
                .or_default()
                .insert(name.to_owned(), text);
        }
    }
    clusters
}

#[test]
fn what_build_emits_is_clean() {
    for example in common::examples() {
        let clusters = manifests(&common::emitted(&common::example(&example)));
        assert!(!clusters.is_empty(), "{example} has manifests");
        for (cluster, files) in clusters {
            let (found, sources) = found(files, &ObjectOptions::default());
            assert!(
                found.is_empty(),
                "{example}/{cluster}:\n{}",
                render::short(&found, &sources)
            );
        }
    }
}

#[test]
fn the_reference_mesh_is_clean() {
    let Some(folder) = common::reference("xds") else {
        return;
    };
    let files = ["k8s.yaml", "istio.yaml"].map(|name| (name.to_owned(), common::read(&folder.join(name))));
    let (found, sources) = found(files.into(), &ObjectOptions::default());
    assert!(found.is_empty(), "{}", render::short(&found, &sources));
}

#[test]
fn a_broken_document_leaves_the_others() {
    let text = "a: [\n---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a}\nspec: {selectr: {}}\n";
    let shown = one(text, &ObjectOptions::default());
    assert!(
        shown.contains("a.yaml:1:4: error[MC-L001]") && shown.contains("a.yaml:6:8: error[MC-T003]"),
        "{shown}"
    );
}

#[test]
fn lists_are_taken_apart() {
    let text = "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"v1\", \"kind\": \"Service\",\
                \"metadata\": {\"name\": \"a\"}, \"spec\": {\"prots\": []}}]}";
    let files = BTreeMap::from([("a.json".to_owned(), text.to_owned())]);
    let (found, _) = found(files, &ObjectOptions::default());
    assert_eq!(
        found.iter().map(|found| found.code.id).collect::<Vec<_>>(),
        ["MC-T003"]
    );
}

#[test]
fn what_is_given_up_depends_on_the_release() {
    let text = "apiVersion: networking.istio.io/v1beta1\nkind: DestinationRule\nmetadata: {name: a}\n\
                spec: {host: a, trafficPolicy: {loadBalancer: {simple: LEAST_CONN}}}\n";
    let of = |istio| {
        one(
            text,
            &ObjectOptions {
                istio,
                ..ObjectOptions::default()
            },
        )
    };
    assert!(of(Some(31)).contains("MC-T005") && of(None).contains("MC-T005"));
    assert_eq!(of(Some(13)), "");
    let newer = text.replace("v1beta1", "v1");
    let early = ObjectOptions {
        istio: Some(20),
        ..ObjectOptions::default()
    };
    assert!(one(&newer, &early).contains("MC-K004"));
}

#[test]
fn kinds_of_others_pass_untouched() {
    let text =
        "apiVersion: example.com/v1\nkind: Gateway\nmetadata: {name: a}\nspec: {anything: [1, {x: yes}]}\n";
    assert_eq!(one(text, &ObjectOptions::default()), "");
}

#[test]
fn objects_that_a_spec_takes_over_are_checked_too() {
    let spec = "mesh m\nnetwork kube\ncluster c network=kube\nnamespace shop { service cart { port 80 http } }\nraw \"own.yaml\"\n";
    let own = "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: own, namespace: shop}\n\
               spec: {selector: {istio: web}, servers: [{port: {number: 443, name: s, protocol: HTTPS}, host: [a.example.com]}]}\n";
    let files =
        [("spec.kdl", spec), ("own.yaml", own)].map(|(path, text)| (path.to_owned(), text.to_owned()));
    let compiled = mesh_compiler::compile(&Files(files.into()), "spec.kdl");
    let shown = render::short(&compiled.diagnostics, &compiled.sources);
    assert!(compiled.model.is_none(), "{shown}");
    let own: Vec<_> = compiled.diagnostics.iter().map(|found| found.code.id).collect();
    assert_eq!(own, ["MC-L005", "MC-G007", "MC-T003"], "{shown}");
}

/// A spec with an object that is written by hand beside it, and what is told of the two.
fn with_an_object(object: &str) -> mesh_compiler::Compiled {
    let spec = "mesh m\nnetwork kube\ncluster c network=kube\nnamespace shop {\n    \
                service cart {\n        port 80 http\n        subset v1 version=v1\n        limits connections=9\n    }\n}\n\
                raw \"own.yaml\"\n";
    let files =
        [("spec.kdl", spec), ("own.yaml", object)].map(|(path, text)| (path.to_owned(), text.to_owned()));
    mesh_compiler::compile(&Files(files.into()), "spec.kdl")
}

fn short(compiled: &mesh_compiler::Compiled) -> String {
    render::short(&compiled.diagnostics, &compiled.sources)
}

#[test]
fn objects_by_hand_are_held_against_what_the_spec_becomes() {
    let route = |subset: &str| {
        short(&with_an_object(&format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: own, namespace: shop}}\n\
             spec:\n  hosts: [cart]\n  http:\n  - route:\n    - destination: {{host: cart, subset: {subset}}}\n"
        )))
    };
    assert_eq!(route("v1"), "");
    assert_eq!(
        route("v9"),
        "own.yaml:8:41: error[MC-L007]: no DestinationRule for `cart` has a version `v9`: requests get 503\n"
    );
    let rule = with_an_object(
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: own, namespace: shop}\n\
         spec: {host: cart.shop.svc.cluster.local, trafficPolicy: {connectionPool: {tcp: {maxConnections: 5}}}}\n",
    );
    assert_eq!(
        short(&rule),
        "own.yaml:4:14: warning[MC-T007]: `cart.shop.svc.cluster.local` has a DestinationRule already: its \
         `trafficPolicy` is dropped, and only its `subsets` are added\n"
    );
    let style = render::Style {
        color: false,
        width: 100,
    };
    let shown = render::human(&rule.diagnostics, &rule.sources, style);
    for lines in ["[own.yaml:4:14]\n", "> first in `cart`\n   ,-[spec.kdl:5:13]\n"] {
        assert!(shown.contains(lines), "both places are shown:\n{shown}");
    }
}

/// Files are checked while they are written: a line less, or half of the text, or half of a line.
#[test]
fn damaged_manifests_are_told_where_they_are() {
    let all: Vec<String> = article().into_values().collect();
    for text in &all {
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        for at in 0..lines.len() {
            let without: String = lines
                .iter()
                .enumerate()
                .filter(|(line, _)| *line != at)
                .map(|(_, line)| *line)
                .collect();
            let half = lines[at].len() / 2;
            let cut = lines[..at].concat() + &lines[at][..half];
            let shifted = lines[..at].concat() + "  " + &lines[at..].concat();
            for damaged in [without, cut, shifted] {
                let files = BTreeMap::from([("a.yaml".to_owned(), damaged)]);
                let (found, sources) = found(files, &ObjectOptions::default());
                for label in found
                    .iter()
                    .flat_map(|found| found.labels.iter().chain([&found.primary]))
                {
                    let source = sources.get(label.span.file).expect("a place is in a file");
                    assert!(
                        source.text.get(label.span.start..label.span.end).is_some(),
                        "{found:?}"
                    );
                }
            }
        }
    }
}
