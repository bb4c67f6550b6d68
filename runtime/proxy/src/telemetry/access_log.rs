//! Istio's two forms of an entry (istio `pilot/pkg/model/telemetry_logging.go`).

use std::fmt::{Display, Write as _};

use http::HeaderValue;
use serde_json::{Value, json};

use super::record::{Entry, Request};

/// Something, or Envoy's `-`.
struct Or<T>(Option<T>);

impl<T: Display> Display for Or<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("-"),
        }
    }
}

pub(super) fn start(entry: &Entry) -> String {
    let at = entry.start.to_offset(time::UtcOffset::UTC);
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
}

fn header(value: Option<&HeaderValue>) -> Option<&str> {
    value.and_then(|value| value.to_str().ok())
}

/// Quotes and controls cannot break out of their field.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|char| {
            if char == '"' || char.is_control() {
                '_'
            } else {
                char
            }
        })
        .collect()
}

/// Envoy writes the name with underscores instead of blanks.
pub(super) fn failure(entry: &Entry) -> Option<String> {
    entry
        .upstream_failure
        .as_deref()
        .map(|text| clean(text).replace(' ', "_"))
}

pub(super) fn text(entry: &Entry) -> String {
    let request = entry.request.as_ref();
    let field = |get: fn(&Request) -> Option<&HeaderValue>| Or(header(request.and_then(get)).map(clean));
    let mut line = String::with_capacity(512);
    // A String takes everything.
    let _infallible = writeln!(
        line,
        "[{start}] \"{method} {path} {protocol}\" {code} {flags} {details} {termination} \"{failure}\" {received} {sent} {duration} {upstream_time} \
         \"{xff}\" \"{agent}\" \"{id}\" \"{authority}\" \"{host}\" {cluster} {upstream_local} {local} {remote} {sni} {route}",
        start = start(entry),
        method = Or(request.map(|request| &request.method)),
        path = Or(request.map(|request| clean(&request.path))),
        protocol = Or(request.map(|request| request.protocol)),
        code = entry.code,
        flags = entry.flag.as_str(),
        details = Or(entry.details.as_deref()),
        termination = Or(entry.termination.as_deref()),
        failure = Or(failure(entry)),
        received = entry.received,
        sent = entry.sent,
        duration = entry.duration.as_millis(),
        upstream_time = Or(entry.upstream_time.map(|time| time.as_millis())),
        xff = field(|request| request.forwarded_for.as_ref()),
        agent = field(|request| request.user_agent.as_ref()),
        id = field(|request| request.request_id.as_ref()),
        authority = Or(request.map(|request| clean(&request.authority))),
        host = Or(entry.upstream_host.as_deref()),
        cluster = Or(entry.upstream_cluster.as_deref()),
        upstream_local = Or(entry.upstream_local),
        local = entry.downstream_local,
        remote = entry.client(),
        sni = Or(entry.sni.as_deref().map(clean)),
        route = Or(entry.route.as_deref()),
    );
    line
}

pub(super) fn json(entry: &Entry) -> String {
    let request = entry.request.as_ref();
    let value = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    let address =
        |address: Option<std::net::SocketAddr>| address.map_or(Value::Null, |at| at.to_string().into());
    let object = json!({
        "start_time": start(entry),
        "route_name": value(entry.route.as_deref()),
        "method": value(request.map(|request| request.method.as_str())),
        "path": value(request.map(|request| request.path.as_str())),
        "protocol": value(request.map(|request| request.protocol)),
        "response_code": entry.code,
        "response_flags": entry.flag.as_str(),
        "response_code_details": value(entry.details.as_deref()),
        "connection_termination_details": value(entry.termination.as_deref()),
        "bytes_received": entry.received,
        "bytes_sent": entry.sent,
        "duration": u64::try_from(entry.duration.as_millis()).unwrap_or(u64::MAX),
        "upstream_service_time": entry.upstream_time.map(|time| time.as_millis().to_string()),
        "x_forwarded_for": value(header(request.and_then(|request| request.forwarded_for.as_ref()))),
        "user_agent": value(header(request.and_then(|request| request.user_agent.as_ref()))),
        "request_id": value(header(request.and_then(|request| request.request_id.as_ref()))),
        "authority": value(request.map(|request| request.authority.as_str())),
        "upstream_host": value(entry.upstream_host.as_deref()),
        "upstream_cluster": value(entry.upstream_cluster.as_deref()),
        "upstream_local_address": address(entry.upstream_local),
        "downstream_local_address": address(Some(entry.downstream_local)),
        "downstream_remote_address": address(Some(entry.client())),
        "requested_server_name": value(entry.sni.as_deref()),
        "upstream_transport_failure_reason": value(entry.upstream_failure.as_deref()),
    });
    let mut line = object.to_string();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Method;
    use time::OffsetDateTime;

    use super::*;
    use crate::telemetry::Flag;

    fn entry() -> Entry {
        Entry {
            start: OffsetDateTime::UNIX_EPOCH,
            duration: Duration::from_millis(7),
            request: Some(Request {
                method: Method::GET,
                path: "/a\"b".to_owned(),
                protocol: "HTTP/1.1",
                authority: "forum".to_owned(),
                forwarded_for: None,
                user_agent: Some(HeaderValue::from_static("curl")),
                request_id: None,
                trace: None,
                sent: None,
                headers: Vec::new(),
            }),
            code: 503,
            flag: Flag::NoHealthyUpstream.into(),
            details: Some("no_healthy_upstream".to_owned()),
            termination: None,
            upstream_failure: None,
            received: 0,
            sent: 19,
            upstream_time: None,
            upstream_host: None,
            upstream_cluster: Some("outbound|80||forum".into()),
            upstream_local: None,
            downstream_local: ([10, 0, 0, 1], 80).into(),
            downstream_remote: ([10, 0, 0, 2], 5000).into(),
            sni: None,
            route: Some("default".into()),
            reporter: crate::telemetry::Reporter::Source,
            peer: None,
            is_grpc: false,
            grpc: None,
            response_headers: Vec::new(),
            response_trailers: Vec::new(),
            written: crate::written::Written::default(),
        }
    }

    #[test]
    fn the_text_is_istios_default() {
        assert_eq!(
            text(&entry()),
            "[1970-01-01T00:00:00.000Z] \"GET /a_b HTTP/1.1\" 503 UH no_healthy_upstream - \"-\" 0 19 7 - \"-\" \"curl\" \"-\" \
             \"forum\" \"-\" outbound|80||forum - 10.0.0.1:80 10.0.0.2:5000 - default\n"
        );
    }

    #[test]
    fn the_object_has_istios_keys() {
        let object: Value = serde_json::from_str(&json(&entry())).unwrap();
        assert_eq!(object["response_flags"], "UH");
        assert_eq!(object["path"], "/a\"b");
        assert_eq!(object["upstream_host"], Value::Null);
    }
}
