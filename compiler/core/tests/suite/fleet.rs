//! Many machines from one spec: inventories and defaults.

use std::collections::BTreeMap;

use mesh_compiler::diag::render::{self, Style};
use mesh_compiler::model::{Group, Mesh};
use mesh_compiler::{Compiled, World, compile};

struct Files(BTreeMap<String, String>);

impl World for Files {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "there is no such file".to_owned())
    }
}

fn compiled(files: &[(&str, &str)]) -> Compiled {
    let own = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let compiled = compile(&Files(own.collect()), "spec.kdl");
    let (found, sources) = (&compiled.diagnostics, &compiled.sources);
    for label in found
        .iter()
        .flat_map(|one| one.labels.iter().chain([&one.primary]))
    {
        let source = sources.get(label.span.file).expect("places lie in files");
        assert!(
            source.text.get(label.span.start..label.span.end).is_some(),
            "{label:?}"
        );
    }
    let style = Style {
        color: false,
        width: 100,
    };
    render::human(found, sources, style);
    compiled
}

fn said(files: &[(&str, &str)]) -> String {
    let compiled = compiled(files);
    render::short(&compiled.diagnostics, &compiled.sources)
}

fn spec(inventory: &str) -> String {
    format!(
        "mesh m\nnetwork kube\nnetwork vm cidr=\"10.0.0.0/8\"\ncluster main network=kube {{ gateway \
         address=\"203.0.113.10\" }}\nnamespace shop {{ service cart {{ port 80 http; vms network=vm {{ health \
         tcp=80; {inventory} }} }} }}\n"
    )
}

fn mesh(files: &[(&str, &str)]) -> Mesh {
    let compiled = compiled(files);
    let shown = render::short(&compiled.diagnostics, &compiled.sources);
    assert_eq!(shown, "");
    compiled.model.expect("the spec is clean")
}

fn group(mesh: &Mesh) -> &Group {
    &mesh.services[0].groups[0]
}

#[test]
fn a_table_lists_machines_as_nodes_do() {
    let written = spec(
        "vm a-1 address=\"10.0.0.1\" locality=\"r/z\" weight=5 { label tier=front; ssh user=ada port=2222 }; vm a-2 \
         address=\"10.0.0.2\" weight=6",
    );
    let nodes = mesh(&[("spec.kdl", &written)]);
    let json = r#"[{"name": "a-1", "address": "10.0.0.1", "locality": "r/z", "weight": 5,
                    "labels": {"tier": "front"}, "ssh": {"user": "ada", "port": 2222}},
                   {"name": "a-2", "address": "10.0.0.2", "weight": 6, "locality": null}]"#;
    let flat = r#"[{"name": "a-2", "address": "10.0.0.2", "weight": 6},
                   {"name": "a-1", "address": "10.0.0.1", "locality": "r/z", "weight": 5,
                    "label:tier": "front", "ssh-user": "ada", "ssh-port": 2222}]"#;
    for (file, text) in [
        (
            "vms.csv",
            "name,address,locality,weight,label:tier,ssh-user,ssh-port\na-1,10.0.0.1,r/z,5,front,ada,2222\na-2,10.0.0.2,,6,,,\n",
        ),
        (
            "vms.csv",
            "\u{feff}\"address\", weight ,name,ssh-port,ssh-user,label:tier,locality\r\n10.0.0.2,6,a-2,,,,\r\n\r\n\"10.0.0.1\",5,\"a-1\", 2222,ada,front,\"r/z\"\r\n,,,,,,\r\n",
        ),
        ("vms.json", json),
        ("vms.json", flat),
        (
            "vms.yaml",
            "- {name: a-1, address: 10.0.0.1, locality: r/z, weight: 5, ssh-user: ada, ssh-port: 2222, labels: {tier: front}}\n- name: a-2\n  address: 10.0.0.2\n  weight: 6\n",
        ),
    ] {
        let listed = spec(&format!("inventory \"{file}\""));
        let listed = mesh(&[("spec.kdl", &listed), (file, text)]);
        let meaning = |mesh: &Mesh| {
            let vms = group(mesh).vms.iter();
            let said = vms.map(|vm| {
                format!(
                    "{} {} {:?} {:?} {:?} {:?}",
                    vm.name, vm.address, vm.locality, vm.weight, vm.labels, vm.ssh
                )
            });
            said.collect::<Vec<_>>()
        };
        assert_eq!(meaning(&listed), meaning(&nodes), "{text}");
    }
}

#[test]
fn the_export_of_another_system_works_as_it_is() {
    let spec = spec(
        "inventory \"cmdb.csv\" { column hostname as=name; column \"IP Address\" as=address; column Tier \
         as=\"label:tier\"; ignore owner \"*\" }",
    );
    let cmdb = "hostname,owner,IP Address,Tier,cost\nweb-1,\"Lovelace, Ada\",10.0.0.1,front,\"1,5\"\n";
    let mesh = mesh(&[("spec.kdl", &spec), ("cmdb.csv", cmdb)]);
    let vm = &group(&mesh).vms[0];
    assert_eq!((vm.name.as_str(), vm.labels["tier"].as_str()), ("web-1", "front"));
}

#[test]
fn each_mistake_is_told_at_its_cell() {
    let spec = spec("vm a-1 address=\"10.0.0.1\"; inventory \"vms.csv\"");
    let said = said(&[
        ("spec.kdl", &spec),
        (
            "vms.csv",
            "name,address,weight,locality\na-1,10.0.0.9,1,\nA_2,10.0.0.300,0,\na-3,,many,\na-4,10.0.0.4\n\"a-5\" x,10.0.0.5,,\na-6,192.168.0.1,,é é\n",
        ),
    ]);
    for part in [
        "vms.csv:2:1: error[MC-L006]: VM `a-1` is declared twice",
        "vms.csv:3:1: error[MC-K002]: `name`: expected a name of lower-case letters",
        "vms.csv:3:5: error[MC-L004]: `address`: expected an address, such as \"10.10.0.25\", found the text \"10.0.0.300\"",
        "vms.csv:3:16: error[MC-L004]: `weight`: expected a whole number from 1 to 1000000, found the number 0",
        "vms.csv:4:1: error[MC-L005]: `vm` needs `address=`",
        "vms.csv:4:6: error[MC-L004]: `weight`",
        "vms.csv:5:1: error[MC-L015]: the row has 2 cells, and there are 4 columns",
        "vms.csv:6:1: error[MC-L015]: the quotes of this cell do not fit",
        "vms.csv:7:18: error[MC-L004]: `locality`",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn heads_are_checked_once() {
    let of = |inventory: &str, text: &str| said(&[("spec.kdl", &spec(inventory)), ("vms.csv", text)]);
    let plain = "inventory \"vms.csv\"";
    let wrong = of(plain, "name,adress,wieght,name,colour\na-1,10.0.0.1,1,a,red\n");
    for part in [
        "vms.csv:1:1: error[MC-L005]: the inventory has no column `address`",
        "vms.csv:1:6: error[MC-L003]: a machine has no column `adress`",
        "vms.csv:1:13: error[MC-L003]: a machine has no column `wieght`",
        "vms.csv:1:20: error[MC-L006]: the column `name` is there twice",
        "vms.csv:1:25: error[MC-L003]: a machine has no column `colour`",
    ] {
        assert!(wrong.contains(part), "{part}\n{wrong}");
    }
    assert_eq!(wrong.lines().count(), 5, "{wrong}");
    assert!(of(plain, "").contains("vms.csv:1:1: error[MC-L015]: the inventory is empty"));
    assert!(of(plain, "name;address\na;b\n").contains("the columns are separated by `;`"));
    let stray = "inventory \"vms.csv\" { column host as=name; column addr as=adress; ignore x }";
    let strays = of(stray, "hosts,name,addr\n,a-1,10.0.0.1\n");
    for part in [
        "error[MC-L007]: the inventory has no column `host`",
        "error[MC-L007]: the inventory has no column `x`",
        "error[MC-L003]: a machine has no column `adress`",
    ] {
        assert!(strays.contains(part), "{part}\n{strays}");
    }
    let none = said(&[("spec.kdl", &spec("inventory \"none.csv\""))]);
    assert!(
        none.contains("spec.kdl:5:") && none.contains("none.csv cannot be read"),
        "{none}"
    );
    let twice = said(&[
        (
            "spec.kdl",
            &spec("inventory \"vms.csv\" ; inventory \"./vms.csv\""),
        ),
        ("vms.csv", "name,address\na-1,10.0.0.1\n"),
    ]);
    assert!(twice.contains("the inventory vms.csv is read twice"), "{twice}");
}

#[test]
fn data_that_is_no_list_of_machines_is_told() {
    let of = |text: &str| said(&[("spec.kdl", &spec("inventory \"vms.json\"")), ("vms.json", text)]);
    assert!(of("{}").contains("vms.json:1:1: error[MC-L015]: an inventory is a list of machines"));
    assert!(of("[5]").contains("vms.json:1:2: error[MC-L015]: a machine is a mapping"));
    assert!(of("[{").contains("MC-L001"));
    let wrong = of("[{\"name\": \"a\", \"adress\": \"x\", \"address\": 5}, {\"adress\": \"y\"}]");
    assert_eq!(wrong.matches("no column `adress`").count(), 1, "{wrong}");
    assert!(wrong.contains("`address`: expected an address"), "{wrong}");
}

#[test]
fn the_narrower_place_wins_over_defaults() {
    let spec = r#"
mesh m
network kube
network vm cidr="10.0.0.0/8"
cluster main network=kube { gateway address="203.0.113.10" }
defaults {
    vms network=vm locality="r/z" { ssh user=ubuntu port=22; health http=80 path="/up" every="5s"; label tier=back version=vm }
    service { balance least-request; limits connections=100 pending=7; eject after=5 at-most="100%"; allow from="shop/*" }
    namespace injection=#false
}
namespace shop {
    defaults { vms { ssh user=ada }; service { limits connections=9 } }
    service cart {
        port 80 http
        limits pending=8
        vms { health tcp=80; label version=v2; ssh port=2222; vm a-1 address="10.0.0.1" }
    }
    service bank {
        port 80 http
        allow from=cart
        vms { health every="9s"; vm b-1 address="10.0.0.2" locality="r/y" }
    }
}
namespace other injection=#true { service pods { port 80 http } }
"#;
    let mesh = mesh(&[("spec.kdl", spec)]);
    let cart = mesh.service("shop", "cart").expect("it is there");
    let bank = mesh.service("shop", "bank").expect("it is there");
    let limits = cart.traffic.limits.clone().expect("it has some");
    assert_eq!((limits.connections, limits.pending), (Some(9), Some(8)));
    let probe = |group: &Group| format!("{group:?}");
    let (of_cart, of_bank) = (probe(&cart.groups[0]), probe(&bank.groups[0]));
    assert!(
        of_cart.contains("Tcp") && !of_cart.contains("\"/up\""),
        "{of_cart}"
    );
    assert!(
        of_bank.contains("\"/up\"") && of_bank.contains("period: Some(9)"),
        "{of_bank}"
    );
    let labels = &cart.groups[0].labels;
    assert_eq!(
        (labels["tier"].as_str(), labels["version"].as_str()),
        ("back", "v2")
    );
    let ssh = &cart.groups[0].vms[0].ssh;
    assert_eq!((ssh.user.as_deref(), ssh.port), (Some("ada"), Some(2222)));
    assert_eq!(bank.groups[0].vms[0].locality.zone, "y");
    assert_eq!(cart.groups[0].vms[0].locality.zone, "z");
    assert!(!mesh.namespaces["shop"].injection && mesh.namespaces["other"].injection);
}

#[test]
fn mistakes_in_defaults_are_told_once() {
    let spec = "mesh m\nnetwork kube\ncluster main { gateway address=\"203.0.113.10\" }\ndefaults { vms network=nowhere \
                { vm a-1 address=\"10.0.0.1\" }; service a { port 80 http; limits conections=5 } }\nnamespace shop { service \
                a { port 80 http; vms { health tcp=80; vm a-1 address=\"10.0.0.1\" } }; service b { port 80 http; vms { \
                health tcp=80; vm b-1 address=\"10.0.0.2\" } } }\n";
    let said = said(&[("spec.kdl", spec)]);
    for part in [
        "there is no network `nowhere`",
        "`vms` has no node `vm`",
        "`service` does not take the text \"a\" here",
        "`service` has no node `port`",
        "`limits` has no property `conections`",
    ] {
        assert_eq!(said.matches(part).count(), 1, "{part}\n{said}");
    }
    assert_eq!(said.lines().count(), 5, "{said}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_inventory_ends_in_machines_or_diagnostics(
        cells in proptest::collection::vec(
            proptest::sample::select(vec![
                "name", "address", "label:a", "weight", "ssh-port", ",", ",", "\n", "\r\n", "\"", "\"\"", " ", ";", "é", "\u{feff}",
                "a-1", "10.0.0.1", "5", "[", "]", "{", "}", ":", "- ", "\t", "",
            ]),
            0..60,
        ),
        ending in proptest::sample::select(vec!["csv", "json", "yaml"]),
    ) {
        let file = format!("vms.{ending}");
        let spec = spec(&format!("inventory \"{file}\""));
        let compiled = compiled(&[("spec.kdl", &spec), (&file, &cells.concat())]);
        proptest::prop_assert!(compiled.model.is_some() || !compiled.diagnostics.is_empty());
    }
}
