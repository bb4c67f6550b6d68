//! The pages, by Envoy's and pilot-agent's names.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use mesh_proxy::telemetry;
use serde_json::{Value, json};

use super::http::Answer;
use crate::daemon::Daemon;
use crate::logging::Logging;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// 15021.
pub(crate) fn health(daemon: &Daemon, request: &Request<Incoming>) -> Answer {
    match request.uri().path() {
        "/healthz/ready" => ready(daemon),
        _ => unknown(),
    }
}

/// 15090.
pub(crate) fn metrics(daemon: &Daemon, request: &Request<Incoming>) -> Answer {
    match request.uri().path() {
        "/stats/prometheus" | "/metrics" => prometheus(daemon),
        _ => unknown(),
    }
}

/// 15000.
pub(crate) fn admin(daemon: &Daemon, logging: &Logging, request: &Request<Incoming>) -> Answer {
    match (request.method(), request.uri().path()) {
        (_, "/") => answer(StatusCode::OK, TEXT, HELP),
        (_, "/ready") => ready(daemon),
        (_, "/status") => json_answer(&serde_json::to_value(daemon.status()).unwrap_or_default()),
        (_, "/clusters") => json_answer(&json!({ "clusters": daemon.shared.report().clusters })),
        (_, "/listeners") => json_answer(&listeners(daemon)),
        (_, "/certs") => json_answer(&certificates(daemon)),
        (_, "/config_dump") => json_answer(&config(daemon)),
        (_, "/stats" | "/stats/prometheus") => prometheus(daemon),
        (_, "/server_info") => {
            json_answer(&json!({ "version": crate::run::VERSION, "status": daemon.status() }))
        }
        (&Method::POST, "/logging") => set_logging(logging, request.uri().query().unwrap_or_default()),
        (_, "/logging") => answer(StatusCode::OK, TEXT, format!("{}\n", logging.filter())),
        _ => unknown(),
    }
}

const HELP: &str = "/ready\n/status\n/clusters\n/listeners\n/certs\n/config_dump\n/stats/prometheus\n/server_info\n\
    /logging (POST ?level=debug, or ?filter=mesh_proxy=trace,info)\n";

fn ready(daemon: &Daemon) -> Answer {
    match daemon.not_ready() {
        None => answer(StatusCode::OK, TEXT, "LIVE\n"),
        Some(reason) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{reason}\n")),
    }
}

fn prometheus(daemon: &Daemon) -> Answer {
    let mut text = String::new();
    daemon.shared.telemetry().encode(&mut text);
    answer(StatusCode::OK, telemetry::CONTENT_TYPE, text)
}

fn listeners(daemon: &Daemon) -> Value {
    let report = daemon.shared.report();
    json!({ "inbound": report.inbound, "outbound": report.outbound })
}

fn certificates(daemon: &Daemon) -> Value {
    let certificates = daemon.shared.identity().map(|identity| {
        json!({
            "spiffe": identity.spiffe().to_string(),
            "not_before": identity.not_before(),
            "not_after": identity.not_after(),
            "seconds_until_expiration": identity.expires_in(),
        })
    });
    json!({ "certificates": certificates.into_iter().collect::<Vec<_>>() })
}

fn config(daemon: &Daemon) -> Value {
    let snapshot = daemon.shared.snapshot();
    json!({ "snapshot": snapshot.as_deref(), "hosts": daemon.dns.hosts() })
}

fn set_logging(logging: &Logging, query: &str) -> Answer {
    let wanted = query.split('&').find_map(|part| {
        part.strip_prefix("level=")
            .or_else(|| part.strip_prefix("filter="))
    });
    match wanted.map(|wanted| logging.set(wanted)) {
        Some(Ok(())) => answer(StatusCode::OK, TEXT, format!("{}\n", logging.filter())),
        Some(Err(error)) => answer(StatusCode::BAD_REQUEST, TEXT, format!("{error}\n")),
        None => answer(StatusCode::BAD_REQUEST, TEXT, "level=… or filter=… is missing\n"),
    }
}

fn json_answer(value: &Value) -> Answer {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    answer(StatusCode::OK, JSON, format!("{text}\n"))
}

fn unknown() -> Answer {
    answer(StatusCode::NOT_FOUND, TEXT, "there is no such page\n")
}

fn answer(code: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = code;
    answer
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    answer
}
