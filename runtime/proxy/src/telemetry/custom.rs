//! Entries in a format that the snapshot gives.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

use http::HeaderValue;
use http::header::HeaderName;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::access_log;
use super::format::{Field, Format, Named, Operator, Part};
use super::grpc::grpc_status;
use super::record::{Entry, Request};

/// A line of text, which ends as lines do: Istio has it so where the format does not (istio `buildFileAccessTextLogFormat`).
pub(super) fn text(format: &Format, entry: &Entry) -> String {
    let mut line = written(format, entry, |value| access_log::clean(&value));
    if !line.ends_with('\n') {
        line.push('\n');
    }
    line
}

/// What is no part of a line, but a value of its own.
pub(super) fn plain(format: &Format, entry: &Entry) -> String {
    written(format, entry, |value| value)
}

/// A value of a header: what is not known is empty.
pub(crate) fn header(format: &Format, entry: &Entry) -> String {
    let mut text = String::with_capacity(64);
    for part in &format.0 {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Operator { what, longest } => match value(what, entry) {
                Some(Value::String(part)) => text.push_str(cut(&part, *longest)),
                Some(other) => text.push_str(cut(&other.to_string(), *longest)),
                None => {}
            },
        }
    }
    text
}

fn written(format: &Format, entry: &Entry, said: impl Fn(String) -> String) -> String {
    let mut line = String::with_capacity(256);
    for part in &format.0 {
        match part {
            Part::Text(text) => line.push_str(text),
            Part::Operator { what, longest } => {
                let value = match value(what, entry) {
                    Some(Value::String(text)) => said(text),
                    Some(other) => other.to_string(),
                    None => "-".to_owned(),
                };
                line.push_str(cut(&value, *longest));
            }
        }
    }
    line
}

/// An object a line; what is one operator keeps its type.
pub(super) fn json(fields: &BTreeMap<String, Format>, entry: &Entry) -> String {
    let mut object = Map::new();
    for (key, format) in fields {
        let value = match &format.0[..] {
            [Part::Operator { what, longest }] => match value(what, entry) {
                Some(Value::String(text)) => cut(&text, *longest).to_owned().into(),
                other => other.unwrap_or(Value::Null),
            },
            _ => plain(format, entry).into(),
        };
        object.insert(key.clone(), value);
    }
    let mut line = Value::Object(object).to_string();
    line.push('\n');
    line
}

fn cut(text: &str, longest: Option<usize>) -> &str {
    longest.map_or(text, |longest| &text[..text.floor_char_boundary(longest)])
}

fn value(operator: &Operator, entry: &Entry) -> Option<Value> {
    let request = entry.request.as_ref();
    match operator {
        Operator::StartTime(None) => Some(access_log::start(entry).into()),
        Operator::StartTime(Some(pattern)) => Some(strftime(pattern, entry.start).into()),
        Operator::Request(fields) => {
            let found = fields.iter().find_map(|field| asked(field, request?, entry));
            found.map(Value::from)
        }
        Operator::Response(names) => first(&entry.response_headers, names),
        Operator::Trailer(names) => first(&entry.response_trailers, names),
        Operator::Written(filter, path) => {
            let mut value = entry.written.at(filter, path)?.into_owned();
            // Envoy tells keys in their order.
            value.sort_all_objects();
            (!value.is_null()).then_some(value)
        }
        Operator::Constant(text) => text.clone().map(Value::from),
        Operator::GrpcStatus(names) => {
            let code = grpc(entry)?;
            let name = usize::try_from(code).ok().and_then(|code| names.get(code));
            Some(name.map_or_else(|| code.to_string().into(), |name| (*name).into()))
        }
        Operator::Named(named) => of_name(*named, entry),
        Operator::Unknown => None,
    }
}

fn asked(field: &Field, request: &Request, entry: &Entry) -> Option<String> {
    match field {
        Field::Method => Some(request.method.to_string()),
        Field::Path => Some(request.last_path().to_owned()),
        Field::Authority => Some(request.authority.clone()),
        // What arrives by TLS is the mesh's.
        Field::Scheme => Some(if entry.peer.is_some() { "https" } else { "http" }.to_owned()),
        Field::Header(name) => told(&request.headers, name),
        Field::Bare(inner) => {
            let text = asked(inner, request, entry)?;
            Some(text.split('?').next().unwrap_or_default().to_owned())
        }
        Field::Parameter(name) => parameter(request.last_path(), name),
    }
}

/// Of the query of `path`, with `%XX` read; `+` stays as it is.
fn parameter(path: &str, name: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    let read = |text| percent_decode_str(text).decode_utf8_lossy();
    let mut pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs.find(|(key, _)| read(key) == name)?;
    Some(read(value).into_owned())
}

fn first(headers: &[(HeaderName, HeaderValue)], names: &[HeaderName]) -> Option<Value> {
    let found = names.iter().find_map(|name| told(headers, name));
    found.map(Value::from)
}

fn told(headers: &[(HeaderName, HeaderValue)], name: &HeaderName) -> Option<String> {
    let (_, value) = headers.iter().find(|(known, _)| known == name)?;
    value.to_str().ok().map(str::to_owned)
}

/// What answers to requests that are none of gRPC say of it is not told; an answer that says nothing has its code.
fn grpc(entry: &Entry) -> Option<i32> {
    let by_code = || {
        i32::try_from(grpc_status(entry.code))
            .ok()
            .filter(|_| entry.code != 0)
    };
    entry.is_grpc.then(|| entry.grpc.or_else(by_code)).flatten()
}

fn at(text: Option<&str>) -> Option<SocketAddr> {
    text?.parse().ok()
}

fn trace(entry: &Entry) -> Option<(u128, u64)> {
    entry.request.as_ref()?.trace
}

fn of_name(named: Named, entry: &Entry) -> Option<Value> {
    let text = |text: Option<&str>| text.map(Value::from);
    match named {
        Named::Protocol => text(entry.request.as_ref().map(|request| request.protocol)),
        Named::Code => Some(entry.code.into()),
        Named::Details => text(entry.details.as_deref()),
        Named::Flags => Some(entry.flag.as_str().into()),
        Named::FlagsLong => Some(entry.flag.long().into()),
        Named::Termination => text(entry.termination.as_deref()),
        Named::UpstreamFailure => access_log::failure(entry).map(Value::from),
        Named::Received => Some(entry.received.into()),
        Named::Sent => Some(entry.sent.into()),
        Named::Duration => u64::try_from(entry.duration.as_millis()).ok().map(Value::from),
        Named::UpstreamHost | Named::UpstreamRemote => text(entry.upstream_host.as_deref()),
        Named::UpstreamCluster | Named::UpstreamClusterRaw => text(entry.upstream_cluster.as_deref()),
        Named::UpstreamLocal => entry.upstream_local.map(|at| at.to_string().into()),
        Named::UpstreamRemoteIp => at(entry.upstream_host.as_deref()).map(|at| at.ip().to_string().into()),
        Named::UpstreamRemotePort => at(entry.upstream_host.as_deref()).map(|at| at.port().into()),
        Named::UpstreamLocalIp => entry.upstream_local.map(|at| at.ip().to_string().into()),
        Named::UpstreamLocalPort => entry.upstream_local.map(|at| at.port().into()),
        Named::TraceId => trace(entry).map(|(trace, _)| format!("{trace:032x}").into()),
        Named::SpanId => trace(entry).map(|(_, span)| format!("{span:016x}").into()),
        Named::DirectLocal | Named::Local => Some(entry.downstream_local.to_string().into()),
        Named::DirectLocalIp | Named::LocalIp => Some(entry.downstream_local.ip().to_string().into()),
        Named::DirectLocalPort | Named::LocalPort => Some(entry.downstream_local.port().into()),
        Named::Remote => Some(entry.client().to_string().into()),
        Named::RemoteIp => Some(entry.client().ip().to_string().into()),
        Named::RemotePort => Some(entry.client().port().into()),
        Named::DirectRemotePort => Some(entry.downstream_remote.port().into()),
        Named::DirectRemote => Some(entry.downstream_remote.to_string().into()),
        Named::DirectRemoteIp => Some(entry.downstream_remote.ip().to_string().into()),
        Named::PeerUri => text(entry.peer.as_deref()),
        Named::ServerName => text(entry.sni.as_deref()),
        Named::Route => text(entry.route.as_deref()),
        Named::GrpcStatus => grpc(entry).map(Value::from),
    }
}

/// The conversions of strftime(3) that make sense in UTC, and Envoy's for parts of a second (`%f`, `%3f`, `%6f`, `%9f`).
fn strftime(pattern: &str, at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    let (date, clock) = (at.date(), at.time());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    let (hour, minute, second, nano) = clock.as_hms_nano();
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars();
    while let Some(next) = rest.next() {
        if next != '%' {
            out.push(next);
            continue;
        }
        // A String takes everything.
        let _infallible = match rest.next() {
            Some('Y') => write!(out, "{year:04}"),
            Some('m') => write!(out, "{month:02}"),
            Some('d') => write!(out, "{day:02}"),
            Some('H') => write!(out, "{hour:02}"),
            Some('M') => write!(out, "{minute:02}"),
            Some('S') => write!(out, "{second:02}"),
            Some('F') => write!(out, "{year:04}-{month:02}-{day:02}"),
            Some('T') => write!(out, "{hour:02}:{minute:02}:{second:02}"),
            Some('s') => write!(out, "{}", at.unix_timestamp()),
            Some('z') => write!(out, "+0000"),
            Some('Z') => write!(out, "UTC"),
            Some('f') => write!(out, "{nano:09}"),
            Some(digits @ '1'..='9') if rest.as_str().starts_with('f') => {
                rest.next();
                let places = digits.to_digit(10).unwrap_or(9);
                let part = nano / 10u32.pow(9 - places);
                write!(out, "{part:0width$}", width = places as usize)
            }
            Some('%') => write!(out, "%"),
            Some(other) => write!(out, "%{other}"),
            None => write!(out, "%"),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_asked_for() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap();
        for (pattern, text) in [
            ("%Y/%m/%dT%H:%M:%S%z %s", "2023/11/14T22:13:20+0000 1700000000"),
            ("%F %T.%3f %6f %f", "2023-11-14 22:13:20.123 123456 123456789"),
            ("%%q%q%", "%q%q%"),
        ] {
            assert_eq!(strftime(pattern, at), text);
        }
    }
}
