//! Questions over UDP.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use tokio::net::UdpSocket;

use super::forward::Transport;
use super::server::{Dns, Step};
use crate::drain::Drain;
use crate::seldom::Seldom;

/// Largest question that is read; EDNS options fit, floods of long packets do not.
const LARGEST: usize = 4096;

/// Answers what comes in on `socket` until the drain begins. Several may serve one socket.
pub async fn serve_udp(socket: Arc<UdpSocket>, dns: Arc<Dns>, drain: Drain) {
    let mut packet = [0; LARGEST];
    let mut out = Vec::with_capacity(LARGEST);
    let mut watch = drain.clone();
    let draining = pin!(watch.draining());
    let mut over = Seldom::new(draining);
    loop {
        let received = tokio::select! {
            biased;
            () = &mut over => return,
            received = socket.recv_from(&mut packet) => received,
        };
        match received {
            Ok((length, client)) => {
                serve(&socket, &dns, &drain, &packet[..length], client, &mut out).await;
            }
            // Linux tells errors of earlier answers (ICMP) on the next read: they concern nobody else.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => {
                tracing::warn!(%error, "cannot read a question");
                // One that stays would fill the log and a processor.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(
    socket: &Arc<UdpSocket>,
    dns: &Arc<Dns>,
    drain: &Drain,
    packet: &[u8],
    client: SocketAddr,
    out: &mut Vec<u8>,
) {
    match dns.answer(packet, Transport::Udp, out) {
        Step::Answered => send(socket, client, out).await,
        Step::Dropped => {}
        Step::Forward => {
            let (socket, dns, packet) = (Arc::clone(socket), Arc::clone(dns), packet.to_vec());
            let held = drain.clone();
            tokio::spawn(async move {
                let answer = dns.forward(&packet, Transport::Udp).await;
                send(&socket, client, &answer).await;
                drop(held);
            });
        }
    }
}

async fn send(socket: &UdpSocket, client: SocketAddr, answer: &[u8]) {
    if let Err(error) = socket.send_to(answer, client).await {
        tracing::debug!(%client, %error, "cannot answer");
    }
}
