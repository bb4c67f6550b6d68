//! Connections that stop being HTTP, such as WebSockets.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional_with_sizes;

use crate::net::{Rewind, Stream};

const BUFFER: usize = 16 * 1024;

/// Joins both ends as soon as the client has changed over too.
pub(super) fn join(client: OnUpgrade, mut server: Rewind<Stream>, held: impl Send + 'static) {
    tokio::spawn(async move {
        let _held = held;
        match client.await {
            Ok(client) => {
                let mut client = TokioIo::new(client);
                let ended = copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, BUFFER).await;
                if let Err(error) = ended {
                    tracing::debug!(%error, "an upgraded connection ended early");
                }
            }
            Err(error) => tracing::debug!(%error, "an upgrade failed"),
        }
    });
}
