//! What a spec expects of calls, as `meshc test` asks it.

use std::collections::BTreeMap;

use mesh_compiler::diag::Sources;
use mesh_compiler::model::Mesh;
use mesh_compiler::query::{self, Verdict, render};
use mesh_compiler::{Entry, World};

use crate::common::{compile_text, diagnostics, emitted};

/// A mesh whose service `api` has `more` in its braces.
fn spec(more: &str) -> String {
    format!(
        r#"
        mesh m {{ mtls strict }}
        network pods
        network machines cidr="10.10.0.0/24"
        cluster east network=pods {{ gateway address="203.0.113.1" }}
        namespace shop injection=#true {{
            service web {{ port 8080 http }}
            service api {{
                port 8080 http
                subset v1 version=v1
                subset v2 version=v2
                route canary {{ match {{ header x-canary "true" }}; to v2 }}
                route teapot {{ match path="/tea"; respond status=418 }}
                route rest {{ to v1 weight=50; to v2 weight=50 }}
                allow from=web methods=GET
                vms old network=machines {{ label version=v1; health tcp=8080; vm old-1 address="10.10.0.5" }}
                vms new network=machines {{ label version=v2; health tcp=8080; vm new-1 address="10.10.0.6" }}
                {more}
            }}
        }}
        "#
    )
}

fn judged(more: &str) -> Vec<Verdict> {
    let mesh = compile_text(&spec(more));
    query::judge(&mesh, &mesh.expectations, "", &Sources::default())
}

/// Why the only expectation is not met; empty where it is.
fn why(expect: &str) -> String {
    let verdicts = judged(expect);
    assert_eq!(verdicts.len(), 1);
    let failure = &verdicts[0].failure;
    failure
        .as_ref()
        .map(|failure| failure.message.clone())
        .unwrap_or_default()
}

#[test]
fn what_is_so_is_met() {
    for expect in [
        r#"expect allow from=web"#,
        r#"expect allow from=web to="/carts?x=1""#,
        r#"expect allow from="shop/web@east" to="http://api.shop:8080/""#,
        r#"expect deny from=web method=POST"#,
        r#"expect deny from=web to="/" method=POST by=access-refused"#,
        r#"expect deny from=outside by=MC-S019"#,
        r#"expect route from=web takes=rest reaches="v1,v2""#,
        r#"expect route from=web reaches=v2 { header X-Canary "true" }"#,
        r#"expect route from=web reaches="shop/old,new-1""#,
        r#"expect route from=web to="/tea" status=418"#,
        r#"expect name from=old-1 to=web"#,
        r#"expect name from=old-1 to=web is=web.shop.svc.cluster.local"#,
    ] {
        assert_eq!(why(expect), "", "{expect}");
    }
}

#[test]
fn what_is_not_so_says_what_is() {
    for (expect, said) in [
        (r#"expect allow from=web method=POST"#, "no `allow` rule matches"),
        (
            r#"expect allow from=web to="http://nowhere:8080/""#,
            "cannot resolve `nowhere`",
        ),
        (r#"expect allow from=web to="/tea""#, "answers it with 418"),
        (
            r#"expect allow from=nobody"#,
            "no VM, service or account `nobody`",
        ),
        (r#"expect deny from=web"#, "let it through"),
        (
            r#"expect deny from=web method=POST by=mtls-mismatch"#,
            "refused by access-refused",
        ),
        (r#"expect route from=web takes=canary"#, "route `rest` takes it"),
        (r#"expect route from=web reaches=v1"#, "it goes to api.shop"),
        (
            r#"expect route from=web reaches="v1,v2,v3""#,
            "nothing of it goes to v3",
        ),
        (r#"expect route from=web status=418"#, "it goes on"),
        (r#"expect name from=old-1 to=web is="10.0.0.1""#, "not 10.0.0.1"),
        (r#"expect name from=old-1 to=wob"#, "does not know it"),
    ] {
        let why = why(expect);
        assert!(why.contains(said), "{expect}: {why}");
    }
}

/// A typing error must not look like a policy that works.
#[test]
fn a_call_that_gets_nowhere_is_not_refused() {
    let why = why(r#"expect deny from=web to="http://apy:8080/""#);
    assert!(why.contains("gets nowhere before anybody can refuse it"), "{why}");
}

#[test]
fn an_expectation_that_contradicts_itself_is_a_mistake_of_the_spec() {
    for (expect, said) in [
        (
            "expect allow from=web by=access-refused",
            "`by=` is for `expect deny`",
        ),
        ("expect route from=web", "says nothing of where it goes"),
        (
            r#"expect allow from=web method="GET,POST""#,
            "one call has one method",
        ),
        ("expect perhaps from=web", "perhaps"),
        ("expect allow", "needs `from=`"),
    ] {
        let found = diagnostics(&spec(expect));
        let found: Vec<_> = found.iter().map(|found| found.message.as_str()).collect();
        assert!(
            found.iter().any(|found| found.contains(said)),
            "{expect}: {found:?}"
        );
    }
    let text = spec("").replace("mesh m {", r#"mesh m { expect allow from="shop/web" to="/x";"#);
    let found = diagnostics(&text);
    assert!(found[0].message.contains("a path alone"), "{found:?}");
}

#[test]
fn expectations_change_nothing_that_is_built() {
    let without = emitted(&compile_text(&spec("")));
    let with = emitted(&compile_text(&spec(
        "expect allow from=web\nexpect deny from=outside",
    )));
    assert!(without == with);
}

/// A spec and files beside it.
struct Folder(BTreeMap<&'static str, String>);

impl World for Folder {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "there is no such file".to_owned())
    }

    fn list(&self, _folder: &str) -> Result<Vec<Entry>, String> {
        let entry = |name: &&str| Entry {
            name: (*name).to_owned(),
            folder: false,
        };
        Ok(self.0.keys().map(entry).collect())
    }
}

fn beside(tests: &str) -> (Mesh, Folder) {
    let folder = Folder(BTreeMap::from([
        ("spec.kdl", format!("include \"*.kdl\"\n{}", spec(""))),
        ("a.test.kdl", tests.to_owned()),
    ]));
    let compiled = mesh_compiler::compile(&folder, "spec.kdl");
    // A pattern of the spec does not take files of expectations in.
    (
        compiled
            .model
            .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics)),
        folder,
    )
}

#[test]
fn expectations_may_stand_in_files_beside_the_spec() {
    let (mesh, folder) = beside(
        r#"
        expect deny from=outside to="http://api.shop:8080/"
        namespace shop { service api { expect allow from=web; expect deny from=web } }
        "#,
    );
    let mut sources = Sources::default();
    let (expectations, wrong) = query::read_tests(&folder, "spec.kdl", &mesh, &mut sources);
    assert_eq!(wrong, []);
    let verdicts = query::judge(&mesh, &expectations, "", &sources);
    let passed: Vec<_> = verdicts.iter().map(Verdict::passed).collect();
    assert_eq!(passed, [true, true, false]);
    let some = query::judge(&mesh, &expectations, "allow web", &sources);
    assert_eq!(some.len(), 1);
    let report = render::junit(&verdicts, "spec.kdl", &sources);
    assert!(report.contains(r#"tests="3" failures="1""#), "{report}");
    assert!(report.contains(r#"file="a.test.kdl" line="3""#), "{report}");
}

#[test]
fn mistakes_in_such_files_are_told_with_their_places() {
    let (mesh, folder) =
        beside("namespace shpo { expect allow from=web to=api }\nexpekt allow from=web to=api");
    let mut sources = Sources::default();
    let (_, wrong) = query::read_tests(&folder, "spec.kdl", &mesh, &mut sources);
    let helps: Vec<_> = wrong.iter().filter_map(|wrong| wrong.help.as_deref()).collect();
    assert_eq!(helps.len(), 2, "{wrong:?}");
    assert!(
        helps[0].contains("`shop`") && helps[1].contains("expect"),
        "{helps:?}"
    );
}
