//! Files of expectations beside a spec.

use super::super::*;
use super::Scene;
use crate::project::{Analyst, Home, home};

const SPEC: &str = r#"
mesh m { mtls strict }
network pods
cluster c network=pods { gateway address="203.0.113.1" }
namespace shop injection=#true {
    service web { port 80 http }
    service cart { port 8080 http; allow from=web }
}
"#;

fn scene(tests: &str) -> Scene {
    Scene::new(&[("/x/calls.test.kdl", tests), ("/x/spec.kdl", SPEC)])
}

#[test]
fn they_are_completed_and_explained() {
    let labels = scene("‸").labels();
    assert_eq!(labels, ["expect", "namespace"]);
    assert_eq!(scene("namespace ‸").labels(), ["shop"]);
    let callers = scene("namespace shop { service cart { expect allow from=‸ } }").labels();
    assert!(callers.contains(&"web".to_owned()), "{callers:?}");
    let services = scene("namespace shop { service ‸ }").labels();
    assert!(services.contains(&"cart".to_owned()), "{services:?}");
    let scene = scene("namespace shop { service cart { exp‸ect allow from=web } }");
    let found = hover(&scene.project, scene.at).unwrap();
    assert!(found.text.contains("meshc test"), "{}", found.text);
}

#[test]
fn their_names_lead_into_the_spec_and_are_renamed_with_it() {
    let scene = scene("namespace shop { service cart { expect allow from=we‸b } }");
    let found = definition(&scene.project, scene.at, &scene.desk, &scene.shelf);
    let [target] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(target.file.path, "/x/spec.kdl");
    assert_eq!(&target.file.text[target.name.start..target.name.end], "web");
    let whole = references(&scene.project, scene.at, true);
    let files: Vec<_> = whole.iter().map(|one| one.file.path.as_str()).collect();
    assert_eq!(files, ["/x/spec.kdl", "/x/spec.kdl", "/x/calls.test.kdl"]);
}

#[test]
fn what_they_get_wrong_and_what_is_not_met_is_marked() {
    let told = |tests: &str| {
        let scene = scene(&format!("{tests}‸"));
        let path = "/x/calls.test.kdl";
        let home = home(path, &scene.desk, &scene.shelf);
        assert_eq!(home, Home::Tests("/x/spec.kdl".to_owned()));
        let checked = Analyst::default().check(&home, path, &scene.desk, 0).unwrap();
        let found = checked.diagnostics.iter();
        found.map(|found| found.message.clone()).collect::<Vec<_>>()
    };
    let of = |from: &str| format!("namespace shop {{ service cart {{ expect allow from={from} }} }}");
    assert_eq!(told(&of("web")), [] as [&str; 0]);
    let refused = told(&of("cart"));
    assert!(
        refused[0].starts_with("the call does not get through"),
        "{refused:?}"
    );
    let misspelt = told("namespace shop { service carts { expect allow from=web } }");
    assert_eq!(misspelt, ["the mesh has no service `carts`"]);
}
