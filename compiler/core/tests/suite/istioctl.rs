//! The files for Istio's own agent, held against what `istioctl x workload entry configure` wrote.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common;
use crate::common::{read, reference};
use mesh_compiler::emit::vm::envoy::{Address, Files, Surroundings, WorkloadGroup, configure};
use mesh_compiler::emit::{self};
use mesh_wire::Sha256;
use serde_json::{Value, json};

/// A WorkloadGroup as somebody wrote it.
fn workload_group(object: &Value) -> WorkloadGroup {
    let text = |at: &str| {
        object
            .pointer(at)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let map = |at: &str| -> BTreeMap<String, Value> {
        let found = object.pointer(at).and_then(Value::as_object);
        found
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let texts = |at: &str| -> BTreeMap<String, String> {
        map(at)
            .into_iter()
            .map(|(key, value)| (key, value.as_str().unwrap().to_owned()))
            .collect()
    };
    let mut labels = texts("/spec/metadata/labels");
    labels.extend(texts("/spec/template/labels"));
    let configs = ["/metadata/annotations", "/spec/metadata/annotations"];
    WorkloadGroup {
        name: text("/metadata/name"),
        namespace: text("/metadata/namespace"),
        proxy_configs: configs
            .iter()
            .filter_map(|at| texts(at).remove("proxy.istio.io/config"))
            .collect(),
        labels,
        ports: map("/spec/template/ports")
            .into_iter()
            .map(|(name, port)| (name, u16::try_from(port.as_u64().unwrap()).unwrap()))
            .collect(),
        account: match text("/spec/template/serviceAccount") {
            none if none.is_empty() => "default".to_owned(),
            account => account,
        },
        network: text("/spec/template/network"),
        probe: object.pointer("/spec/probe").cloned(),
        capture: BTreeMap::new(),
    }
}

/// The value of a line `NAME='VALUE'`.
fn variable(env: &str, name: &str) -> Option<String> {
    let line = env
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}=")))?;
    Some(line.trim_matches('\'').to_owned())
}

/// The flags that a case was made with are not kept: what they say stands in single lines of its result.
fn flags(folder: &Path, env: &str) -> Surroundings {
    let revision = variable(env, "CA_ADDR").map(|address| {
        let host = address.split('.').next().unwrap().to_owned();
        host.trim_start_matches("istiod-").to_owned()
    });
    let hosts = read(&folder.join("hosts.golden"));
    let address = variable(env, "ISTIO_SVC_IP").map(|address| address.parse().unwrap());
    let external = variable(env, "REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION").is_some();
    let mesh_config = folder.join("meshconfig.yaml");
    Surroundings {
        mesh_config: if mesh_config.exists() {
            serde_yaml::from_str(&read(&mesh_config)).unwrap()
        } else {
            json!({ "defaultConfig": {} })
        },
        revision,
        system_namespace: "istio-system".to_owned(),
        cluster: variable(env, "ISTIO_META_CLUSTER_ID").unwrap_or_default(),
        address: address.map(|address| {
            if external {
                Address::External(address)
            } else {
                Address::Internal(address)
            }
        }),
        gateway: hosts.split(' ').next().and_then(|address| address.parse().ok()),
        auto_register: variable(env, "ISTIO_META_AUTO_REGISTER_GROUP").is_some(),
        dns_capture: variable(env, "ISTIO_META_DNS_CAPTURE").is_some(),
    }
}

#[test]
fn files_are_those_of_istioctl_to_the_byte() {
    let Some(all) = reference("istioctl-vm") else {
        return;
    };
    let folders = std::fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path());
    let mut cases = 0;
    for folder in folders.filter(|path| path.is_dir()) {
        let golden = |name: &str| read(&folder.join(format!("{name}.golden")));
        let object: Value = serde_yaml::from_str(&read(&folder.join("workloadgroup.yaml"))).unwrap();
        let env = golden("cluster.env");
        let files = configure(&workload_group(&object), &flags(&folder, &env)).unwrap();
        assert_eq!(files.cluster_env, env, "{}", folder.display());
        assert_eq!(files.mesh_yaml, golden("mesh.yaml"), "{}", folder.display());
        assert_eq!(files.hosts, golden("hosts"), "{}", folder.display());
        cases += 1;
    }
    assert!(cases > 0, "the reference has cases");
}

fn plain(cluster: &str) -> Surroundings {
    Surroundings {
        mesh_config: json!({}),
        revision: None,
        system_namespace: "istio-system".to_owned(),
        cluster: cluster.to_owned(),
        address: None,
        gateway: None,
        auto_register: false,
        dns_capture: false,
    }
}

#[test]
fn without_anything_given_there_is_what_follows_from_the_group() {
    let group = WorkloadGroup {
        name: "batch".to_owned(),
        namespace: "shop".to_owned(),
        account: "default".to_owned(),
        ..WorkloadGroup::default()
    };
    let Files {
        cluster_env,
        mesh_yaml,
        hosts,
    } = configure(&group, &plain("Kubernetes")).unwrap();
    assert!(!cluster_env.contains("ISTIO_SVC_IP") && !cluster_env.contains("CA_ADDR"));
    assert!(cluster_env.contains("ISTIO_INBOUND_PORTS='*'\n"), "{cluster_env}");
    assert!(
        mesh_yaml.starts_with("defaultConfig:\n  proxyMetadata:\n"),
        "{mesh_yaml}"
    );
    assert!(!mesh_yaml.contains("readinessProbe"));
    assert_eq!(hosts, "");
}

#[test]
fn ports_labels_and_flags_have_their_lines() {
    let mut group = WorkloadGroup {
        name: "cart".to_owned(),
        namespace: "shop".to_owned(),
        account: "cart".to_owned(),
        network: "vm".to_owned(),
        ..WorkloadGroup::default()
    };
    group.ports.insert("http".to_owned(), 8080);
    group.ports.insert("metrics".to_owned(), 9090);
    group.labels.insert("app".to_owned(), "store".to_owned());
    group.labels.insert("version".to_owned(), "v2".to_owned());
    group.probe = Some(json!({ "exec": { "command": ["cat", "/tmp/it's"] }, "initialDelaySeconds": 0 }));
    let around = Surroundings {
        mesh_config: json!({
            "trustDomain": "corp.example",
            "defaultConfig": { "meshId": "m", "statusPort": 15999, "concurrency": 0, "tracing": {} },
        }),
        revision: Some("default".to_owned()),
        address: Some(Address::External("2001:db8::1".parse().unwrap())),
        auto_register: true,
        dns_capture: true,
        gateway: Some("2001:db8::2".parse().unwrap()),
        ..plain("seoul")
    };
    let files = configure(&group, &around).unwrap();
    let env = [
        ("ISTIO_INBOUND_PORTS", "8080,9090"),
        ("ISTIO_LOCAL_EXCLUDE_PORTS", "22,15090,15021,15999"),
        ("ISTIO_META_AUTO_REGISTER_GROUP", "cart"),
        ("ISTIO_META_CLUSTER_ID", "seoul"),
        ("ISTIO_META_MESH_ID", "m"),
        ("ISTIO_META_NETWORK", "vm"),
        ("ISTIO_SVC_IP", "2001:db8::1"),
        ("REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION", "true"),
        ("TRUST_DOMAIN", "corp.example"),
        ("CANONICAL_SERVICE", "store"),
        ("CANONICAL_REVISION", "v2"),
        (
            "ISTIO_META_POD_PORTS",
            r#"[{"name":"http","containerPort":8080,"protocol":""},{"name":"metrics","containerPort":9090,"protocol":""}]"#,
        ),
        (
            "ISTIO_METAJSON_LABELS",
            r#"{"app":"store","service.istio.io/canonical-name":"store","service.istio.io/canonical-revision":"v2","version":"v2"}"#,
        ),
    ];
    for (name, value) in env {
        assert_eq!(
            variable(&files.cluster_env, name).as_deref(),
            Some(value),
            "{name}"
        );
    }
    assert!(!files.cluster_env.contains("CA_ADDR"), "`default` is no revision");
    assert_eq!(files.hosts, "2001:db8::2 istiod.istio-system.svc\n");
    // What is at its default is left out, unless it is wrapped or a message.
    assert!(
        files
            .mesh_yaml
            .starts_with("defaultConfig:\n  concurrency: 0\n  meshId: m\n")
    );
    assert!(
        files.mesh_yaml.ends_with(
            "  readinessProbe:\n    exec:\n      command:\n      - cat\n      - /tmp/it's\n  statusPort: 15999\n  tracing: {}\n"
        ),
        "{}",
        files.mesh_yaml
    );
}

#[test]
fn an_annotation_that_is_no_settings_is_refused() {
    let group = WorkloadGroup {
        proxy_configs: vec!["- a".to_owned()],
        ..WorkloadGroup::default()
    };
    let error = configure(&group, &plain("c")).unwrap_err();
    assert!(error.to_string().contains("proxy.istio.io/config"), "{error}");
}

#[test]
fn a_spec_says_everything_that_istioctl_is_told() {
    let mesh = common::compile_text(
        r#"mesh mesh1 {
    trust-domain cluster.local
    istio revision=rev-1
    proxy { metadata CLUSTER_VALUE "a"; metadata BOTH "mesh" }
}
network kube
network vm
cluster Kubernetes network=kube { gateway address="gw.example.com,10.10.10.11" }
namespace bar {
    vms foo account=vm-serviceaccount engine=envoy network=vm {
        proxy { metadata BOTH "group" }
        health http=8080
        port app 8080
        vm foo-1 address="10.10.10.10"
    }
}
"#,
    );
    let options = emit::Options {
        spec: Sha256::of(b""),
        credentials: BTreeMap::new(),
    };
    let output = emit::emit(&mesh, &options);
    let file =
        |name: &str| String::from_utf8(output[&format!("vms/foo-1/istio/{name}")].bytes.clone()).unwrap();
    assert_eq!(
        file("cluster.env"),
        r#"BOTH='group'
CANONICAL_REVISION='latest'
CANONICAL_SERVICE='foo'
CA_ADDR='istiod-rev-1.istio-system.svc:15012'
CLUSTER_VALUE='a'
ISTIO_INBOUND_PORTS='8080'
ISTIO_LOCAL_EXCLUDE_PORTS='22,15090,15021,15020'
ISTIO_METAJSON_LABELS='{"service.istio.io/canonical-name":"foo","service.istio.io/canonical-revision":"latest"}'
ISTIO_META_CLUSTER_ID='Kubernetes'
ISTIO_META_DNS_CAPTURE='true'
ISTIO_META_MESH_ID='mesh1'
ISTIO_META_NETWORK='vm'
ISTIO_META_POD_PORTS='[{"name":"app","containerPort":8080,"protocol":""}]'
ISTIO_META_WORKLOAD_NAME='foo'
ISTIO_NAMESPACE='bar'
ISTIO_SERVICE='foo.bar'
ISTIO_SERVICE_CIDR='*'
ISTIO_SVC_IP='10.10.10.10'
POD_NAMESPACE='bar'
SERVICE_ACCOUNT='vm-serviceaccount'
TRUST_DOMAIN='cluster.local'
"#
    );
    assert_eq!(file("hosts"), "10.10.10.11 istiod-rev-1.istio-system.svc\n");
    assert!(file("mesh.yaml").starts_with(
        "defaultConfig:\n  discoveryAddress: istiod-rev-1.istio-system.svc:15012\n  meshId: mesh1\n  proxyMetadata:\n    BOTH: group\n"
    ));
    assert!(
        output
            .keys()
            .all(|path| !path.contains("foo") || !path.ends_with("bundle.json"))
    );
    assert!(
        output.keys().all(|path| !path.starts_with("groups/")),
        "nothing of meshd's"
    );
}
