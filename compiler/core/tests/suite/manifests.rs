//! The manifests, against the schemas of Istio's own CRDs.

use std::collections::{BTreeMap, BTreeSet};

use crate::common;
use mesh_compiler::emit::{self, Options, Output};
use mesh_wire::Sha256;
use serde::Deserialize;
use serde_json::Value;

/// `GROUP/VERSION KIND` -> schema.
type Schemas = BTreeMap<String, Value>;

#[test]
fn objects_of_istio_fit_their_schemas() {
    let Some(path) = common::reference("crds/istio-crds.yaml") else {
        return;
    };
    let schemas = schemas(&common::read(&path));
    let mut seen = BTreeSet::new();
    for (file, object) in ["canary", "forum", "jwt", "ports-mtls", "reference"]
        .iter()
        .flat_map(|example| objects(&build(example)))
    {
        let kind = format!("{} {}", text(&object, "apiVersion"), text(&object, "kind"));
        if !kind.contains(".istio.io/") {
            continue;
        }
        let schema = schemas
            .get(&kind)
            .unwrap_or_else(|| panic!("{file}: Istio has no {kind}"));
        let errors: Vec<_> = jsonschema::validator_for(schema)
            .unwrap()
            .iter_errors(&object)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{file}: {errors:#?} in {object:#}");
        let unknown = unknown_fields(schema, &object, "");
        assert!(unknown.is_empty(), "{file}: {kind} has no fields {unknown:?}");
        seen.insert(text(&object, "kind"));
    }
    let all = [
        "AuthorizationPolicy",
        "DestinationRule",
        "Gateway",
        "PeerAuthentication",
        "RequestAuthentication",
        "ServiceEntry",
        "Telemetry",
        "VirtualService",
        "WorkloadEntry",
        "WorkloadGroup",
    ];
    assert_eq!(seen, all.map(str::to_owned).into());
}

#[test]
fn a_field_that_istio_does_not_have_is_found() {
    let Some(path) = common::reference("crds/istio-crds.yaml") else {
        return;
    };
    let schemas = schemas(&common::read(&path));
    let schema = &schemas["networking.istio.io/v1 WorkloadEntry"];
    let entry = |spec| serde_json::json!({ "apiVersion": "networking.istio.io/v1", "kind": "WorkloadEntry", "spec": spec });
    let misspelt = entry(serde_json::json!({ "address": "10.0.0.1", "wieght": 1 }));
    assert_eq!(unknown_fields(schema, &misspelt, ""), ["/spec/wieght"]);
    let wrong = entry(serde_json::json!({ "address": "10.0.0.1", "weight": "much" }));
    assert!(!jsonschema::validator_for(schema).unwrap().is_valid(&wrong));
}

#[test]
fn objects_are_clean_for_server_side_apply() {
    for (file, object) in ["canary", "forum", "jwt", "ports-mtls", "reference"]
        .iter()
        .flat_map(|example| objects(&build(example)))
    {
        assert!(object.get("status").is_none(), "{file}: {object:#}");
        assert!(
            !says_nothing(&object),
            "{file}: a field is null or empty in {object:#}"
        );
        let metadata: Vec<_> = object["metadata"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let ours = ["name", "namespace", "labels", "annotations"];
        assert!(
            metadata.iter().all(|key| ours.contains(key)),
            "{file}: {metadata:?}"
        );
    }
}

const OWN_NAMES: &str = r#"
mesh own { telemetry { access-log json } }
network kube
network vm cidr="10.10.0.0/24"
cluster main network=kube { gateway address="203.0.113.10" port=16443 }
namespace shop {
    service cart host="cart.legacy.internal" {
        port 80 http
        pods
        vms network=vm { vm cart-1 address="10.10.0.5" }
    }
}
"#;

/// What the charts of Istio do not do by themselves (`manifests/charts/gateway/templates/service.yaml`).
#[test]
fn hosts_and_ports_of_their_own_are_let_through() {
    let mesh = common::compile_text(OWN_NAMES);
    let output = emit::emit(
        &mesh,
        &Options {
            spec: Sha256::of(b""),
            credentials: BTreeMap::new(),
        },
    );
    let (_, gateway) = objects(&output)
        .into_iter()
        .find(|(_, object)| object["metadata"]["name"] == "cross-network-gateway")
        .unwrap();
    let server = &gateway["spec"]["servers"][0];
    assert_eq!(server["port"]["number"], 16443);
    assert_eq!(
        server["hosts"],
        serde_json::json!(["*.local", "cart.legacy.internal"])
    );
    let values = |name: &str| {
        let bytes = &output[&format!("kubernetes/main/{name}.values.yaml")].bytes;
        serde_yaml::from_slice::<Value>(bytes).unwrap()
    };
    let gateway = values("eastwest-gateway");
    assert!(
        gateway.get("networkGateway").is_none(),
        "with it the chart opens 15443 alone"
    );
    assert_eq!(gateway["labels"]["topology.istio.io/network"], "kube");
    assert_eq!(gateway["env"]["ISTIO_META_REQUESTED_NETWORK_VIEW"], "kube");
    assert_eq!(gateway["service"]["ports"][1]["port"], 16443);
    let mesh = &values("istiod")["meshConfig"];
    assert_eq!(mesh["accessLogEncoding"], "JSON");
    assert_eq!(
        mesh["defaultConfig"]["proxyMetadata"]["ISTIO_META_DNS_CAPTURE"],
        "true"
    );
}

#[test]
fn nothing_is_used_before_it_is_there() {
    let mut namespaces = BTreeSet::new();
    let output = build("reference");
    for (file, object) in objects(&output) {
        if text(&object, "kind") == "Namespace" {
            namespaces.insert(text(&object["metadata"], "name"));
        } else {
            let namespace = text(&object["metadata"], "namespace");
            assert!(namespaces.contains(&namespace), "{file}: {namespace} comes later");
        }
    }
    let listed = String::from_utf8(output["kubernetes/Kubernetes/kustomization.yaml"].bytes.clone()).unwrap();
    let files: BTreeSet<_> = objects(&output).into_iter().map(|(file, _)| file).collect();
    for file in files {
        assert!(
            listed.contains(file.rsplit('/').next().unwrap()),
            "{file} is not in the kustomization"
        );
    }
}

#[test]
fn equal_meshes_give_equal_bytes() {
    assert!(build("forum") == build("forum"));
    assert!(build("reference") == build("reference"));
}

fn build(example: &str) -> Output {
    let options = Options {
        spec: Sha256::of(b""),
        credentials: BTreeMap::new(),
    };
    emit::emit(&common::example(example), &options)
}

/// All objects and the files that they are in, in the order of kustomization.
fn objects(output: &Output) -> Vec<(String, Value)> {
    let manifest = |path: &str| {
        path.starts_with("kubernetes/")
            && !path.ends_with(".values.yaml")
            && !path.ends_with("kustomization.yaml")
    };
    let files = output.iter().filter(|(path, _)| manifest(path));
    let texts = files.map(|(path, file)| (path, String::from_utf8(file.bytes.clone()).unwrap()));
    texts
        .flat_map(|(path, text)| documents(&text).into_iter().map(|value| (path.clone(), value)))
        .collect()
}

fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

fn schemas(crds: &str) -> Schemas {
    let mut all = Schemas::new();
    for crd in documents(crds)
        .iter()
        .filter(|document| document["kind"] == "CustomResourceDefinition")
    {
        let (group, kind) = (text(&crd["spec"], "group"), text(&crd["spec"]["names"], "kind"));
        for version in crd["spec"]["versions"].as_array().unwrap() {
            let schema = version["schema"]["openAPIV3Schema"].clone();
            all.insert(format!("{group}/{} {kind}", text(version, "name")), schema);
        }
    }
    all
}

/// Paths of fields that the schema does not have: the API server would drop them without a word.
fn unknown_fields(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    if schema["x-kubernetes-preserve-unknown-fields"] == Value::Bool(true) {
        return Vec::new();
    }
    match value {
        Value::Array(items) => items
            .iter()
            .flat_map(|item| unknown_fields(&schema["items"], item, path))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| field(schema, key, value, path))
            .collect(),
        _ => Vec::new(),
    }
}

fn field(schema: &Value, key: &str, value: &Value, path: &str) -> Vec<String> {
    let path = format!("{path}/{key}");
    let of_every_object = ["/apiVersion", "/kind", "/metadata"];
    if of_every_object.contains(&path.as_str()) {
        return Vec::new();
    }
    match (schema["properties"].get(key), schema.get("additionalProperties")) {
        (Some(inner), _) => unknown_fields(inner, value, &path),
        (None, Some(inner)) if inner != &Value::Bool(false) => unknown_fields(inner, value, &path),
        _ => vec![path],
    }
}

/// Something in `value` is null, an empty list or an empty object.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty() || items.iter().any(says_nothing),
        Value::Object(fields) => fields.is_empty() || fields.values().any(says_nothing),
        _ => false,
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
