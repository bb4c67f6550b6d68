//! Copies of requests, whose answers are thrown away (Envoy `request_mirror_policies`).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::request::Parts;
use http_body_util::BodyExt as _;
use tokio::sync::oneshot;

use super::HttpConnection;
use super::forward::{Sending, Tried};
use super::target::Target;
use crate::body::{Copied, Replay};
use crate::cluster::{Cluster, Transport};
use crate::peer;

/// A copy that is not answered by then is given up, where the route says no time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A copy of a request. It goes once the whole request has come, so that it never holds up the request itself.
pub(super) struct Mirrored {
    pub(super) connection: Arc<HttpConnection>,
    pub(super) cluster: Arc<Cluster>,
    pub(super) target: Target,
    pub(super) parts: Parts,
    pub(super) hash: Option<u64>,
    pub(super) timeout: Option<Duration>,
}

impl Mirrored {
    /// Sends it with `body`; where that never comes whole, nothing is sent.
    pub(super) async fn send(mut self, body: oneshot::Receiver<Copied>) {
        let Ok(body) = body.await else { return };
        // Those outside the mesh are told nothing of who asks.
        if !matches!(*self.cluster.transport, Transport::Mesh(_)) {
            self.parts.headers.remove(&peer::ID);
            self.parts.headers.remove(&peer::METADATA);
        }
        let bound = self.timeout.unwrap_or(PATIENCE);
        if tokio::time::timeout(bound, self.exchange(&Replay::of(body)))
            .await
            .is_err()
        {
            tracing::debug!(cluster = &*self.cluster.name, "a mirrored request took too long");
        }
    }

    async fn exchange(&mut self, replay: &Replay) {
        let sending = Sending {
            shared: &self.connection.shared,
            down: &self.connection.down,
            cluster: &self.cluster,
            retry: None,
            hash: self.hash,
            target: &self.target,
            parts: &mut self.parts,
            replay,
            upgrade: None,
            count_attempts: true,
            trying: &Mutex::default(),
        };
        let Tried {
            outcome: Ok(answer), ..
        } = sending.run().await
        else {
            return;
        };
        let mut body = answer.response.into_body();
        while let Some(frame) = body.frame().await {
            if frame.is_err() {
                return;
            }
        }
    }
}
