//! Spans for OpenTelemetry collectors: `ExportTraceServiceRequest`, as gRPC carries it.

use super::{Service, Span};
use crate::collectors::otlp::{attribute, request};
use crate::peer::proto::{bytes, fixed64, number};
use crate::telemetry::Reporter;

/// Where collectors take them.
pub(super) const PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// The request, as a message of gRPC.
pub(super) fn encode(service: &Service, spans: &[Span]) -> Vec<u8> {
    let tags = service.tags.iter().map(|(key, value)| (*key, value.as_str()));
    let name = std::iter::once(("service.name", service.name.as_str()));
    request(name.chain(tags), Some("meshd"), spans.iter().map(one))
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
