use super::*;

const SPEC: &str = "\
mesh m
network kube
cluster main network=kube
param gate default=\"10.0.0.1\"
include \"team.kdl\"
namespace forum {
    service web {
        port 80 http
        subset v1 version=v1
        route { to v1 }
        vms network=kube { vm a address=$gate }
    }
    service api {
        port 81 tcp
        on web
        route { to service=web port=80 }
        allow from=\"web,cron\"
    }
    account cron
}
";
const TEAM: &str =
    "namespace ops {\n    service log {\n        port 90 tcp\n        allow from=\"forum/web\"\n    }\n}\n";

/// The spec with the mark behind `part` of it.
fn scene(part: &str) -> Scene {
    let marked = SPEC.replacen(part, &format!("{part}‸"), 1);
    Scene::new(&[("/x/spec.kdl", &marked), ("/x/team.kdl", TEAM)])
}

/// The file and the line, from 1, of each place.
fn lines(targets: &[Target]) -> Vec<(String, usize)> {
    let line = |target: &Target| {
        (
            target.file.path.clone(),
            target.file.lines.start_of(target.name.start).0 + 1,
        )
    };
    targets.iter().map(line).collect()
}

fn spec(line: usize) -> (String, usize) {
    ("/x/spec.kdl".to_owned(), line)
}

fn team(line: usize) -> (String, usize) {
    ("/x/team.kdl".to_owned(), line)
}

fn defined(part: &str) -> Vec<(String, usize)> {
    let scene = scene(part);
    lines(&definition(&scene.project, scene.at, &scene.desk, &scene.shelf))
}

#[test]
fn names_lead_to_what_they_name() {
    assert_eq!(defined("cluster main network=ku"), [spec(2)]);
    assert_eq!(defined("to v1"), [spec(9)]);
    assert_eq!(defined("to service=we"), [spec(7)]);
    assert_eq!(defined("from=\"we"), [spec(7)]);
    assert_eq!(defined("from=\"web,cr"), [spec(19)]);
    assert_eq!(defined("port=8"), [spec(8)]);
    assert_eq!(defined("address=$ga"), [spec(4)]);
    assert_eq!(
        defined("on we"),
        [spec(7)],
        "a group without a name is its service"
    );
    assert_eq!(defined("include \"team"), [team(1)]);
    assert_eq!(defined("mesh"), []);
}

#[test]
fn words_are_explained_and_names_show_what_they_name() {
    let shown = |part| {
        let scene = scene(part);
        hover(&scene.project, scene.at).map(|hover| hover.text)
    };
    let network = shown("cluster main network=ku").unwrap();
    assert!(
        network.contains("```kdl\nnetwork kube\n```\nspec.kdl, line 2"),
        "{network}"
    );
    assert!(network.contains("The network of its pods"), "{network}");
    assert!(
        shown("serv")
            .unwrap()
            .contains("Something that others call by its name")
    );
    assert!(shown("network=ku").is_some() && shown("gate defau").is_some());
    assert_eq!(shown("namespace forum {\n  "), None);
}

#[test]
fn all_uses_are_found_in_all_files() {
    let scene = scene("service we");
    let uses = |declarations| lines(&references(&scene.project, scene.at, declarations));
    assert_eq!(uses(true), [spec(7), spec(15), spec(16), spec(17), team(4)]);
    assert_eq!(uses(false), [spec(15), spec(16), spec(17), team(4)]);
}

/// The files after something is renamed.
fn renamed(part: &str, new: &str) -> Result<(String, String), String> {
    let scene = scene(part);
    let mut replacements = rename(&scene.project, scene.at, new)?;
    replacements.sort_by_key(|replacement| std::cmp::Reverse(replacement.range));
    let after = |path: &str, text: &str| {
        let mut text = text.to_owned();
        for replacement in replacements
            .iter()
            .filter(|replacement| replacement.file.path == path)
        {
            let range = replacement.range;
            text.replace_range(range.start..range.end, &replacement.text);
        }
        text
    };
    Ok((after("/x/spec.kdl", SPEC), after("/x/team.kdl", TEAM)))
}

#[test]
fn a_new_name_is_written_everywhere() {
    let (spec, team) = renamed("service we", "shop").unwrap();
    assert_eq!(
        spec,
        SPEC.replace("service web", "service shop")
            .replace("on web", "on shop")
            .replace("service=web", "service=shop")
            .replace("\"web,", "\"shop,")
    );
    assert_eq!(team, TEAM.replace("forum/web", "forum/shop"));
    let (spec, team) = renamed("namespace for", "board").unwrap();
    assert_eq!(
        (spec, team),
        (SPEC.replace("forum", "board"), TEAM.replace("forum", "board"))
    );
    let (spec, _) = renamed("$ga", "door").unwrap();
    assert_eq!(spec, SPEC.replace("gate", "door"));
    let (spec, _) = renamed("network=ku", "true").unwrap();
    assert_eq!(spec, SPEC.replace("kube", "\"true\""));
}

#[test]
fn expectations_follow_the_names_of_who_calls() {
    let text = "mesh m\nnamespace a {\n    service we‸b { port 80 http; vms { vm one address=\"10.0.0.1\" } }\n    \
                expect allow from=\"web@main\" to=x\n    expect allow from=one to=x\n    expect deny from=outside to=x\n}\n";
    let scene = Scene::kdl(text);
    let uses = lines(&references(&scene.project, scene.at, false));
    assert_eq!(uses, [spec(4)]);
    let text = text.replace(MARK, "");
    let changed = &rename(&scene.project, scene.at, "shop").unwrap()[1];
    assert_eq!(&text[changed.range.start..changed.range.end], "web");
    let names = scene.project.names();
    let at = text.find("from=one").unwrap() + 6;
    assert_eq!(
        names.at(0, at).unwrap().0.kind,
        mesh_compiler::spec::schema::Kind::Machine
    );
    let accounts = names.all(mesh_compiler::spec::schema::Kind::Account);
    assert!(
        accounts.is_empty(),
        "who calls does not become an account by that: {accounts:?}"
    );
}

#[test]
fn names_that_cannot_be_are_refused() {
    for (part, new, why) in [
        ("service we", "Not A Name", "name"),
        ("service we", "api", "there is a `api` already"),
        ("service we", "", "name"),
        ("port=8", "81", "a port is a number"),
        ("mesh", "x", "no name stands here"),
        ("network=ku", "a/b", "name"),
    ] {
        let found = renamed(part, new).unwrap_err();
        assert!(found.contains(why), "{part}: {found}");
    }
}

#[test]
fn a_file_has_an_outline_and_names_are_found_by_some_of_their_letters() {
    let scene = scene("mesh");
    let symbols = outline(scene.project.file());
    let names: Vec<_> = symbols.iter().map(|symbol| symbol.name.as_str()).collect();
    assert_eq!(names, ["kube", "main", "gate", "forum"]);
    let services: Vec<_> = symbols[3]
        .children
        .iter()
        .map(|symbol| symbol.name.as_str())
        .collect();
    assert_eq!(services, ["web", "api", "cron"]);
    let found: Vec<_> = search(&scene.project, "lg")
        .into_iter()
        .map(|(_, symbol)| symbol.name)
        .collect();
    assert_eq!(found, ["log"]);
}

#[test]
fn yaml_names_lead_and_are_renamed() {
    let text = "mesh: m\nnetwork: [kube, vm]\ncluster:\n  name: a\n  network: ku‸be\nnamespace:\n  name: a\n  \
        service: {name: b, port: {number: 80, protocol: http}, allow: {from: [\"b\", '*']}}\n";
    let scene = Scene::new(&[("/x/spec.yaml", text)]);
    let found = definition(&scene.project, scene.at, &scene.desk, &scene.shelf);
    assert_eq!(found[0].name.start, text.find("kube").unwrap());
    let replacements = rename(&scene.project, scene.at, "on").unwrap();
    let texts: Vec<_> = replacements
        .iter()
        .map(|replacement| replacement.text.as_str())
        .collect();
    assert_eq!(texts, ["\"on\"", "\"on\""], "a bare `on` may be read as true");
    let at = text.replace(MARK, "").find("\"b\"").unwrap() + 1;
    let found = definition(&scene.project, at, &scene.desk, &scene.shelf);
    assert_eq!(lines(&found), [("/x/spec.yaml".to_owned(), 8)]);
}

#[test]
fn what_a_route_reaches_follows_its_name() {
    let text = "mesh m\nnamespace a {\n    service web {\n        port 80 http\n        subset v1 version=v1\n        \
                vms { vm one address=\"10.0.0.1\" }\n        expect route from=web reaches=\"v1,one\"\n    }\n    \
                expect route from=web reaches=\"web\"\n}\n";
    for (from, to) in [
        ("subset v1", "subset v2"),
        ("vm one", "vm two"),
        ("service web", "service shop"),
    ] {
        let scene = Scene::kdl(&text.replacen(from, &format!("{from}‸"), 1));
        let (old, new) = (
            from.split(' ').next_back().unwrap(),
            to.split(' ').next_back().unwrap(),
        );
        let mut after = text.to_owned();
        let mut replacements = rename(&scene.project, scene.at, new).unwrap();
        replacements.sort_by_key(|replacement| std::cmp::Reverse(replacement.range));
        for replacement in replacements {
            after.replace_range(replacement.range.start..replacement.range.end, &replacement.text);
        }
        let names = ["from=", "reaches=\"", ",", "subset ", "vm ", "service "];
        let wanted = names.iter().fold(text.to_owned(), |text, before| {
            text.replace(&format!("{before}{old}"), &format!("{before}{new}"))
        });
        let wanted = wanted.replace("version=v2", "version=v1");
        assert_eq!(after, wanted);
    }
}

const FLEET: &str = "mesh m\nnetwork kube\nnetwork vm\nnamespace shop {\n    service cart {\n        port 80 http\n        \
                     vms network=vm {\n            inventory \"vms/*.csv\" { column hostname as=name; ignore owner }\n        \
                     }\n    }\n    service list {\n        vms { inventory \"more.json\" { column host as=name } }\n    }\n    \
                     expect allow from=cart-1 to=cart\n}\n";
const ROWS: &str = "hostname,address,owner\ncart-1,10.0.0.1,\"Hopper, Grace\"\n\"cart-2\",10.0.0.2,x\n";
const MORE: &str = "[{\"host\": \"list-1\", \"address\": \"10.0.0.3\"},\n {\"host\": \"list-2\", \"address\": \"10.0.0.4\"}]\n";

/// The spec with inventories, open at the one of them that holds `part`, with the mark behind that.
fn fleet(part: &str) -> Scene {
    let mut files = [
        ("/x/spec.kdl", FLEET.to_owned()),
        ("/x/vms/a.csv", ROWS.to_owned()),
        ("/x/more.json", MORE.to_owned()),
    ];
    let open = files.iter().position(|(_, text)| text.contains(part)).unwrap();
    files.swap(0, open);
    files[0].1 = files[0].1.replacen(part, &format!("{part}‸"), 1);
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    Scene::new(&files)
}

#[test]
fn machines_of_inventories_lead_and_are_found() {
    let target = |part| {
        let scene = fleet(part);
        lines(&definition(&scene.project, scene.at, &scene.desk, &scene.shelf))
    };
    let (spec, rows) = (
        |line| ("/x/spec.kdl".to_owned(), line),
        |line| ("/x/vms/a.csv".to_owned(), line),
    );
    assert_eq!(target("from=cart-"), [rows(2)]);
    assert_eq!(target("\ncart-"), [rows(2)]);
    assert_eq!(target("column hostn"), [rows(1)]);
    assert_eq!(target("ignore own"), [rows(1)]);
    let scene = fleet("\ncart-");
    let uses = |declarations| lines(&references(&scene.project, scene.at, declarations));
    assert_eq!(uses(true), [spec(14), rows(2)]);
    assert_eq!(uses(false), [spec(14)]);
    let scene = fleet("[{\"ho");
    let heads = lines(&references(&scene.project, scene.at, true));
    let more = |line| ("/x/more.json".to_owned(), line);
    assert_eq!(heads, [spec(12), more(1), more(2)]);
    assert_eq!(
        complete(&scene.project, scene.at, &scene.desk),
        [],
        "rows are no spec"
    );
    assert_eq!(hover(&scene.project, scene.at), None);
}

/// What is another after something is renamed: the spec, the table and the list.
fn relisted(part: &str, new: &str) -> Result<[String; 3], String> {
    let scene = fleet(part);
    let mut replacements = rename(&scene.project, scene.at, new)?;
    replacements.sort_by_key(|replacement| std::cmp::Reverse(replacement.range));
    let mut files = [
        ("/x/spec.kdl", FLEET),
        ("/x/vms/a.csv", ROWS),
        ("/x/more.json", MORE),
    ]
    .map(|(path, text)| (path, text.to_owned()));
    for replacement in replacements {
        let (_, text) = files
            .iter_mut()
            .find(|(path, _)| *path == replacement.file.path)
            .unwrap();
        text.replace_range(replacement.range.start..replacement.range.end, &replacement.text);
    }
    Ok(files.map(|(_, text)| text))
}

#[test]
fn rows_and_heads_of_inventories_are_renamed() {
    let [spec, rows, _] = relisted("from=cart-", "true").unwrap();
    assert_eq!(spec, FLEET.replace("from=cart-1", "from=\"true\""));
    assert_eq!(rows, ROWS.replace("cart-1", "true"));
    let [_, rows, _] = relisted("\"cart-", "basket").unwrap();
    assert_eq!(rows, ROWS.replace("cart-2", "basket"));
    let [spec, rows, _] = relisted("hostn", "host name").unwrap();
    assert_eq!(spec, FLEET.replace("column hostname", "column \"host name\""));
    assert_eq!(rows, ROWS.replace("hostname", "host name"));
    let [spec, _, more] = relisted("[{\"ho", "machine").unwrap();
    assert_eq!(spec, FLEET.replace("column host as", "column machine as"));
    assert_eq!(more, MORE.replace("\"host\"", "\"machine\""));
    for (part, new, why) in [
        ("hostname,addr", "ip", "write `column NAME as=address`"),
        ("hostn", "a,b", "without commas"),
        ("hostn", "owner", "there is a `owner` already"),
        ("\ncart-", "cart-2", "there is a `cart-2` already"),
    ] {
        let found = relisted(part, new).unwrap_err();
        assert!(found.contains(why), "{part}: {found}");
    }
}
