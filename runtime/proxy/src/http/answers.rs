//! Answers of the proxy's own: redirections, faults on purpose, and what cannot be had.

use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::request::Parts;
use http::{Response, StatusCode};
use mesh_wire::route::{Fault, FaultAbort, PerMillion};

use super::failure::Failure;
use super::finish::Finish;
use super::headers;
use super::reply::{Reply, local};
use super::target::Target;
use crate::state::routes::{Redirect, without_port};
use crate::telemetry::Flag;

/// A redirection to what `redirect` makes of `target`.
pub(super) fn redirect(
    redirect: &Redirect,
    target: &Target,
    parts: &Parts,
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
        Ok(location) => _ = response.headers_mut().insert(LOCATION, location),
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response
}

/// Waits where a delay is due; says whether the request is to be aborted then.
pub(super) async fn fault<'a>(fault: &'a Fault, finish: &mut Finish) -> Option<&'a FaultAbort> {
    let hit = |share: PerMillion| fastrand::u32(..1_000_000) < share.0;
    if let Some(delay) = fault.delay.as_ref().filter(|delay| hit(delay.share)) {
        finish.flag = Flag::DelayInjected;
        tokio::time::sleep(delay.delay.to_duration()).await;
    }
    fault.abort.as_ref().filter(|abort| hit(abort.share))
}

/// The answer to a request that is aborted on purpose.
pub(super) fn abort(abort: &FaultAbort, mut finish: Box<Finish>) -> Response<Reply> {
    finish.flag = Flag::FaultInjected;
    finish.details = Some("fault_filter_abort".to_owned());
    if let Some(status) = abort.grpc_status {
        let mut response = local(StatusCode::OK, "", finish);
        as_grpc(status, "fault filter abort", &mut response);
        return response;
    }
    let status = abort.status.and_then(|status| StatusCode::from_u16(status).ok());
    local(
        status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
        "fault filter abort",
        finish,
    )
}

/// What a client is told where no endpoint answered.
pub(super) fn failed(failure: &Failure, mut finish: Box<Finish>) -> Response<Reply> {
    finish.flag = failure.flag();
    finish.details = Some(failure.details().to_owned());
    finish.upstream_failure = failure.transport();
    if finish.is_grpc {
        // Envoy `Grpc::Utility::httpToGrpcStatus`: DEADLINE_EXCEEDED, UNAVAILABLE.
        let status = if failure.status() == StatusCode::GATEWAY_TIMEOUT {
            4
        } else {
            14
        };
        finish.grpc = i32::try_from(status).ok();
        let mut response = local(StatusCode::OK, "", finish);
        as_grpc(status, &failure.body(), &mut response);
        return response;
    }
    let mut response = local(failure.status(), failure.body(), finish);
    if matches!(failure, Failure::Overflow) {
        response
            .headers_mut()
            .insert(headers::OVERLOADED, HeaderValue::from_static("true"));
    }
    response
}

/// gRPC clients are told in their own words, with status 200 and no body.
fn as_grpc(status: u32, message: &str, response: &mut Response<Reply>) {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from(status));
    if let Ok(message) = HeaderValue::try_from(message) {
        headers.insert("grpc-message", message);
    }
}
