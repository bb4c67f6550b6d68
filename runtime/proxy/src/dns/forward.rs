//! Asking other name servers (RFC 5625), safely: a fresh random port and id each time, answers checked (RFC 5452).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};

use super::query::{HEADER, Query};
use super::random;

/// How long one server is waited for before the next is asked.
const PATIENCE: Duration = Duration::from_millis(1500);
/// Until the client is told that nobody answered (Istio: DNS_FORWARD_TIMEOUT, 5 s).
const DEADLINE: Duration = Duration::from_secs(5);
/// Times that the list of servers is gone through.
const ROUNDS: usize = 2;

/// How a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
}

/// The packet that a server answered with; `None` when none did.
pub(crate) async fn ask(query: &Query<'_>, servers: &[SocketAddr], transport: Transport) -> Option<Vec<u8>> {
    let deadline = Instant::now() + DEADLINE;
    for _ in 0..ROUNDS {
        for server in servers {
            let patience = deadline.min(Instant::now() + PATIENCE);
            match timeout_at(patience, ask_one(query, *server, transport)).await {
                Ok(Ok(answer)) => return Some(answer),
                Ok(Err(error)) => tracing::debug!(%server, %error, "name server failed"),
                Err(_) => tracing::debug!(%server, "name server did not answer in time"),
            }
            if Instant::now() >= deadline {
                return None;
            }
        }
    }
    None
}

pub(super) async fn ask_one(
    query: &Query<'_>,
    server: SocketAddr,
    transport: Transport,
) -> io::Result<Vec<u8>> {
    if transport == Transport::Udp {
        let answer = over_udp(query, server).await?;
        if answer[2] & 0x02 == 0 {
            return Ok(answer);
        }
        // A server that cuts off its answer and does not speak TCP has still said something.
        return Ok(timeout(PATIENCE / 2, over_tcp(query, server))
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or(answer));
    }
    over_tcp(query, server).await
}

async fn over_udp(query: &Query<'_>, server: SocketAddr) -> io::Result<Vec<u8>> {
    let any = match server {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    // From here on the kernel drops what comes from anybody else.
    socket.connect(server).await?;
    let id = random::id();
    let mut packet = query.packet.to_vec();
    packet[..2].copy_from_slice(&id.to_be_bytes());
    socket.send(&packet).await?;
    let mut answer = vec![0; query.udp_size().max(1500)];
    loop {
        let length = socket.recv(&mut answer).await?;
        if is_answer(query, id, &answer[..length]) {
            answer.truncate(length);
            return Ok(restore_id(query, answer));
        }
    }
}

async fn over_tcp(query: &Query<'_>, server: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let id = random::id();
    let length = u16::try_from(query.packet.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut packet = Vec::with_capacity(2 + query.packet.len());
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&id.to_be_bytes());
    packet.extend_from_slice(&query.packet[2..]);
    stream.write_all(&packet).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    if is_answer(query, id, &answer) {
        return Ok(restore_id(query, answer));
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        "the answer is to another question",
    ))
}

/// The packet answers this question and no other.
fn is_answer(query: &Query<'_>, id: u16, answer: &[u8]) -> bool {
    let Some(header) = answer.get(..HEADER) else {
        return false;
    };
    if header[..2] != id.to_be_bytes() || header[2] & 0xf8 != 0x80 {
        return false;
    }
    // Servers that refuse a question may leave it out (RFC 1035 does not say that they must repeat it).
    if header[4..6] == [0, 0] {
        return header[3] & 0x0f != 0;
    }
    let asked = query.question();
    answer
        .get(HEADER..HEADER + asked.len())
        .is_some_and(|told| told.eq_ignore_ascii_case(asked))
}

fn restore_id(query: &Query<'_>, mut answer: Vec<u8>) -> Vec<u8> {
    answer[..2].copy_from_slice(&query.packet[..2]);
    answer
}
