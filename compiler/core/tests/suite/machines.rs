//! Groups of machines: what runs on them, what Istio is told of them, and what contradicts itself.

use crate::common;
use mesh_compiler::emit::{self, Output, snapshot};
use mesh_compiler::model::{Mesh, WorkloadRef};
use mesh_wire::Sha256;
use serde_json::{Value, json};

const TWO_ON_ONE: &str = r#"
mesh m
network vm
cluster c network=vm
namespace shop {
    service cart account=machines {
        port 8080 http
        vms network=vm locality="r/z" weight=3 {
            label role=vm
            annotation "example.com/team" "shop"
            proxy { metadata SECRET_TTL "12h" }
            health http=8080 scheme=http path="/health" every="7s" {
                header x-probe "meshc"
            }
            vm cart-1 address="10.0.0.1" instance-id=i-0abc
            vm cart-2 address="10.0.0.2" weight=5 locality="r/y"
        }
    }
    service billing {
        port 80 http target=9090
        port 3306 mysql
        allow from=cart
        on cart
    }
    vms batch {
        vm batch-1 address="10.0.0.3"
    }
}
"#;

fn output(mesh: &Mesh) -> Output {
    let options = emit::Options {
        spec: Sha256::of(b""),
        credentials: std::collections::BTreeMap::new(),
    };
    emit::emit(mesh, &options)
}

/// The objects of `kind` that the cluster is given, by name.
fn objects(mesh: &Mesh, kind: &str) -> Vec<Value> {
    let files = output(mesh);
    let manifests = files
        .iter()
        .filter(|(path, _)| path.starts_with("kubernetes/c/") && !path.ends_with("values.yaml"));
    let texts = manifests.map(|(_, file)| String::from_utf8(file.bytes.clone()).unwrap());
    let documents = texts.flat_map(|text| text.split("---\n").map(str::to_owned).collect::<Vec<_>>());
    let values = documents.map(|text| serde_yaml::from_str::<Value>(&text).unwrap());
    values.filter(|value| value["kind"] == kind).collect()
}

fn named<'a>(objects: &'a [Value], name: &str) -> &'a Value {
    let found = objects.iter().find(|object| object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {objects:#?}"))
}

fn complaints(inner: &str) -> Vec<String> {
    let text = format!(
        "mesh m\nnetwork vm\ncluster c {{ gateway address=\"203.0.113.1\" }}\nnamespace shop {{\n{inner}\n}}\n"
    );
    struct One(String);
    impl mesh_compiler::World for One {
        fn read(&self, _path: &str) -> Result<String, String> {
            Ok(self.0.clone())
        }
    }
    let compiled = mesh_compiler::compile(&One(text), "spec.kdl");
    let line = |found: &mesh_compiler::diag::Diagnostic| format!("{} {}", found.code.id, found.message);
    compiled.diagnostics.iter().map(line).collect()
}

#[test]
fn a_service_on_the_machines_of_another_selects_them_and_runs_as_they_do() {
    let mesh = common::compile_text(TWO_ON_ONE);
    let services = objects(&mesh, "Service");
    assert_eq!(
        named(&services, "billing")["spec"]["selector"],
        json!({ "app": "cart", "role": "vm" })
    );
    let billing = mesh.service("shop", "billing").unwrap();
    assert_eq!(billing.account, "machines");
    let accounts: Vec<_> = objects(&mesh, "ServiceAccount")
        .iter()
        .map(|account| account["metadata"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(accounts, ["batch", "machines"]);
    let entries = objects(&mesh, "WorkloadEntry");
    assert_eq!(entries.len(), 3);
    // Both services name a port `http`: the entry must not turn callers of one to the other's.
    assert_eq!(
        named(&entries, "cart-1")["spec"]["ports"],
        json!({ "http-8080": 8080, "http-9090": 9090, "tcp-mysql": 3306 })
    );
}

#[test]
fn a_machine_listens_for_all_of_its_services_and_is_an_endpoint_of_each() {
    let mesh = common::compile_text(TWO_ON_ONE);
    let vm = |name: &str| WorkloadRef::Vm {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
    };
    let own = snapshot::of(&mesh, &vm("cart-1"), &snapshot::Options::default()).unwrap();
    let ports: Vec<_> = own.inbound.iter().map(|listener| listener.port).collect();
    assert_eq!(ports, [Some(3306), Some(8080), Some(9090), None]);
    let caller = snapshot::of(&mesh, &vm("batch-1"), &snapshot::Options::default()).unwrap();
    assert_eq!(
        caller
            .inbound
            .iter()
            .map(|listener| listener.port)
            .collect::<Vec<_>>(),
        [None],
        "a machine that only calls declares no port"
    );
    let cluster = &caller.clusters["outbound|80||billing.shop.svc.cluster.local"];
    let endpoints: Vec<_> = cluster
        .endpoints
        .iter()
        .flat_map(|place| &place.endpoints)
        .map(|endpoint| (endpoint.address.as_str(), endpoint.port, endpoint.weight))
        .collect();
    assert_eq!(endpoints, [("10.0.0.2", 9090, 5), ("10.0.0.1", 9090, 3)]);
}

#[test]
fn a_group_says_to_istio_what_the_spec_says_and_no_more() {
    let mesh = common::compile_text(TWO_ON_ONE);
    let groups = objects(&mesh, "WorkloadGroup");
    assert_eq!(
        named(&groups, "cart")["spec"],
        json!({
            "metadata": {
                "labels": { "app": "cart", "role": "vm" },
                "annotations": {
                    "example.com/team": "shop",
                    "proxy.istio.io/config": "proxyMetadata:\n  SECRET_TTL: 12h\n",
                },
            },
            "template": {
                "serviceAccount": "machines",
                "network": "vm",
                "ports": { "http-8080": 8080, "http-9090": 9090, "tcp-mysql": 3306 },
                "locality": "r/z",
                "weight": 3,
            },
            "probe": {
                "httpGet": {
                    "path": "/health",
                    "port": 8080,
                    "httpHeaders": [{ "name": "x-probe", "value": "meshc" }],
                },
                "periodSeconds": 7,
            },
        })
    );
    let entries = objects(&mesh, "WorkloadEntry");
    let one = &named(&entries, "cart-1")["spec"];
    assert_eq!(one["labels"]["app.kubernetes.io/instance"], "i-0abc");
    assert_eq!((&one["weight"], &one["locality"]), (&json!(3), &json!("r/z")));
    let two = &named(&entries, "cart-2")["spec"];
    assert_eq!((&two["weight"], &two["locality"]), (&json!(5), &json!("r/y")));
    assert_eq!(
        named(&groups, "batch")["spec"]["metadata"],
        Value::Null,
        "it has no labels"
    );
}

#[test]
fn machines_that_register_themselves_have_no_entries() {
    let mesh = common::compile_text(
        r#"mesh m
network vm
cluster c
namespace shop {
    service cart {
        port 8080 http
        vms engine=envoy registration=auto { vm cart-1 address="10.0.0.1" }
    }
}
"#,
    );
    assert_eq!(objects(&mesh, "WorkloadGroup").len(), 1);
    assert_eq!(objects(&mesh, "WorkloadEntry").len(), 0);
}

#[test]
fn what_machines_cannot_be_is_said_once_and_all_in_one_run() {
    let cart = r#"service cart { port 8080 http; vms { vm cart-1 address="10.0.0.1" } }"#;
    let with = |more: &str| complaints(&format!("{cart}\n{more}"));
    assert_eq!(
        with("service billing { port 80 http; on crat }"),
        ["MC-L007 there is no group of VMs `crat` in `shop`"]
    );
    assert_eq!(
        with("service billing account=other { port 80 http; on cart }"),
        ["MC-L010 `account=` and `on` exclude each other"]
    );
    assert_eq!(
        with("service billing { port 8080 tcp; on cart }"),
        ["MC-C012 port 8080 of the machines speaks `http` for one service and `tcp` for another"]
    );
    assert_eq!(
        with("service billing { port 80 http; pods; on cart }"),
        ["MC-T017 `billing` selects app=billing, and the machines of `cart` are not labelled so"]
    );
    assert_eq!(complaints("vms batch"), ["MC-L005 `vms` needs a `vm`"]);
    assert_eq!(
        complaints(r#"vms b engine=envoy registration=auto { vm x address="10.0.0.1" weight=2 }"#),
        ["MC-L010 `weight=` of one machine and `registration=auto` exclude each other"]
    );
    assert_eq!(
        complaints(
            r#"vms b {
                vm x address="10.0.0.1" instance-id=i-1
                vm y address="10.0.0.2" instance-id=i-1
                health tcp=80 path="/x" { header h "v" }
                port http 80
            }"#
        ),
        [
            "MC-L006 instance `i-1` is declared twice",
            "MC-L010 `path=` is asked by HTTP only",
            "MC-L010 `header` is asked by HTTP only",
        ]
    );
}

#[test]
fn machines_are_set_up_as_the_spec_says_and_by_files_that_go_with_the_mesh() {
    let mesh = common::compile_text(
        r#"mesh m
network vm
cluster c
namespace shop {
    vms a {
        tune {
            sysctl net.core.somaxconn 4096
            limit nofile=65536 memory="128MiB" cpu="50%" tasks=64
            after "mysql.service"
            before "app.service"
        }
        vm a-1 address="10.0.0.1"
    }
    vms b { vm b-1 address="10.0.0.2" }
}
"#,
    );
    let files = output(&mesh);
    let file =
        |path: &str| String::from_utf8(files[&format!("groups/a/rootfs{path}")].bytes.clone()).unwrap();
    assert_eq!(file("/etc/sysctl.d/50-meshd.conf"), "net/core/somaxconn = 4096\n");
    assert_eq!(
        file("/etc/systemd/system/meshd.service.d/50-tune.conf"),
        "[Unit]\nAfter=mysql.service\nBefore=app.service\n\n[Service]\nLimitNOFILE=65536\nMemoryMax=134217728\n\
         CPUQuota=50%\nTasksMax=64\n"
    );
    assert_eq!(
        file("/etc/systemd/system/meshd-capture.service.d/50-tune.conf"),
        "[Unit]\nBefore=app.service\n"
    );
    let bundle = |vm: &str| -> Value {
        serde_json::from_slice(&files[&format!("vms/{vm}/bundle.json")].bytes).unwrap()
    };
    assert_eq!(bundle("a-1")["units"][0]["name"], "meshd-sysctl.service");
    assert_eq!(bundle("b-1")["units"][0]["name"], "meshd.socket");
    assert!(
        files
            .keys()
            .all(|path| !path.starts_with("groups/b/rootfs/etc/sysctl.d"))
    );
}

#[test]
fn what_machines_cannot_be_set_to_is_said() {
    let with = |tune: &str| {
        complaints(&format!(
            "vms a {{ tune {{ {tune} }}; vm a-1 address=\"10.0.0.1\" }}"
        ))
    };
    assert!(
        with("sysctl somaxconn 1")[0].starts_with("MC-L004 `name`: expected the name of a kernel's setting")
    );
    assert!(with("after \"mysql\"")[0].starts_with("MC-L004 `unit`: expected a unit of systemd"));
    assert!(with("limit memory=\"1MB\"")[0].starts_with("MC-L004 `memory`: expected an amount of memory"));
    assert_eq!(
        with("limit memory=\"8MiB\""),
        ["MC-V021 with so little memory, the kernel ends meshd again and again"]
    );
}

const ELASTIC: &str = r#"
    elastic package="https://example.com/istio-sidecar.deb" root-cert="/etc/root.pem" token-command="print-token" \
        sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"#;

#[test]
fn machines_that_an_autoscaler_starts_are_not_listed_and_join_with_a_token() {
    let group = |head: &str, more: &str| complaints(&format!("vms a {head} {{ {ELASTIC}\n{more} }}"));
    assert_eq!(group("engine=envoy registration=auto", ""), [""; 0]);
    assert!(group("", "")[0].starts_with("MC-V017 meshd has no identity"));
    assert_eq!(
        group("engine=envoy", ""),
        ["MC-L010 nobody knows the addresses of these machines before they start"]
    );
    assert_eq!(
        group("engine=envoy registration=auto", r#"vm a-1 address="10.0.0.1""#),
        ["MC-L010 `vm` and `elastic` exclude each other"]
    );
    let without = ELASTIC.replace("token-command=\"print-token\"", "");
    assert_eq!(
        complaints(&format!("vms a engine=envoy registration=auto {{ {without} }}")),
        ["MC-L005 nothing yields a token to join with"]
    );
}
