//! Questions over TCP (RFC 7766): several on a connection, answered in their order.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::forward::Transport;
use super::server::{Dns, Step};
use crate::drain::Drain;
use crate::seldom::Seldom;

/// A client that says nothing for so long is left (RFC 7766, section 6.2.3).
const IDLE: Duration = Duration::from_secs(10);
/// Connections at one time.
const CONNECTIONS: usize = 1024;
/// Bytes that are read at once.
const CHUNK: usize = 4096;

/// Answers what comes in on `listener` until the drain begins. Connections end then, with what they asked answered.
pub async fn serve_tcp(listener: TcpListener, dns: Arc<Dns>, drain: Drain) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut watch = drain.clone();
    let draining = pin!(watch.draining());
    let mut over = Seldom::new(draining);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = &mut over => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, client)) => {
                let (dns, drain) = (Arc::clone(&dns), drain.clone());
                tokio::spawn(async move {
                    if let Err(error) = serve(stream, &dns, drain).await {
                        tracing::debug!(%client, %error, "DNS connection ended");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a DNS connection");
                // Out of descriptors: others must end first.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(mut stream: TcpStream, dns: &Dns, mut drain: Drain) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let draining = pin!(drain.draining());
    let mut over = Seldom::new(draining);
    let (mut input, mut output, mut answer) = (Vec::with_capacity(CHUNK), Vec::new(), Vec::new());
    loop {
        let taken = answer_frames(dns, &input, &mut output, &mut answer).await;
        input.drain(..taken);
        if !output.is_empty() {
            timeout(IDLE, stream.write_all(&output)).await??;
            output.clear();
        }
        input.reserve(CHUNK);
        let read = tokio::select! {
            biased;
            read = timeout(IDLE, stream.read_buf(&mut input)) => read??,
            () = &mut over => return Ok(()),
        };
        if read == 0 {
            return Ok(());
        }
    }
}

/// Answers all whole questions in `input`, so that one write carries the answers; gives how much was taken.
async fn answer_frames(dns: &Dns, input: &[u8], output: &mut Vec<u8>, answer: &mut Vec<u8>) -> usize {
    let mut at = 0;
    while let Some(packet) = frame(&input[at..]) {
        at += 2 + packet.len();
        match dns.answer(packet, Transport::Tcp, answer) {
            Step::Answered => push(output, answer),
            Step::Dropped => {}
            Step::Forward => push(output, &dns.forward(packet, Transport::Tcp).await),
        }
    }
    at
}

fn frame(input: &[u8]) -> Option<&[u8]> {
    let length = usize::from(u16::from_be_bytes([*input.first()?, *input.get(1)?]));
    input.get(2..2 + length)
}

fn push(output: &mut Vec<u8>, answer: &[u8]) {
    if let Ok(length) = u16::try_from(answer.len()) {
        output.extend_from_slice(&length.to_be_bytes());
        output.extend_from_slice(answer);
    }
}
