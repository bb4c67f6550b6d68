//! Copies of requests, whose answers are thrown away (Envoy `request_mirror_policies`).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::BodyExt as _;
use mesh_http2::RequestHead;
use tokio::sync::watch;

use super::HttpConnection;
use super::exchange::Exchange;
use super::forward::{Sending, Tried};
use super::target::Target;
use crate::body::{Fate, Replay};
use crate::cluster::{Cluster, Transport};
use crate::incoming::Incoming;
use crate::interim::Teller;
use crate::peer;
use crate::state::routes::Forward;

/// A copy that is not answered for so long after its request came is given up, where the route says no time.
const PATIENCE: Duration = Duration::from_secs(60);

/// So much may be sent again where a kept connection proves stale, which more of it would have found out.
const BEGINNING: usize = 64 * 1024;

/// A copy of a request. It goes while the request comes, and holds it up never: where it is too slow, it is given up.
pub(super) struct Mirrored {
    connection: Arc<HttpConnection>,
    cluster: Arc<Cluster>,
    target: Target,
    parts: RequestHead,
    body: Replay,
    /// What becomes of the request itself; `None` where all of it has come.
    fate: Option<watch::Receiver<Fate>>,
    hash: Option<u64>,
    timeout: Option<Duration>,
}

impl Exchange<'_> {
    /// Its copies for the mirrors that chance takes. What becomes something else than requests has none.
    pub(super) fn mirrored(
        &self,
        forward: &Forward,
        replay: &Replay,
        hash: Option<u64>,
        timeout: Option<Duration>,
    ) -> Vec<Mirrored> {
        if self.wanted.is_some() {
            return Vec::new();
        }
        let drawn = forward.mirrors.iter().filter(|mirror| mirror.is_drawn());
        let copy = |cluster: &Arc<Cluster>| {
            let bodies = &self.connection.shared.bodies;
            let copied = replay.copy(bodies);
            let fate = copied.as_ref().map(|copied| copied.fate());
            Mirrored {
                connection: self.connection.clone(),
                cluster: cluster.clone(),
                target: self.target.clone(),
                parts: self.parts.clone(),
                body: Replay::new(
                    copied.map_or(Incoming::Empty, Incoming::Copied),
                    Some(bodies.keeping_most(BEGINNING)),
                ),
                fate,
                hash,
                timeout,
            }
        };
        drawn.map(|mirror| copy(&mirror.cluster)).collect()
    }
}

impl Mirrored {
    /// Sends it, for as long as its request may come and its answer may take.
    pub(super) fn start(self) {
        tokio::spawn(self.send());
    }

    async fn send(mut self) {
        // Those outside the mesh are told nothing of who asks.
        if !matches!(*self.cluster.transport, Transport::Mesh(_)) {
            self.parts.headers.remove(&peer::ID);
            self.parts.headers.remove(&peer::METADATA);
        }
        let fate = self.fate.take();
        let bound = self.timeout.unwrap_or(PATIENCE);
        let given_up = tokio::select! {
            () = self.exchange() => false,
            given_up = overdue(fate, bound) => given_up,
        };
        if given_up {
            self.connection.shared.bodies.give_up();
            tracing::debug!(cluster = &*self.cluster.name, "a mirrored request took too long");
        }
    }

    async fn exchange(&mut self) {
        let sending = Sending {
            shared: &self.connection.shared,
            down: &self.connection.down,
            cluster: &self.cluster,
            retry: None,
            hash: self.hash,
            target: &self.target,
            parts: &mut self.parts,
            replay: &self.body,
            upgrade: None,
            count_attempts: true,
            trying: &Mutex::default(),
            teller: &Teller::default(),
            mirrored: Vec::new(),
        };
        let Tried {
            outcome: Ok(answer), ..
        } = sending.run().await
        else {
            return;
        };
        let mut body = answer.response.body;
        while let Some(frame) = body.frame().await {
            if frame.is_err() {
                return;
            }
        }
    }
}

/// Waits until a copy has to end, and says whether that is because it is too slow: it ends with a request that breaks off, too.
async fn overdue(fate: Option<watch::Receiver<Fate>>, bound: Duration) -> bool {
    if let Some(mut fate) = fate {
        let known = fate.wait_for(|fate| *fate != Fate::Coming).await;
        match known.map_or(Fate::Gone, |fate| *fate) {
            Fate::Gone | Fate::Coming => return false,
            Fate::Outrun => return true,
            Fate::Whole => {}
        }
    }
    tokio::time::sleep(bound).await;
    true
}
