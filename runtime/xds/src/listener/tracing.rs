//! Traces (`HttpConnectionManager.Tracing`, Istio `pilot/pkg/networking/core/tracing.go`).

use mesh_wire::route::PerMillion;
use mesh_wire::snapshot::{Tracing, TracingProvider};
use mesh_wire::telemetry::TraceTag;
use serde_json::json;

use super::log::collector;
use crate::reader::Reader;
use crate::translate::Parts;

/// Where Zipkin takes spans.
const SPANS: &str = "/api/v2/spans";

/// Istio's own tags tell of the workload and of dry runs.
const OWN: &str = "istio.";

/// Without a provider nothing is sent, whatever the sampling: the bootstrap of Envoys would name one.
pub(super) fn read(parts: &mut Parts, mut spans: Reader<'_>) {
    spans.given("client_sampling", &[json!({"value": 100})]);
    spans.given("overall_sampling", &[json!({"value": 100})]);
    let sampling = spans.message("random_sampling");
    let percent = sampling
        .and_then(|mut sampling| sampling.double("value"))
        .unwrap_or(0.0);
    let mut tags = std::collections::BTreeMap::new();
    for mut tag in spans.messages("custom_tags") {
        let name = tag.text("tag");
        if name.starts_with(OWN) {
            tag.dismiss();
        } else if let Some(value) = value(tag) {
            tags.insert(name, value);
        }
    }
    let provider = spans.message("provider");
    let Some((provider, cluster)) = provider.and_then(provider_of) else {
        return;
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
    let sampling = PerMillion((percent.clamp(0.0, 100.0) * 10_000.0).round() as u32);
    let new = Tracing {
        cluster,
        provider,
        sampling,
        tags,
    };
    let held = parts.tracing.get_or_insert_with(|| new.clone());
    if *held != new {
        spans.tell(
            "provider",
            &json!(new),
            "traces of all listeners are alike: as on the first",
        );
    }
}

fn provider_of(mut provider: Reader<'_>) -> Option<(TracingProvider, String)> {
    provider.skip("name");
    let mut config = provider.message("typed_config")?;
    if config.is("v3.ZipkinConfig") {
        config.given("collector_endpoint", &[json!(SPANS)]);
        config.given("collector_endpoint_version", &[json!("HTTP_JSON")]);
        config.given("trace_id_128bit", &[json!(true)]);
        config.given("shared_span_context", &[json!(false)]);
        // The cluster's own name.
        config.skip("collector_hostname");
        // How Istio says it from 1.29 on.
        if let Some(mut service) = config.message("collector_service") {
            let mut uri = service.message("http_uri")?;
            uri.skip("timeout");
            let path = uri.text("uri");
            if !path.ends_with(SPANS) {
                uri.tell("uri", &json!(path), "spans go to /api/v2/spans");
            }
            return Some((TracingProvider::Zipkin, uri.some_text("cluster")?));
        }
        return Some((TracingProvider::Zipkin, config.some_text("collector_cluster")?));
    }
    if config.is("v3.OpenTelemetryConfig") {
        // The workload's.
        config.skip("service_name");
        let mut service = config.message("grpc_service")?;
        service.skip("timeout");
        return Some((TracingProvider::Otlp, collector(service)?));
    }
    config.refuse_all("a provider that is not known; no traces are sent");
    None
}

fn value(mut tag: Reader<'_>) -> Option<TraceTag> {
    if let Some(mut literal) = tag.message("literal") {
        return Some(TraceTag::Literal(literal.text("value")));
    }
    if let Some(mut header) = tag.message("request_header") {
        return Some(TraceTag::Header {
            name: header.text("name"),
            default: header.some_text("default_value"),
        });
    }
    let mut variable = tag.message("environment")?;
    Some(TraceTag::Environment {
        name: variable.text("name"),
        default: variable.some_text("default_value"),
    })
}
