//! Connections that applications open.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::BytesMut;

use crate::accept::Accepted;
use crate::http::{Codec, HttpConnection, Side};
use crate::net::Rewind;
use crate::net::sniff::{self, Spoken};
use crate::peer::Downstream;
use crate::shared::Shared;
use crate::state::{Outbound, OutboundProtocol, Shares, by_address, by_sni};
use crate::tcp;
use crate::telemetry::Reporter;
use crate::written::Written;

/// Serves one connection: listener, what it speaks, and then its route.
pub(crate) async fn serve(accepted: Accepted, shared: Arc<Shared>) {
    let Some(state) = shared.state().clone() else {
        tracing::debug!(destination = %accepted.destination, "closed: there is no snapshot yet");
        return;
    };
    let Some(listener) = state.listeners.outbound(accepted.destination).cloned() else {
        tracing::debug!(destination = %accepted.destination, "closed: no listener takes it");
        return;
    };
    let (detection, goes_on) = (state.listeners.detection, state.listeners.undetected_goes_on);
    drop(state);
    let Accepted {
        mut stream,
        remote,
        destination,
        drain,
    } = accepted;
    let down = Downstream {
        remote,
        destination,
        seen_as: None,
        sni: None,
        peer: None,
        written: Written::default(),
    };
    match &listener.protocol {
        // Straight on: the server may be the one who speaks first.
        OutboundProtocol::Tcp { routes, otherwise } => {
            let shares = by_address(routes, destination.ip()).unwrap_or(otherwise);
            tcp::forward(&shared, stream.into(), down, shares, Reporter::Source, drain).await;
        }
        OutboundProtocol::Http { otherwise, .. } => {
            let mut read = BytesMut::new();
            let Ok(spoken) = sniff::until(&mut stream, &mut read, detection, sniff::http).await else {
                return;
            };
            let stream = Rewind::new(read.freeze(), stream).into();
            match spoken.or(goes_on.then_some(Spoken::Other)) {
                Some(Spoken::Other) => {
                    tcp::forward(&shared, stream, down, otherwise, Reporter::Source, drain).await;
                }
                Some(spoken) => {
                    let side = Side::Outbound(listener.clone());
                    let codec = if spoken == Spoken::Http2 {
                        Codec::Http2
                    } else {
                        Codec::Http1
                    };
                    HttpConnection::new(shared, down, side)
                        .serve(stream, codec, drain)
                        .await;
                }
                None => {
                    tracing::debug!(
                        listener = &*listener.name,
                        "closed: no protocol was detected in time"
                    );
                }
            }
        }
        OutboundProtocol::Tls { .. } => {
            let mut read = BytesMut::new();
            // A server that speaks first has no SNI to wait for: at the bound it goes on as bytes.
            let Ok(hello) = sniff::until(&mut stream, &mut read, detection, sniff::tls).await else {
                return;
            };
            let sni = hello.flatten().and_then(|hello| hello.sni);
            let shares = shares(&listener, sni.as_deref(), destination.ip());
            let down = Downstream {
                sni: sni.map(Into::into),
                ..down
            };
            let stream = Rewind::new(read.freeze(), stream).into();
            if let Some(shares) = shares {
                tcp::forward(&shared, stream, down, &shares, Reporter::Source, drain).await;
            }
        }
    }
}

fn shares(listener: &Outbound, sni: Option<&str>, dialled: IpAddr) -> Option<Shares> {
    match &listener.protocol {
        OutboundProtocol::Tls { routes, otherwise } => {
            Some(by_sni(routes, sni, dialled).unwrap_or(otherwise).clone())
        }
        OutboundProtocol::Http { .. } | OutboundProtocol::Tcp { .. } => None,
    }
}
