//! What is counted, written down and traced. It is filled in when all services are known, since collectors are some.

use mesh_wire::route::PerMillion;
use mesh_wire::telemetry::{MetricChange, MetricEdit, Side, TraceTag};

use crate::diag::{Diagnostic, Sink, Spanned, code, did_you_mean, list};
use crate::model::{Collector, Log, LogForm, Mesh, Provider, Service, Telemetry, Tracing, Watch};
use crate::spec::decl::{
    AccessLogDecl, MetricEditDecl, NamespaceDecl, Spec, TelemetryDecl, TraceTagDecl, TracingDecl,
};
use crate::spec::istio_metric;

pub(super) fn fill(mesh: &mut Mesh, spec: &Spec, sink: &mut Sink) {
    if let Some(decl) = &spec.mesh {
        mesh.watch = watch(&decl.telemetry);
        mesh.telemetry = of(&decl.telemetry, mesh, sink);
    }
    for namespace in &spec.namespaces {
        of_namespace(mesh, namespace, sink);
    }
}

fn of_namespace(mesh: &mut Mesh, decl: &NamespaceDecl, sink: &mut Sink) {
    let name = &decl.name.value;
    let own = of(&decl.telemetry, mesh, sink);
    if let Some(namespace) = mesh.namespaces.get_mut(name).filter(|_| !own.is_empty()) {
        namespace.telemetry = own;
    }
    for service in &decl.services {
        let own = of(&service.telemetry, mesh, sink);
        if own.is_empty() {
            continue;
        }
        let mut all = mesh.services.iter_mut();
        if let Some(service) = all.find(|known| &known.namespace == name && known.name == service.name.value)
        {
            service.telemetry = own;
        }
    }
}

fn watch(decl: &TelemetryDecl) -> Watch {
    let metrics = decl.metrics.as_ref();
    let on = |word: &Option<Spanned<bool>>| word.as_ref().is_some_and(|word| word.value);
    Watch {
        prometheus: metrics.is_some_and(|metrics| metrics.form.value == "prometheus"),
        operator: metrics.is_some_and(|metrics| on(&metrics.operator)),
        dashboards: on(&decl.dashboards),
        alerts: on(&decl.alerts),
    }
}

fn of(decl: &TelemetryDecl, mesh: &Mesh, sink: &mut Sink) -> Telemetry {
    let metrics = decl.metrics.as_ref();
    let mut metric_edits: Vec<_> = metrics
        .iter()
        .flat_map(|metrics| &metrics.edits)
        .map(edit)
        .collect();
    metric_edits.sort_by_cached_key(|edit| format!("{edit:?}"));
    Telemetry {
        metrics: metrics.map(|metrics| metrics.form.value == "prometheus"),
        metric_edits,
        access_log: decl.access_log.as_ref().map(|log| access_log(log, mesh, sink)),
        tracing: decl.tracing.as_ref().map(|decl| tracing(decl, mesh, sink)),
    }
}

fn edit(decl: &MetricEditDecl) -> MetricEdit {
    let metric = decl.metric.as_ref().map(|metric| metric.value.as_str());
    MetricEdit {
        metric: metric.and_then(istio_metric).map(str::to_owned),
        at: decl.at.as_ref().map(|at| side(&at.value)),
        change: match &decl.tag {
            None => MetricChange::Drop,
            Some((name, None)) => MetricChange::DropTag(name.value.clone()),
            Some((name, Some(value))) => MetricChange::Tag {
                name: name.value.clone(),
                value: value.value.clone(),
            },
        },
    }
}

fn side(word: &str) -> Side {
    if word == "client" {
        Side::Client
    } else {
        Side::Server
    }
}

fn access_log(decl: &AccessLogDecl, mesh: &Mesh, sink: &mut Sink) -> Log {
    let text = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.value.clone());
    let fields = decl
        .fields
        .iter()
        .map(|(name, value)| (name.value.clone(), value.value.clone()));
    Log {
        form: match decl.form.value.as_str() {
            "json" => Some(LogForm::Json(fields.collect())),
            "text" => Some(LogForm::Text(text(&decl.format))),
            _ => None,
        },
        filter: text(&decl.filter),
        at: decl.at.as_ref().map(|at| side(&at.value)),
        file: text(&decl.file).filter(|file| file != "/dev/stdout"),
        collector: decl.otlp.as_ref().and_then(|otlp| collector(otlp, mesh, sink)),
    }
}

fn tracing(decl: &TracingDecl, mesh: &Mesh, sink: &mut Sink) -> Tracing {
    let provider = |otlp, place: &Option<Spanned<String>>, sink: &mut Sink| {
        let collector = collector(place.as_ref()?, mesh, sink)?;
        Some(Provider { otlp, collector })
    };
    let zipkin = provider(false, &decl.zipkin, sink);
    Tracing {
        on: decl.none.as_ref().map(|_| false),
        provider: zipkin.or_else(|| provider(true, &decl.otlp, sink)),
        sampling: decl.sampling.as_ref().map(|sampling| PerMillion(sampling.value)),
        tags: decl
            .tags
            .iter()
            .filter_map(|tag| Some((tag.name.value.clone(), trace_tag(tag)?)))
            .collect(),
    }
}

fn trace_tag(decl: &TraceTagDecl) -> Option<TraceTag> {
    let default = decl.default.as_ref().map(|default| default.value.clone());
    let name = |name: &Spanned<String>| name.value.clone();
    match (&decl.value, &decl.header, &decl.env) {
        (Some(value), ..) => Some(TraceTag::Literal(value.value.clone())),
        (None, Some(header), _) => Some(TraceTag::Header {
            name: name(header),
            default,
        }),
        (None, None, Some(env)) => Some(TraceTag::Environment {
            name: name(env),
            default,
        }),
        (None, None, None) => None,
    }
}

/// `NAME.NAMESPACE:PORT` or `HOST:PORT`: a port of a service that the spec has, so that proxies know the way.
pub(super) fn collector(place: &Spanned<String>, mesh: &Mesh, sink: &mut Sink) -> Option<Collector> {
    let wrong = |message: String| Diagnostic::new(&code::UNKNOWN_REFERENCE, place.span, message);
    let Some((host, port)) = place
        .value
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)))
    else {
        let message = format!("\"{}\" has no port", place.value);
        sink.push(wrong(message).help("write it as \"NAME.NAMESPACE:PORT\", such as \"collector.ops:4317\""));
        return None;
    };
    let names = |service: &Service| [service.label(), service.host.clone()];
    let Some(service) = mesh
        .services
        .iter()
        .find(|service| names(service).iter().any(|name| name == host))
    else {
        let known: Vec<_> = mesh.services.iter().map(Service::label).collect();
        let found = wrong(format!("the mesh has no service `{host}`"));
        let near = did_you_mean(host, known.iter().map(String::as_str));
        sink.push(match near {
            Some(near) => found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write \"{near}:{port}\"")),
            None => found.help(
                "declare it, so that every proxy knows the way: `service` where it runs in the mesh, `external` where not",
            ),
        });
        return None;
    };
    if !service.ports.iter().any(|own| own.number == port) {
        let ports: Vec<_> = service.ports.iter().map(|port| port.number.to_string()).collect();
        let message = format!("`{}` has no port {port}", service.label());
        sink.push(wrong(message).label(service.span, "declared here").help(format!(
            "write one of its ports: {}",
            list(ports.iter().map(String::as_str))
        )));
        return None;
    }
    Some(Collector {
        namespace: service.namespace.clone(),
        host: service.host.clone(),
        port,
    })
}
