//! As much of OpenTelemetry's protocol as spans and records have in common (opentelemetry/proto/common/v1/common.proto).

use crate::peer::proto::{bytes, framed};

/// A message of gRPC: all that one resource tells, `items` being messages of spans or of records.
pub(crate) fn request<'a>(
    resource: impl IntoIterator<Item = (&'a str, &'a str)>,
    scope: Option<&str>,
    items: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Vec<u8> {
    let mut of_scope = Vec::new();
    if let Some(name) = scope {
        let mut scope = Vec::new();
        bytes(&mut scope, 1, name.as_bytes());
        bytes(&mut of_scope, 1, &scope);
    }
    for item in items {
        bytes(&mut of_scope, 2, item.as_ref());
    }
    let mut attributes = Vec::new();
    for (key, value) in resource {
        bytes(&mut attributes, 1, &attribute(key, value));
    }
    let mut of_resource = Vec::new();
    bytes(&mut of_resource, 1, &attributes);
    bytes(&mut of_resource, 2, &of_scope);
    let mut request = Vec::new();
    bytes(&mut request, 1, &of_resource);
    // What is sent at once is far from being too long.
    framed(&request).unwrap_or_default()
}

/// A `KeyValue` with a text.
pub(crate) fn attribute(key: &str, value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.len() + value.len() + 16);
    bytes(&mut out, 1, key.as_bytes());
    bytes(&mut out, 2, &text(value));
    out
}

/// An `AnyValue` with a text.
pub(crate) fn text(value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 4);
    bytes(&mut out, 1, value.as_bytes());
    out
}
