//! Spans for Zipkin: JSON, version 2 of its API.

use serde_json::{Map, Value, json};

use super::{Service, Span};
use crate::telemetry::Reporter;

/// Where collectors take them.
pub(super) const PATH: &str = "/api/v2/spans";

pub(super) fn encode(service: &Service, spans: &[Span]) -> Vec<u8> {
    let all: Vec<Value> = spans.iter().map(|span| one(service, span)).collect();
    Value::Array(all).to_string().into_bytes()
}

fn one(service: &Service, span: &Span) -> Value {
    let mut tags = Map::new();
    for (key, value) in &service.tags {
        tags.insert((*key).to_owned(), value.as_str().into());
    }
    for (key, value) in &span.tags {
        tags.insert(key.clone(), value.as_str().into());
    }
    if span.failed {
        tags.insert("error".to_owned(), "true".into());
    }
    let mut endpoint = json!({ "serviceName": service.name, "port": span.port });
    match service.address {
        Some(std::net::IpAddr::V4(address)) => endpoint["ipv4"] = address.to_string().into(),
        Some(std::net::IpAddr::V6(address)) => endpoint["ipv6"] = address.to_string().into(),
        None => {}
    }
    let mut object = json!({
        "traceId": format!("{:032x}", span.context.trace),
        "id": format!("{:016x}", span.context.span),
        "kind": match span.side {
            Reporter::Source => "CLIENT",
            Reporter::Destination => "SERVER",
        },
        "name": span.name,
        "timestamp": span.start / 1000,
        // Zipkin takes no spans of no time.
        "duration": (span.duration / 1000).max(1),
        "localEndpoint": endpoint,
        "tags": tags,
    });
    if let Some(parent) = span.context.parent {
        object["parentId"] = format!("{parent:016x}").into();
    }
    object
}
