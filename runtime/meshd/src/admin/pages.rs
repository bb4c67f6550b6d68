//! The pages, by Envoy's and pilot-agent's names.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use mesh_proxy::drain::Beginner;
use mesh_proxy::telemetry;
use serde_json::{Value, json};

use super::chosen::{self, Figures, Part};
use super::http::Answer;
use super::{clusters, config, server};
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

/// What the pages of 15000 act on.
pub(crate) struct Admin {
    pub(crate) daemon: Arc<Daemon>,
    pub(crate) logging: Logging,
    /// What stops listening: connections from outside, and those of applications.
    pub(crate) inbound: Beginner,
    pub(crate) outbound: Beginner,
}

impl Admin {
    /// 15000.
    pub(crate) fn page(&self, request: &Request<Incoming>) -> Answer {
        let asked = Asked::of(request);
        self.answer(request.method(), request.uri().path(), &asked)
    }

    fn answer(&self, method: &Method, path: &str, asked: &Asked<'_>) -> Answer {
        let daemon = &*self.daemon;
        let json = asked.value("format") == Some("json");
        match path {
            "/" | "/help" => answer(StatusCode::OK, TEXT, HELP),
            "/ready" => ready(daemon),
            "/status" => json_answer(&serde_json::to_value(daemon.status()).unwrap_or_default()),
            "/snapshot" => json_answer(&snapshot(daemon)),
            "/clusters" => {
                let (report, snapshot) = (
                    daemon.shared.report(),
                    daemon.shared.snapshot().unwrap_or_default(),
                );
                if json {
                    json_answer(&clusters::json(&report, &snapshot))
                } else {
                    answer(StatusCode::OK, TEXT, clusters::text(&report, &snapshot))
                }
            }
            "/listeners" => {
                let dump = config::dump(daemon, false);
                if json {
                    json_answer(&clusters::listeners_json(&dump))
                } else {
                    answer(StatusCode::OK, TEXT, clusters::listeners(&dump))
                }
            }
            "/routes" => json_answer(config::section(&config::dump(daemon, false), "RoutesConfigDump")),
            "/certs" => json_answer(&config::certificates(daemon)),
            "/config_dump" => dump(daemon, asked),
            "/stats/prometheus" => stats(daemon, Some("prometheus"), asked),
            "/stats" => stats(daemon, asked.value("format"), asked),
            "/memory" => json_answer(&server::memory()),
            "/server_info" => json_answer(&server::info(daemon)),
            "/logging" | "/drain_listeners"
                if method != Method::POST && (path != "/logging" || asked.is_any()) =>
            {
                answer(
                    StatusCode::METHOD_NOT_ALLOWED,
                    TEXT,
                    format!("Method {method} not allowed, POST required.\n"),
                )
            }
            "/logging" => self.logging(asked),
            "/drain_listeners" => {
                self.inbound.begin();
                if !asked.says("inboundonly") {
                    self.outbound.begin();
                    daemon.begin_drain();
                }
                answer(StatusCode::OK, TEXT, "OK\n")
            }
            _ => unknown(),
        }
    }

    /// `?level=LEVEL` for all, `?paths=NAME:LEVEL,…` or `?NAME=LEVEL` for some, `?filter=…` in the words of `RUST_LOG`;
    /// without any, how it is.
    fn logging(&self, asked: &Asked<'_>) -> Answer {
        let wanted = asked.0.iter().find_map(|(name, value)| match *name {
            "level" | "filter" => Some((*value).to_owned()),
            "paths" => Some(value.replace(':', "=")),
            "" => None,
            target => Some(format!("{target}={value}")),
        });
        if let Some(wanted) = wanted
            && let Err(error) = self.logging.set(&wanted)
        {
            return answer(StatusCode::BAD_REQUEST, TEXT, format!("{error}\n"));
        }
        let filter = self.logging.filter();
        let lines = filter.split(',').map(|part| match part.split_once('=') {
            Some((name, level)) => format!("  {name}: {level}\n"),
            None => format!("  default: {part}\n"),
        });
        let lines: String = lines.collect();
        answer(StatusCode::OK, TEXT, format!("active loggers:\n{lines}\n"))
    }
}

/// What stands behind the `?`.
struct Asked<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Asked<'a> {
    fn of(request: &'a Request<Incoming>) -> Self {
        Self::read(request.uri().query().unwrap_or_default())
    }

    fn read(query: &'a str) -> Self {
        let parts = query.split('&').filter(|part| !part.is_empty());
        Self(
            parts
                .map(|part| part.split_once('=').unwrap_or((part, "")))
                .collect(),
        )
    }

    fn is_any(&self) -> bool {
        !self.0.is_empty()
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| *value)
    }

    /// Is there, and not denied.
    fn says(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value != "false")
    }
}

const HELP: &str = "/ready\n/status\n/snapshot\n/clusters (?format=json)\n/listeners (?format=json)\n/routes\n/certs\n\
    /config_dump (?include_eds, ?resource=dynamic_listeners, ?name_regex=…, ?mask=…)\n/stats (?format=json, ?filter=…, ?usedonly)\n/stats/prometheus\n/memory\n/server_info\n\
    /logging (POST ?level=debug, ?paths=mesh_proxy:trace, or ?filter=mesh_proxy=trace,info)\n\
    /drain_listeners (POST ?inboundonly)\n";

fn ready(daemon: &Daemon) -> Answer {
    match daemon.not_ready() {
        None => answer(StatusCode::OK, TEXT, "LIVE\n"),
        Some(reason) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{reason}\n")),
    }
}

fn prometheus(daemon: &Daemon) -> Answer {
    answer(StatusCode::OK, telemetry::CONTENT_TYPE, encoded(daemon))
}

fn stats(daemon: &Daemon, format: Option<&str>, asked: &Asked<'_>) -> Answer {
    let figures = match chosen::expression(asked.value("filter")) {
        Ok(filter) => Figures {
            filter,
            used: asked.says("usedonly"),
        },
        Err(error) => return answer(StatusCode::BAD_REQUEST, TEXT, format!("{error}\n")),
    };
    let metrics = match format {
        Some("prometheus") => encoded(daemon),
        _ => server::by_envoys_names(&encoded(daemon), &daemon.shared.telemetry().decisions()),
    };
    let metrics = figures.of(metrics);
    match format {
        Some("prometheus") => answer(StatusCode::OK, telemetry::CONTENT_TYPE, metrics),
        Some("json") => json_answer(&server::stats_json(&metrics)),
        _ => answer(StatusCode::OK, TEXT, server::stats(&metrics)),
    }
}

fn dump(daemon: &Daemon, asked: &Asked<'_>) -> Answer {
    let name = match chosen::expression(asked.value("name_regex")) {
        Ok(name) => name,
        Err(error) => return answer(StatusCode::BAD_REQUEST, TEXT, format!("{error}\n")),
    };
    let part = Part {
        resource: asked.value("resource"),
        mask: asked.value("mask"),
        name,
    };
    let endpoints = asked.says("include_eds") || part.resource == Some("dynamic_endpoint_configs");
    match part.of(config::dump(daemon, endpoints)) {
        Ok(part) => json_answer(&part),
        Err(chosen::Unknown) => {
            let resource = part.resource.unwrap_or_default();
            let told = format!("{resource} not found in config dump\n");
            answer(StatusCode::NOT_FOUND, TEXT, told)
        }
    }
}

fn encoded(daemon: &Daemon) -> String {
    let mut text = String::new();
    daemon.shared.telemetry().encode(&mut text);
    text
}

/// What is in force, in our own words.
fn snapshot(daemon: &Daemon) -> Value {
    let snapshot = daemon.shared.snapshot();
    json!({ "snapshot": snapshot.as_deref(), "hosts": daemon.dns.hosts() })
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

#[cfg(test)]
mod tests;
