use mesh_wire::telemetry::{MetricChange, MetricEdit, Side, TraceTag, istio_fields};
use serde_json::{Map, Value, json};

use crate::emit::document::Object;
use crate::emit::snapshot::SYSTEM_NAMESPACE;
use crate::model::{Log, LogForm, Mesh, Provider, Service, Telemetry, Tracing};

const API: &str = "telemetry.istio.io/v1";

/// The provider that every istiod has: it writes to standard output in the form of MeshConfig.
const BUILT_IN_LOG: &str = "envoy";

/// The Telemetry of the whole mesh.
pub(super) fn of_mesh(mesh: &Mesh) -> Option<Value> {
    object(
        mesh,
        &mesh.telemetry,
        SYSTEM_NAMESPACE,
        "mesh-default",
        &json!({}),
    )
}

/// The Telemetry of a namespace.
pub(super) fn of_namespace(mesh: &Mesh, namespace: &str) -> Option<Value> {
    let own = &mesh.namespaces.get(namespace)?.telemetry;
    object(mesh, own, namespace, "default", &json!({}))
}

/// The Telemetry of the workloads of a service.
pub(super) fn of_service(mesh: &Mesh, service: &Service) -> Option<Value> {
    let selector = json!({ "matchLabels": service.selector });
    object(
        mesh,
        &service.telemetry,
        &service.namespace,
        &service.name,
        &selector,
    )
}

fn object(mesh: &Mesh, said: &Telemetry, namespace: &str, name: &str, selector: &Value) -> Option<Value> {
    if said.is_empty() {
        return None;
    }
    let object = Object {
        api: API,
        kind: "Telemetry",
        namespace: Some(namespace),
        name,
    };
    Some(object.spec(json!({
        "selector": selector,
        "metrics": metrics(said),
        "accessLogging": said.access_log.iter().map(|log| access_log(mesh, log)).collect::<Vec<_>>(),
        "tracing": said.tracing.iter().map(tracing).collect::<Vec<_>>(),
    })))
}

fn metrics(said: &Telemetry) -> Vec<Value> {
    if said.metrics.is_none() && said.metric_edits.is_empty() {
        return Vec::new();
    }
    let none = (said.metrics == Some(false))
        .then(|| json!({ "match": { "metric": "ALL_METRICS" }, "disabled": true }));
    let overrides: Vec<_> = said.metric_edits.iter().map(edit).chain(none).collect();
    vec![json!({ "providers": [{ "name": "prometheus" }], "overrides": overrides })]
}

fn edit(edit: &MetricEdit) -> Value {
    let tag = match &edit.change {
        MetricChange::Drop => None,
        MetricChange::DropTag(name) => Some((name, json!({ "operation": "REMOVE" }))),
        MetricChange::Tag { name, value } => Some((name, json!({ "operation": "UPSERT", "value": value }))),
    };
    let tags: Map<_, _> = tag
        .into_iter()
        .map(|(name, value)| (name.clone(), value))
        .collect();
    json!({
        "match": {
            "metric": edit.metric.as_deref().unwrap_or("ALL_METRICS"),
            "mode": edit.at.map(mode),
        },
        "disabled": (edit.change == MetricChange::Drop).then_some(true),
        "tagOverrides": tags,
    })
}

const fn mode(side: Side) -> &'static str {
    match side {
        Side::Client => "CLIENT",
        Side::Server => "SERVER",
    }
}

fn access_log(mesh: &Mesh, log: &Log) -> Value {
    let match_ = json!({ "mode": log.at.map(mode) });
    if log.form.is_none() {
        return json!({ "match": match_, "disabled": true });
    }
    let (name, _) = log_provider(mesh, log);
    json!({
        "match": match_,
        "providers": [{ "name": name }],
        "filter": { "expression": log.filter },
    })
}

fn tracing(said: &Tracing) -> Value {
    let tags: Map<_, _> = said
        .tags
        .iter()
        .map(|(name, tag)| (name.clone(), trace_tag(tag)))
        .collect();
    let provider = said
        .provider
        .as_ref()
        .map(|provider| json!([{ "name": provider_name(provider) }]));
    json!({
        "providers": provider,
        "randomSamplingPercentage": said.sampling.map(|share| f64::from(share.0) / 10_000.0),
        "disableSpanReporting": said.on.map(|on| !on),
        "customTags": tags,
    })
}

fn trace_tag(tag: &TraceTag) -> Value {
    match tag {
        TraceTag::Literal(value) => json!({ "literal": { "value": value } }),
        TraceTag::Header { name, default } => json!({ "header": { "name": name, "defaultValue": default } }),
        TraceTag::Environment { name, default } => {
            json!({ "environment": { "name": name, "defaultValue": default } })
        }
    }
}

/// The `extensionProviders` of MeshConfig that the Telemetry objects of the mesh name, by their names.
pub(in crate::emit) fn providers(mesh: &Mesh) -> Vec<Value> {
    let namespaces = mesh.namespaces.values().map(|namespace| &namespace.telemetry);
    let services = mesh.services.iter().map(|service| &service.telemetry);
    let mut all = Map::new();
    for said in std::iter::once(&mesh.telemetry).chain(namespaces).chain(services) {
        let log = said.access_log.as_ref().filter(|log| log.form.is_some());
        if let Some((name, Some(body))) = log.map(|log| log_provider(mesh, log)) {
            all.insert(name, body);
        }
        if let Some(provider) = said
            .tracing
            .as_ref()
            .and_then(|tracing| tracing.provider.as_ref())
        {
            let kind = if provider.otlp { "opentelemetry" } else { "zipkin" };
            all.insert(provider_name(provider), json!({ kind: service(provider) }));
        }
    }
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all.into_iter()
        .map(|(name, mut body)| {
            body["name"] = json!(name);
            body
        })
        .collect()
}

/// Two of one kind differ in where they are.
fn provider_name(provider: &Provider) -> String {
    let kind = if provider.otlp { "otlp" } else { "zipkin" };
    format!("{kind}:{}:{}", provider.collector.host, provider.collector.port)
}

fn service(provider: &Provider) -> Value {
    let collector = &provider.collector;
    json!({ "service": format!("{}/{}", collector.namespace, collector.host), "port": collector.port })
}

/// The provider of a log, and what is to be said of it where it is not the built-in one.
fn log_provider(mesh: &Mesh, log: &Log) -> (String, Option<Value>) {
    if let Some(collector) = &log.collector {
        let format = match &log.form {
            // Without labels a record would have a line and nothing else.
            Some(LogForm::Json(fields)) if fields.is_empty() => json!({ "labels": istio_fields() }),
            Some(LogForm::Json(fields)) => json!({ "labels": fields }),
            Some(LogForm::Text(Some(line))) => json!({ "text": line }),
            _ => Value::Null,
        };
        let service = format!("{}/{}", collector.namespace, collector.host);
        let mut body = json!({ "service": service, "port": collector.port });
        let mut name = format!("access-log:{}:{}", collector.host, collector.port);
        if !format.is_null() {
            name = format!("{name}:{}", digest(&format));
            body["logFormat"] = format;
        }
        return (name, Some(json!({ "envoyOtelAls": body })));
    }
    let is_built_in = log.file.is_none()
        && match &log.form {
            Some(LogForm::Json(fields)) => fields.is_empty() && encodes_json(mesh),
            Some(LogForm::Text(line)) => line.is_none() && !encodes_json(mesh),
            None => true,
        };
    if is_built_in {
        return (BUILT_IN_LOG.to_owned(), None);
    }
    let format = match &log.form {
        // Without labels it is Istio's own object.
        Some(LogForm::Json(fields)) => json!({ "labels": fields }),
        Some(LogForm::Text(Some(line))) => json!({ "text": line }),
        _ => Value::Null,
    };
    let path = log.file.as_deref().unwrap_or("/dev/stdout");
    let mut body = json!({ "path": path });
    if !format.is_null() {
        body["logFormat"] = format;
    }
    let name = format!("access-log:{}", digest(&body));
    (name, Some(json!({ "envoyFileAccessLog": body })))
}

/// MeshConfig says JSON for the built-in provider: the mesh's own log is one of Istio's objects.
pub(in crate::emit) fn encodes_json(mesh: &Mesh) -> bool {
    let log = mesh.telemetry.access_log.as_ref();
    matches!(log.and_then(|log| log.form.as_ref()), Some(LogForm::Json(_)))
}

/// A short name for what is said.
fn digest(value: &Value) -> String {
    mesh_wire::Sha256::of(value.to_string().as_bytes())
        .short()
        .to_owned()
}
