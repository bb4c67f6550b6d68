//! Requests that are refused, and counted all the same.

use std::sync::Arc;

use http::StatusCode;
use mesh_http2::Response;

use super::HttpConnection;
use super::exchange::Exchange;
use super::finish::Finish;
use super::reply::{Reply, local};
use super::scope;
use crate::cluster::{Cluster, Endpoint};
use crate::http1::Refusal;
use crate::state::State;
use crate::telemetry::{Flag, Request};

/// Says that what came is no request.
pub(super) fn nonsense(connection: &Arc<HttpConnection>, refusal: Refusal) -> Response<Reply> {
    let shared = &connection.shared;
    let is_read = |state: &State| {
        let log = state.log.as_ref();
        log.is_some_and(|log| log.is_read(&shared.telemetry().log))
    };
    let logged = shared.state().as_deref().is_some_and(is_read);
    let mut finish = Finish::new(connection.clone());
    finish.request = logged.then(|| Box::new(Request::unknown()));
    finish.flag.why = Flag::DownstreamProtocol;
    finish.details = Some(refusal.details.into());
    local(
        refusal.status,
        refusal.status.canonical_reason().unwrap_or_default(),
        finish,
    )
}

impl Exchange<'_> {
    pub(super) fn denied(
        &self,
        policy: Option<&str>,
        mut finish: Box<Finish>,
        cluster: &Cluster,
    ) -> Response<Reply> {
        let (down, policy) = (&self.connection.down, policy.unwrap_or("none"));
        tracing::warn!(
            target: "rbac",
            remote = %down.remote,
            principal = down.peer.as_ref().map_or("-", |peer| &peer.spiffe),
            destination = %down.destination,
            method = %self.parts.method,
            path = self.target.path(),
            policy,
            "denied"
        );
        finish.flag.why = Flag::Denied;
        finish.details = Some(format!("rbac_access_denied_matched_policy[{policy}]").into());
        self.count(&mut finish, Some(cluster), None);
        local(StatusCode::FORBIDDEN, "RBAC: access denied", finish)
    }

    pub(super) fn unrouted(&self, mut finish: Box<Finish>) -> Response<Reply> {
        finish.flag.why = Flag::NoRoute;
        finish.details = Some("route_not_found".into());
        self.count(&mut finish, None, None);
        local(StatusCode::NOT_FOUND, "", finish)
    }

    pub(super) fn count(&self, finish: &mut Finish, cluster: Option<&Cluster>, endpoint: Option<&Endpoint>) {
        finish.scope = scope::http(
            self.connection,
            self.state,
            cluster,
            endpoint,
            None,
            self.metadata.as_ref(),
        );
    }
}
