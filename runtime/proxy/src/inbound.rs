//! Connections that arrive from outside for an application.

use std::sync::Arc;
use std::time::Duration;

use ::bytes::BytesMut;
use mesh_wire::listener::{InboundProtocol, MtlsMode};
use tokio::net::TcpStream;

use crate::accept::Accepted;
use crate::destination::canonical;
use crate::http::{Codec, HttpConnection, Side};
use crate::net::sniff::{self, Hello, Spoken};
use crate::net::{Rewind, Stream};
use crate::peer::Downstream;
use crate::shared::Shared;
use crate::state::{Inbound, Listeners};
use crate::tls::{Choice, PeerIdentity};
use crate::written::Written;

mod bytes;

/// A client that does not end its handshake within this is given up.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// The names that only Istio's clients offer (istio `pilot/pkg/networking/core/listener.go` allIstioMtlsALPNs).
const ISTIO: [&[u8]; 5] = [
    b"istio",
    b"istio-peer-exchange",
    b"istio-http/1.0",
    b"istio-http/1.1",
    b"istio-h2",
];
const ISTIO_HTTP: [&[u8]; 3] = [b"istio-http/1.0", b"istio-http/1.1", b"istio-h2"];

/// How the wire turned out to be protected.
enum Wire {
    /// Mutual TLS of the mesh, with what its client offered and what was settled on.
    Mesh {
        hello: Hello,
        settled: Option<Vec<u8>>,
    },
    /// TLS that is the application's own.
    ForeignTls,
    Plain,
}

/// Serves one connection: listener, authentication, authorisation, and then the application.
pub(crate) async fn serve(accepted: Accepted, shared: Arc<Shared>) {
    let Accepted {
        stream,
        remote,
        destination,
        drain,
    } = accepted;
    let Some(state) = shared.state().clone() else {
        tracing::debug!(%destination, "closed: there is no snapshot yet");
        return;
    };
    let Some(listener) = state.listeners.inbound(destination).cloned() else {
        tracing::debug!(%destination, "closed: no listener takes it");
        return;
    };
    // A connection that was redirected comes without the rules that lead the application's answers back here.
    let untouched = || {
        stream
            .local_addr()
            .is_ok_and(|local| canonical(local) == destination)
    };
    let seen_as = (listener.client_source && untouched()).then(|| remote.ip());
    let mut down = Downstream {
        remote,
        destination,
        seen_as,
        sni: None,
        peer: None,
        written: Written::default(),
    };
    let secured = secure(&shared, &state.listeners, &listener, stream, &mut down).await;
    let (mut stream, wire) = match secured {
        Ok(secured) => secured,
        Err(why) => {
            tracing::info!(%remote, %destination, listener = &*listener.name, why, "a connection is refused");
            return;
        }
    };
    let Ok(codec) = codec(&state.listeners, &listener, &mut stream, &wire).await else {
        return;
    };
    drop(state);
    match codec {
        Some(codec) => {
            HttpConnection::new(shared, down, Side::Inbound)
                .serve(stream, codec, drain)
                .await;
        }
        None => bytes::serve(shared, listener, stream, down, drain).await,
    }
}

/// Brings the connection to where the application's own bytes begin.
async fn secure(
    shared: &Shared,
    listeners: &Listeners,
    listener: &Inbound,
    mut stream: TcpStream,
    down: &mut Downstream,
) -> Result<(Stream, Wire), String> {
    match listener.mtls {
        MtlsMode::Disable => Ok((stream.into(), Wire::Plain)),
        MtlsMode::Strict => handshake(shared, listener, BytesMut::new(), stream, down).await,
        MtlsMode::Permissive => {
            let mut read = BytesMut::new();
            let detected = sniff::until(&mut stream, &mut read, listeners.detection, sniff::tls).await;
            let hello = detected.map_err(|error| error.to_string())?.flatten();
            let wire = match hello {
                Some(hello) if offers(&hello, &ISTIO) => {
                    return handshake(shared, listener, read, stream, down).await;
                }
                Some(hello) => {
                    down.sni = hello.sni.as_deref().map(Into::into);
                    Wire::ForeignTls
                }
                None => Wire::Plain,
            };
            Ok((Rewind::new(read.freeze(), stream).into(), wire))
        }
    }
}

fn offers(hello: &Hello, names: &[&[u8]]) -> bool {
    hello
        .alpn
        .iter()
        .any(|offered| names.contains(&offered.as_slice()))
}

async fn handshake(
    shared: &Shared,
    listener: &Inbound,
    mut read: BytesMut,
    mut stream: TcpStream,
    down: &mut Downstream,
) -> Result<(Stream, Wire), String> {
    let credentials = shared.credentials().clone().ok_or("there is no identity yet")?;
    let shaking = async {
        let hello = sniff::until(&mut stream, &mut read, Duration::ZERO, sniff::tls).await?;
        // What is no hello is refused, and told so, as the answer to one.
        let hello = hello.flatten().unwrap_or_default();
        let http = match listener.protocol {
            InboundProtocol::Http => true,
            InboundProtocol::Tcp => false,
            InboundProtocol::Detect => offers(&hello, &ISTIO_HTTP),
        };
        let choice = if http { Choice::Http } else { Choice::Tcp };
        let config = credentials.server.choose(choice, &hello);
        let secured = mesh_tls::accept(config, read.into(), stream).await?;
        Ok::<_, std::io::Error>((secured, hello))
    };
    let (secured, hello) = tokio::time::timeout(HANDSHAKE, shaking)
        .await
        .map_err(|_| "its handshake took too long".to_owned())?
        .map_err(|error| format!("no mutual TLS of the mesh: {error}"))?;
    let mesh_tls::Secured { stream, peer } = secured;
    let peer = peer
        .as_ref()
        .and_then(PeerIdentity::of)
        .ok_or("it shows no identity that holds")?;
    let settled = stream.alpn().map(<[u8]>::to_vec);
    down.peer = Some(peer);
    down.sni = hello.sni.as_deref().map(Into::into);
    Ok((Stream::Tls(Box::new(stream)), Wire::Mesh { hello, settled }))
}

/// What of HTTP the connection speaks; `None` for bytes.
async fn codec(
    listeners: &Listeners,
    listener: &Inbound,
    stream: &mut Stream,
    wire: &Wire,
) -> std::io::Result<Option<Codec>> {
    match (listener.protocol, wire) {
        (InboundProtocol::Tcp, _) | (_, Wire::ForeignTls) => Ok(None),
        (protocol, Wire::Mesh { hello, settled }) => {
            if protocol == InboundProtocol::Detect && !offers(hello, &ISTIO_HTTP) {
                return Ok(None);
            }
            let said = |name: &[u8]| hello.alpn.iter().any(|offered| offered == name);
            Ok(Some(match settled.as_deref() {
                Some(b"h2") => Codec::Http2,
                Some(b"http/1.1") => Codec::Http1,
                _ if said(b"istio-h2") => Codec::Http2,
                _ if said(b"istio-http/1.1") || said(b"istio-http/1.0") => Codec::Http1,
                _ => Codec::Either,
            }))
        }
        (InboundProtocol::Http, Wire::Plain) => Ok(Some(Codec::Either)),
        (InboundProtocol::Detect, Wire::Plain) => {
            let spoken = stream.sniff(listeners.detection).await?;
            Ok(match spoken {
                Some(Spoken::Http1) => Some(Codec::Http1),
                Some(Spoken::Http2) => Some(Codec::Http2),
                Some(Spoken::Other) | None => None,
            })
        }
    }
}
