//! Answers of the proxy's own: redirections, faults on purpose, and what cannot be had.

use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use mesh_http2::{RequestHead, Response};
use mesh_wire::route::{Fault, FaultAbort, PerMillion};

use super::failure::Failure;
use super::finish::Finish;
use super::headers;
use super::reply::{Reply, local, local_as};
use super::target::Target;
use crate::state::routes::{Redirect, without_port};
use crate::telemetry::Flag;

/// A redirection to what `redirect` makes of `target`.
pub(super) fn redirect(
    redirect: &Redirect,
    target: &Target,
    parts: &RequestHead,
    finish: Box<Finish>,
) -> Response<Reply> {
    let wire = &redirect.wire;
    let proto = parts
        .headers
        .get(&headers::FORWARDED_PROTO)
        .and_then(|proto| proto.to_str().ok());
    let scheme = wire.scheme.as_deref().or(proto).unwrap_or("http");
    let host = wire.host.as_deref().unwrap_or(match wire.port {
        Some(_) => without_port(target.authority()),
        None => target.authority(),
    });
    let port = wire.port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = match &redirect.path {
        Some(rewrite) => rewrite.apply(target.path()),
        None => target.path().to_owned(),
    };
    let query = if target.query().is_empty() {
        String::new()
    } else {
        format!("?{}", target.query())
    };
    let mut response = local(redirect.status, "", finish);
    match HeaderValue::try_from(format!("{scheme}://{host}{port}{path}{query}")) {
        Ok(location) => _ = response.head.headers.insert(LOCATION, location),
        Err(_) => response.head.status = StatusCode::BAD_REQUEST,
    }
    response
}

/// Waits where a delay is due; says whether the request is to be aborted then.
pub(super) async fn fault<'a>(fault: &'a Fault, finish: &mut Finish) -> Option<&'a FaultAbort> {
    let hit = |share: PerMillion| fastrand::u32(..1_000_000) < share.0;
    if let Some(delay) = fault.delay.as_ref().filter(|delay| hit(delay.share)) {
        finish.flag.delayed = true;
        tokio::time::sleep(delay.delay.to_duration()).await;
    }
    fault.abort.as_ref().filter(|abort| hit(abort.share))
}

/// The answer to a request that is aborted on purpose.
pub(super) fn abort(abort: &FaultAbort, mut finish: Box<Finish>) -> Response<Reply> {
    finish.flag.why = Flag::FaultInjected;
    finish.details = Some("fault_filter_abort".into());
    if let Some(status) = abort.grpc_status {
        return local_as(StatusCode::OK, status, "fault filter abort", finish);
    }
    let status = abort.status.and_then(|status| StatusCode::from_u16(status).ok());
    local(
        status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
        "fault filter abort",
        finish,
    )
}

/// What a client is told where no endpoint answered, after so many `attempts`.
pub(super) fn failed(failure: &Failure, attempts: u32, mut finish: Box<Finish>) -> Response<Reply> {
    finish.flag.why = failure.flag();
    finish.details = Some(failure.details());
    finish.upstream_failure = failure.transport();
    let mut response = local(failure.status(), failure.body(attempts > 1), finish);
    if matches!(failure, Failure::Overflow) {
        response
            .head
            .headers
            .insert(headers::OVERLOADED, HeaderValue::from_static("true"));
    }
    response
}
