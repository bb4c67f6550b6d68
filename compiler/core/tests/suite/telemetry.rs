//! What is counted, written down and traced, said once and meant by istiod and by the VMs.

use std::collections::BTreeMap;

use crate::common;
use mesh_compiler::emit::{self, snapshot};
use mesh_compiler::model::{Mesh, WorkloadRef};
use mesh_wire::route::PerMillion;
use mesh_wire::snapshot::{AccessLog, TracingProvider};
use mesh_wire::telemetry::{MetricChange, Side, TraceTag, istio_fields};
use mesh_wire::{Sha256, Telemetry};
use serde::Deserialize;
use serde_json::{Value, json};

const SPEC: &str = r#"
mesh shop {
    telemetry {
        metrics prometheus {
            drop request-size at=client
            drop-tag destination_principal
        }
        access-log json { filter "response.code >= 400" }
        tracing otlp="collector.ops:4317" sampling="0.5%" { tag tier value=front }
    }
}
network kube
cluster main network=kube { gateway address="203.0.113.10" }
namespace ops { service collector { port 4317 grpc } }
namespace shop {
    telemetry { access-log text at=server { format "%START_TIME%" } }
    service cart {
        port 8080 http
        telemetry {
            metrics prometheus { tag request_host value="request.host" metric=requests at=server }
            access-log none
            tracing sampling="100%" { tag tenant header=x-tenant default=nobody }
        }
        vms network=kube { health tcp=8080; vm cart-1 address="10.0.0.1" }
    }
    service stock {
        port 5432 tcp
        vms network=kube { health tcp=5432; vm stock-1 address="10.0.0.2" }
    }
}
"#;

#[test]
fn a_vm_is_told_what_holds_where_it_stands() {
    let mesh = common::compile_text(SPEC);
    let stock = told(&mesh, "stock-1");
    assert_eq!(
        stock.access_log,
        Some(AccessLog::Text(Some("%START_TIME%".to_owned())))
    );
    assert_eq!(
        (stock.access_log_options.at, &stock.access_log_options.filter),
        (Some(Side::Server), &None)
    );
    let tracing = stock.tracing.unwrap();
    assert_eq!(tracing.cluster, "outbound|4317||collector.ops.svc.cluster.local");
    assert_eq!(
        (tracing.provider, tracing.sampling),
        (TracingProvider::Otlp, PerMillion(5000))
    );
    let cart = told(&mesh, "cart-1");
    assert_eq!(cart.access_log, None, "the nearest place counts");
    let tracing = cart.tracing.unwrap();
    assert_eq!(tracing.sampling, PerMillion(1_000_000));
    assert_eq!(tracing.tags["tier"], TraceTag::Literal("front".to_owned()));
    assert!(
        matches!(&tracing.tags["tenant"], TraceTag::Header { name, default: Some(_) } if name == "x-tenant")
    );
    let changes: Vec<_> = cart.metric_edits.iter().map(|edit| &edit.change).collect();
    assert!(
        changes.contains(&&MetricChange::Drop),
        "what the mesh drops stays dropped: {changes:?}"
    );
    assert_eq!(changes.len(), 3);
}

#[test]
fn istiod_is_told_the_same() {
    let mesh = common::compile_text(SPEC);
    let whole = object(&mesh, "10-istio-system", "mesh-default");
    assert_eq!(whole["accessLogging"][0]["providers"][0]["name"], "envoy");
    assert_eq!(
        whole["accessLogging"][0]["filter"]["expression"],
        "response.code >= 400"
    );
    assert_eq!(whole["tracing"][0]["randomSamplingPercentage"], 0.5);
    let overrides = whole["metrics"][0]["overrides"].as_array().unwrap();
    assert!(
        overrides
            .contains(&json!({ "match": { "metric": "REQUEST_SIZE", "mode": "CLIENT" }, "disabled": true }))
    );
    assert!(overrides.contains(&json!({
        "match": { "metric": "ALL_METRICS" },
        "tagOverrides": { "destination_principal": { "operation": "REMOVE" } },
    })));
    let cart = object(&mesh, "20-shop", "cart");
    assert_eq!(cart["selector"]["matchLabels"]["app"], "cart");
    assert_eq!(cart["accessLogging"], json!([{ "disabled": true }]));
    // Whatever a Telemetry names, MeshConfig has.
    let bytes = &output(&mesh)["kubernetes/main/istiod.values.yaml"];
    let values: Value = serde_yaml::from_str(bytes).unwrap();
    let providers = values["meshConfig"]["extensionProviders"].as_array().unwrap();
    let find = |name: &Value| providers.iter().find(|provider| &provider["name"] == name);
    let otlp = find(&whole["tracing"][0]["providers"][0]["name"]).unwrap();
    assert_eq!(
        otlp["opentelemetry"],
        json!({ "service": "ops/collector.ops.svc.cluster.local", "port": 4317 })
    );
    let namespace = object(&mesh, "20-shop", "default");
    let line = find(&namespace["accessLogging"][0]["providers"][0]["name"]).unwrap();
    assert_eq!(line["envoyFileAccessLog"]["logFormat"]["text"], "%START_TIME%");
    assert_eq!(values["meshConfig"]["accessLogEncoding"], "JSON");
}

#[test]
fn a_collector_gets_the_same_from_pods_and_from_vms() {
    let own = "field tenant \"%REQ(X-TENANT)%\"";
    for (said, form, labels) in [
        ("json", AccessLog::Json, json!(istio_fields())),
        (
            &format!("json {{ {own} }}"),
            AccessLog::Json,
            json!({ "tenant": "%REQ(X-TENANT)%" }),
        ),
        ("text", AccessLog::Text(None), Value::Null),
    ] {
        let (form_said, fields) = said.split_once(' ').unwrap_or((said, ""));
        let text = SPEC.replace(
            "access-log none",
            &format!("access-log {form_said} otlp=\"collector.ops:4317\" {fields}"),
        );
        let mesh = common::compile_text(&text);
        let cart = told(&mesh, "cart-1");
        assert_eq!(cart.access_log, Some(form));
        let options = cart.access_log_options;
        assert_eq!(
            options.cluster.unwrap(),
            "outbound|4317||collector.ops.svc.cluster.local"
        );
        assert_eq!(options.fields.len(), usize::from(!fields.is_empty()));
        let provider = &object(&mesh, "20-shop", "cart")["accessLogging"][0]["providers"][0]["name"];
        let values: Value =
            serde_yaml::from_str(&output(&mesh)["kubernetes/main/istiod.values.yaml"]).unwrap();
        let providers = values["meshConfig"]["extensionProviders"].as_array().unwrap();
        let named = providers.iter().find(|one| &one["name"] == provider).unwrap();
        assert_eq!(named["envoyOtelAls"]["logFormat"]["labels"], labels);
    }
}

#[test]
fn collectors_are_services_that_the_spec_has() {
    for (wrong, said) in [
        ("colector.ops:4317", "write \"collector.ops:4317\""),
        ("collector.ops:4318", "write one of its ports: `4317`"),
        ("collector.ops", "write it as \"NAME.NAMESPACE:PORT\""),
        ("jaeger.elsewhere:4317", "declare it"),
    ] {
        let text = SPEC.replace("collector.ops:4317", wrong);
        let found = common::diagnostics(&text);
        let [one] = found.as_slice() else {
            panic!("{wrong}: {found:#?}")
        };
        assert_eq!(one.code.id, "MC-L007");
        assert!(one.help.as_ref().unwrap().starts_with(said), "{wrong}: {one:?}");
    }
}

#[test]
fn what_excludes_itself_is_said_all_at_once() {
    let text = SPEC
        .replace(
            "access-log json {",
            "access-log json file=\"/var/log/a\" otlp=\"collector.ops:4317\" { format \"x\";",
        )
        .replace(
            "tag tier value=front",
            "tag tier value=front header=x-tier; tag empty",
        )
        .replace("access-log none", "access-log none { filter \"true\" }");
    let found = common::diagnostics(&text);
    let codes: Vec<_> = found.iter().map(|found| found.code.id).collect();
    assert_eq!(
        codes,
        ["MC-L010", "MC-L010", "MC-L010", "MC-L005", "MC-L010"],
        "{found:#?}"
    );
    let out_of_range = SPEC.replace("0.5%", "101%");
    assert_eq!(common::diagnostics(&out_of_range)[0].code.id, "MC-L004");
}

#[test]
fn what_watches_a_mesh_knows_its_machines() {
    let mesh = common::compile(&common::root().join("examples/multicluster/spec.kdl"));
    let output = output(&mesh);
    let objects = |path: &str| -> Vec<Value> {
        serde_yaml::Deserializer::from_str(&output[path])
            .map(|document| Value::deserialize(document).unwrap())
            .collect()
    };
    let [vms] = &objects("kubernetes/tokyo/observability/vms.yaml")[..] else {
        panic!("one group, one object")
    };
    assert_eq!(
        (&vms["kind"], &vms["apiVersion"]),
        (&json!("ScrapeConfig"), &json!("monitoring.coreos.com/v1alpha1"))
    );
    let targets: Vec<_> = vms["spec"]["staticConfigs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (group["targets"][0].clone(), group["labels"]["vm"].clone()))
        .collect();
    assert_eq!(
        targets,
        [
            (json!("10.10.0.11:15090"), json!("stock-1")),
            (json!("10.10.0.12:15090"), json!("stock-2"))
        ]
    );
    assert!(
        !output.contains_key("kubernetes/seoul/observability/vms.yaml"),
        "they belong to tokyo"
    );
    let kustomization = &objects("kubernetes/seoul/kustomization.yaml")[0];
    assert_eq!(kustomization["components"], json!(["observability"]));
    let component = &objects("kubernetes/seoul/observability/kustomization.yaml")[0];
    for file in component["resources"].as_array().unwrap() {
        objects(&format!(
            "kubernetes/seoul/observability/{}",
            file.as_str().unwrap()
        ));
    }
    let dashboards = &objects("kubernetes/seoul/observability/dashboards.yaml")[0];
    for dashboard in dashboards["data"].as_object().unwrap().values() {
        let dashboard: Value = serde_json::from_str(dashboard.as_str().unwrap()).unwrap();
        assert!(!dashboard["panels"].as_array().unwrap().is_empty());
    }
    let rules = &objects("kubernetes/seoul/observability/rules.yaml")[0];
    for group in rules["spec"]["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            assert!(
                rule["expr"].is_string() && rule["alert"].is_string() && rule["for"].is_string(),
                "{rule}"
            );
        }
    }
}

fn told(mesh: &Mesh, name: &str) -> Telemetry {
    let workload = WorkloadRef::Vm {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
    };
    let told = snapshot::of(mesh, &workload, &snapshot::Options::default()).unwrap();
    told.validate().unwrap();
    told.telemetry.unwrap()
}

fn output(mesh: &Mesh) -> BTreeMap<String, String> {
    let options = emit::Options {
        spec: Sha256::of(b""),
        credentials: BTreeMap::new(),
    };
    let texts = emit::emit(mesh, &options)
        .into_iter()
        .map(|(path, file)| (path, String::from_utf8(file.bytes.clone()).unwrap()));
    texts.collect()
}

/// The `spec` of the Telemetry `name`.
fn object(mesh: &Mesh, file: &str, name: &str) -> Value {
    let text = &output(mesh)[&format!("kubernetes/main/{file}.yaml")];
    let mut all =
        serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap());
    let found = all.find(|object| object["kind"] == "Telemetry" && object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("{text}"))["spec"].clone()
}
