//! What endpoints say before their answers: that they want the body, and hints of what the answer will need (RFC 9110, 15.2).

use std::sync::atomic::{AtomicBool, Ordering};

use http::StatusCode;
use mesh_http2::Fields;

use crate::http1;

/// Tells a client what comes before its answer.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    client: Option<Client>,
    told: AtomicBool,
}

/// A client that waits for its answer.
#[derive(Debug)]
pub(crate) enum Client {
    Http1(http1::Asking),
    Http2(mesh_http2::Asking),
}

impl Teller {
    pub(crate) fn to(client: Option<Client>) -> Self {
        let told = AtomicBool::new(false);
        Self { client, told }
    }

    /// Passes on what an endpoint says, where it means something to clients that did not ask it themselves.
    pub(crate) fn tell(&self, status: StatusCode, headers: &Fields) {
        if let Some(client) = self
            .client
            .as_ref()
            .filter(|_| matches!(status.as_u16(), 100 | 102..=104))
        {
            match client {
                Client::Http1(client) => client.tell(status, headers),
                Client::Http2(client) => client.tell(status, headers),
            }
            self.told.store(true, Ordering::Relaxed);
        }
    }

    /// What an endpoint said has been passed on: the answer has to be its own.
    pub(crate) fn has_told(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }

    /// The client waits to be told that its body is wanted. Unless an endpoint is left to do that ([`Self::leave`]), it is
    /// told when its body is read; on HTTP/2 nobody does that but endpoints.
    pub(crate) fn is_awaited(&self) -> bool {
        matches!(&self.client, Some(Client::Http1(client)) if client.expects())
    }

    /// The endpoint says itself whether it wants the body.
    pub(crate) fn leave(&self) {
        if let Some(Client::Http1(client)) = &self.client {
            client.leave();
        }
    }
}
