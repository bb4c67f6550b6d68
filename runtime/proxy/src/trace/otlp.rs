//! Spans for OpenTelemetry collectors: `ExportTraceServiceRequest`, as gRPC carries it.

use super::{Service, Span};
use crate::peer::proto::{bytes, fixed64, framed, number};
use crate::telemetry::Reporter;

/// Where collectors take them.
pub(super) const PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// The request, as a message of gRPC.
pub(super) fn encode(service: &Service, spans: &[Span]) -> Vec<u8> {
    let mut resource = Vec::new();
    bytes(&mut resource, 1, &attribute("service.name", &service.name));
    for (key, value) in &service.tags {
        bytes(&mut resource, 1, &attribute(key, value));
    }
    let mut scope = Vec::new();
    bytes(&mut scope, 1, b"meshd");
    let mut of_scope = Vec::new();
    bytes(&mut of_scope, 1, &scope);
    for span in spans {
        bytes(&mut of_scope, 2, &one(span));
    }
    let mut of_resource = Vec::new();
    bytes(&mut of_resource, 1, &resource);
    bytes(&mut of_resource, 2, &of_scope);
    let mut request = Vec::new();
    bytes(&mut request, 1, &of_resource);
    // The queue holds far less than can be too long.
    framed(&request).unwrap_or_default()
}

/// `Span` of opentelemetry/proto/trace/v1/trace.proto.
fn one(span: &Span) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    bytes(&mut out, 1, &span.context.trace.to_be_bytes());
    bytes(&mut out, 2, &span.context.span.to_be_bytes());
    if let Some(parent) = span.context.parent {
        bytes(&mut out, 4, &parent.to_be_bytes());
    }
    bytes(&mut out, 5, span.name.as_bytes());
    let kind = match span.side {
        Reporter::Destination => 2,
        Reporter::Source => 3,
    };
    number(&mut out, 6, kind);
    fixed64(&mut out, 7, span.start);
    fixed64(&mut out, 8, span.start.saturating_add(span.duration));
    for (key, value) in &span.tags {
        bytes(&mut out, 9, &attribute(key, value));
    }
    if span.failed {
        let mut status = Vec::new();
        number(&mut status, 3, 2);
        bytes(&mut out, 15, &status);
    }
    out
}

fn attribute(key: &str, value: &str) -> Vec<u8> {
    let (mut out, mut text) = (Vec::new(), Vec::new());
    bytes(&mut text, 1, value.as_bytes());
    bytes(&mut out, 1, key.as_bytes());
    bytes(&mut out, 2, &text);
    out
}
