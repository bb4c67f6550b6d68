//! One spec of several files, and the parameters in them.

use std::collections::BTreeMap;

use mesh_compiler::diag::render::{self, Style};
use mesh_compiler::{Compiled, Entry, Settings, World, compile_with};

/// Files by path.
struct Folder(BTreeMap<&'static str, &'static str>);

impl World for Folder {
    fn read(&self, path: &str) -> Result<String, String> {
        let text = self.0.get(path).ok_or("there is no such file")?;
        Ok((*text).to_owned())
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let below = |path: &&'static str| match folder {
            "" => Some(*path),
            folder => path.strip_prefix(folder)?.strip_prefix('/'),
        };
        let entry = |rest: &str| Entry {
            name: rest.split('/').next().unwrap_or_default().to_owned(),
            folder: rest.contains('/'),
        };
        Ok(self.0.keys().filter_map(below).map(entry).collect())
    }
}

fn compiled(files: &[(&'static str, &'static str)], settings: &Settings) -> Compiled {
    let folder = Folder(files.iter().copied().collect());
    compile_with(&folder, "mesh/spec.kdl", settings)
}

/// One line a mistake.
fn said(files: &[(&'static str, &'static str)], settings: &Settings) -> String {
    let compiled = compiled(files, settings);
    let style = Style {
        color: false,
        width: 100,
    };
    render::human(&compiled.diagnostics, &compiled.sources, style);
    render::short(&compiled.diagnostics, &compiled.sources)
}

fn settings(profile: Option<&str>, set: &[(&str, &str)]) -> Settings {
    Settings {
        profile: profile.map(str::to_owned),
        set: set
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

const BASE: &str = "mesh m\nnetwork kube\ncluster main { gateway address=\"203.0.113.10\" }\n";

#[test]
fn files_are_one_spec_whatever_their_order() {
    let spec = "include \"base.kdl\" \"teams/*.kdl\"\n";
    let cart = "include \"../base.kdl\"\nnamespace shop { label team=cart; service cart { port 80 http } }\n";
    let pay = "namespace shop { service pay { port 80 http; allow from=cart } }\n";
    let both = compiled(
        &[
            ("mesh/spec.kdl", spec),
            ("mesh/base.kdl", BASE),
            ("mesh/teams/a.kdl", cart),
            ("mesh/teams/b.kdl", pay),
            ("mesh/teams/notes.txt", "no KDL at all {"),
        ],
        &Settings::default(),
    );
    assert_eq!(render::short(&both.diagnostics, &both.sources), "");
    let mesh = both.model.expect("the spec is clean");
    let names: Vec<_> = mesh
        .services
        .iter()
        .map(mesh_compiler::model::Service::label)
        .collect();
    assert_eq!(names, ["cart.shop", "pay.shop"]);
    assert_eq!(mesh.namespaces["shop"].labels["team"], "cart");
}

#[test]
fn mistakes_are_told_in_their_own_files() {
    let said = said(
        &[
            (
                "mesh/spec.kdl",
                "include \"base.kdl\" \"teams/*.kdl\" \"base.kdl\"\n",
            ),
            ("mesh/base.kdl", BASE),
            (
                "mesh/teams/a.kdl",
                "namespace shop injection=#true { service cart { port 80 htp } }\n",
            ),
            (
                "mesh/teams/b.kdl",
                "namespace shop injection=#true { service cart { port 80 http } }\nnamespace shop\n",
            ),
        ],
        &Settings::default(),
    );
    for part in [
        "mesh/teams/a.kdl:1:57: error[MC-L004]",
        "mesh/teams/b.kdl:1:26: error[MC-L006]: `injection=` is written twice",
        "mesh/teams/b.kdl:1:42: error[MC-L006]: service `cart` is declared twice",
        "mesh/teams/b.kdl:2:11: error[MC-L006]: namespace `shop` is declared twice",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert_eq!(said.lines().count(), 4, "{said}");
}

/// Every folder of the world has links back to it: the same file has ever new paths.
struct Circles(&'static str);

impl World for Circles {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

#[test]
fn links_in_circles_are_told_and_end() {
    for spec in [
        "include \"sub/spec.kdl\"\n",
        "include \"a/spec.kdl\" \"b/spec.kdl\"\n",
    ] {
        let compiled = compile_with(&Circles(spec), "spec.kdl", &Settings::default());
        let found = render::short(&compiled.diagnostics, &compiled.sources);
        let (said, rest) = found.split_once('\n').unwrap();
        assert!(said.contains("error[MC-L011]"), "{said}");
        assert!(
            said.ends_with("is included through 32 files, one by the other"),
            "{said}"
        );
        assert_eq!(rest, "", "it is said once");
    }
}

#[test]
fn includes_that_lead_nowhere_or_back_are_told() {
    let said = said(
        &[
            (
                "mesh/spec.kdl",
                "include \"a.kdl\" \"none.kdl\" \"x/*.kdl\"\ninclude \"*.kdl\"\ninclude 5\n",
            ),
            ("mesh/a.kdl", "include \"b.kdl\"\n"),
            ("mesh/c.kdl", "foo {\n"),
            ("mesh/b.kdl", "include \"./a.kdl\" \"$env.kdl\"\n"),
        ],
        &Settings::default(),
    );
    for part in [
        "mesh/b.kdl:1:9: error[MC-L011]: `mesh/a.kdl` includes itself through `mesh/b.kdl`",
        "mesh/b.kdl:1:19: error[MC-L009]: mesh/$env.kdl cannot be read",
        "mesh/spec.kdl:1:17: error[MC-L009]: mesh/none.kdl cannot be read",
        "mesh/spec.kdl:1:28: error[MC-L009]: x/*.kdl cannot be read",
        "mesh/c.kdl:1:5: error[MC-L001]",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

const WITH_PARAMS: &str = r#"
param gateway type=address default="203.0.113.10"
param domain
param weight type=number default=5
param probe type=port default=8081
profile prod { set gateway "198.51.100.7"; set domain example.com; set probe 9000 }
profile test { set domain test.example }
mesh m
network kube
cluster main { gateway address=$gateway }
namespace shop {
    service cart {
        port 80 http
        host-of-others
        vms { port probe $probe; health http=$probe path="/a$$b"; vm v1 address="10.0.0.1" weight=$weight }
    }
    external pay host="api.${domain}" { port 443 tls }
}
"#;

fn with_params() -> &'static str {
    Box::leak(
        WITH_PARAMS
            .replace("        host-of-others\n", "")
            .into_boxed_str(),
    )
}

#[test]
fn the_command_line_wins_over_the_profile_and_that_over_the_default() {
    let spec = with_params();
    let prod = compiled(
        &[("mesh/spec.kdl", spec)],
        &settings(Some("prod"), &[("weight", "7"), ("probe", "9001")]),
    );
    assert_eq!(render::short(&prod.diagnostics, &prod.sources), "");
    let mesh = prod.model.expect("the spec is clean");
    assert_eq!(mesh.clusters["main"].gateways[0].addresses, ["198.51.100.7"]);
    let host = &mesh.service("shop", "pay").expect("it is there").host;
    assert_eq!(host, "api.example.com");
    let group = &mesh.service("shop", "cart").expect("it is there").groups[0];
    assert_eq!(group.vms[0].weight, Some(7));
    let probe = format!("{group:?}");
    assert!(
        probe.contains("port: 9001") && probe.contains("\"/a$b\""),
        "{probe}"
    );
}

#[test]
fn what_is_wrong_with_parameters_is_told_once_and_at_both_places() {
    let spec = with_params();
    let of = |settings: &Settings| said(&[("mesh/spec.kdl", spec)], settings);
    assert_eq!(
        of(&Settings::default()),
        "mesh/spec.kdl:3:7: error[MC-L013]: the parameter `domain` has no value\n"
    );
    assert_eq!(
        of(&settings(Some("prd"), &[])),
        "--profile:1:1: error[MC-L012]: there is no profile `prd`\n"
    );
    assert_eq!(
        of(&settings(Some("prod"), &[("wieght", "7")])),
        "--set:1:1: error[MC-L012]: there is no parameter `wieght`\n"
    );
    assert_eq!(
        of(&settings(Some("prod"), &[("weight", "many")])),
        "--set:1:8: error[MC-L004]: `weight`: expected a whole number from 0 to 9223372036854775807, found the \
         text \"many\"\n"
    );
    let compiled = compiled(
        &[("mesh/spec.kdl", spec)],
        &settings(Some("prod"), &[("weight", "2000000")]),
    );
    let [found] = compiled.diagnostics.as_slice() else {
        panic!("{:#?}", compiled.diagnostics);
    };
    let places: Vec<_> = found
        .labels
        .iter()
        .map(|label| compiled.sources.place(label.span).0)
        .collect();
    assert_eq!(compiled.sources.place(found.primary.span).0, "mesh/spec.kdl");
    assert_eq!(places, ["--set"]);
}

#[test]
fn parameters_that_nobody_declares_or_uses_are_told() {
    let spec = "param a default=1\nparam a\nparam b type=port default=0\nprofile p { set c 1; set a 1; set a 2 }\n\
                mesh m\nnetwork kube\ncluster main { gateway address=$gatewy }\n\
                namespace shop { service cart { port $b http; port 81 http name=\"${a-}\" } }\n";
    let said = said(&[("mesh/spec.kdl", spec)], &Settings::default());
    for part in [
        "2:7: error[MC-L006]: parameter `a` is declared twice",
        "3:27: error[MC-L004]: `b`: expected a port from 1 to 65535, found the number 0",
        "4:17: error[MC-L012]: there is no parameter `c`",
        "4:35: error[MC-L006]: profile `p` sets `a` twice",
        "7:32: error[MC-L012]: there is no parameter `gatewy`",
        "1:7: warning[MC-L014]: nobody uses the parameter `a`",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn objects_written_by_hand_go_along_as_they_are() {
    let spec = "mesh m\nnetwork kube\ncluster main { gateway address=\"203.0.113.10\" }\ncluster other { gateway \
                address=\"203.0.113.11\" }\nraw \"extra/*.yaml\"\nraw \"one.json\" cluster=other\nnamespace shop { service cart { \
                port 80 http; pods cluster=main } }\n";
    let gate = "# Ours.\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: gate, namespace: shop}\ndata: {on: 'yes', off: no}\n---\n# \
                nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: gate-2, namespace: shop}\n";
    let one = "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"one\", \"namespace\": \"shop\"}}";
    let files = [
        ("mesh/spec.kdl", spec),
        ("mesh/extra/gate.yaml", gate),
        ("mesh/one.json", one),
    ];
    let compiled = compiled(&files, &Settings::default());
    assert_eq!(render::short(&compiled.diagnostics, &compiled.sources), "");
    let mesh = compiled.model.expect("the spec is clean");
    let options = mesh_compiler::emit::Options {
        spec: mesh_wire::Sha256::of(b""),
        credentials: BTreeMap::new(),
    };
    let output = mesh_compiler::emit::emit(&mesh, &options);
    let text = |path: &str| {
        output
            .get(path)
            .map(|file| String::from_utf8_lossy(&file.bytes).into_owned())
    };
    let passed = text("kubernetes/main/90-extra-gate.yaml").expect("it is there");
    assert!(
        passed.starts_with("# Ours.\napiVersion: v1\n") && passed.contains("off: no}\n---\napiVersion"),
        "{passed}"
    );
    let resources = text("kubernetes/main/kustomization.yaml").expect("it is there");
    assert!(
        resources.contains("- 90-extra-gate.yaml") && !resources.contains("90-one"),
        "{resources}"
    );
    assert_eq!(text("kubernetes/main/90-one.yaml"), None);
    assert_eq!(text("kubernetes/other/90-one.yaml"), Some(format!("{one}\n")));
}

#[test]
fn objects_that_are_none_or_are_there_twice_are_told() {
    let base = "mesh m\nnetwork kube\ncluster main { gateway address=\"203.0.113.10\" }\nnamespace shop { service cart { port 80 http } }\n";
    let of = |raw: &'static str, a: &'static str, b: &'static str| {
        let spec = Box::leak(format!("{base}{raw}\n").into_boxed_str());
        said(
            &[("mesh/spec.kdl", spec), ("mesh/a.yaml", a), ("mesh/b.yaml", b)],
            &Settings::default(),
        )
    };
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";
    let list =
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: x}}\n";
    assert_eq!(
        of("raw \"a.yaml\" \"b.yaml\"", object, list),
        "mesh/b.yaml:1:1: error[MC-L017]: the ConfigMap `x` is written twice\n"
    );
    let damaged = of(
        "raw \"*.yaml\"",
        "a: [\n",
        "apiVersion: v1\nmetadata: {name: x}\n---\n- 5\n---\n{{ if }}\n",
    );
    for part in [
        "mesh/a.yaml:",
        "mesh/b.yaml:1:1: error[MC-L016]: the object has no `kind`",
        "mesh/b.yaml:4:1: error[MC-L016]: the object has no `apiVersion`",
        "mesh/b.yaml:6:1: error[MC-L016]: this is no YAML",
    ] {
        assert!(damaged.contains(part), "{part}\n{damaged}");
    }
    let emitted = of(
        "raw \"a.yaml\"",
        "apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\n",
        "",
    );
    assert!(
        emitted.contains(
            "mesh/a.yaml:1:1: error[MC-L017]: the spec itself writes the Service `cart` of namespace `shop`"
        ),
        "{emitted}"
    );
    assert!(of("raw \"none.yaml\"", "", "").contains("none.yaml cannot be read"));
    assert!(of("raw \"a.yaml\" cluster=mian", object, "").contains("there is no cluster `mian`"));
}
