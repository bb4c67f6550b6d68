//! Connections that stop being HTTP, such as WebSockets.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional_with_sizes;

const BUFFER: usize = 16 * 1024;

/// Joins both ends as soon as both have changed over.
pub(super) fn join(client: OnUpgrade, server: OnUpgrade, held: impl Send + 'static) {
    tokio::spawn(async move {
        let _held = held;
        let both = tokio::try_join!(client, server);
        match both {
            Ok((client, server)) => {
                let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
                let ended = copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, BUFFER).await;
                if let Err(error) = ended {
                    tracing::debug!(%error, "an upgraded connection ended early");
                }
            }
            Err(error) => tracing::debug!(%error, "an upgrade failed"),
        }
    });
}
