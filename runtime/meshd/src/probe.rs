//! Asking this machine's own servers, without a runtime: HTTP and DNS over loopback.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// One HTTP GET; gives status and body.
pub(crate) fn get(
    address: SocketAddr,
    path: &str,
    headers: &str,
    patience: Duration,
) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n"
    )?;
    let mut answer = Vec::new();
    // An answer of many MiB is no health page.
    stream.take(8 << 20).read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    let invalid = || std::io::Error::new(std::io::ErrorKind::InvalidData, "this is no HTTP answer");
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(invalid)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(invalid)?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Ok((status, if chunked { unchunk(body) } else { body.to_owned() }))
}

fn unchunk(body: &str) -> String {
    let (mut rest, mut text) = (body, String::new());
    while let Some((size, behind)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some((chunk, next)) = behind.split_at_checked(size) else {
            break;
        };
        if size == 0 {
            break;
        }
        text.push_str(chunk);
        rest = next.strip_prefix("\r\n").unwrap_or(next);
    }
    text
}

/// Asks for the addresses of `name`; gives how many records came back.
pub(crate) fn resolve(server: SocketAddr, name: &str, patience: Duration) -> Result<u16, String> {
    let records = |kind| ask(server, name, kind, patience);
    let v4 = records(1)?;
    if v4 > 0 { Ok(v4) } else { records(28) }
}

fn ask(server: SocketAddr, name: &str, kind: u16, patience: Duration) -> Result<u16, String> {
    let mut packet = vec![0x4d, 0x44, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.trim_end_matches('.').split('.') {
        packet.push(u8::try_from(label.len()).map_err(|_| format!("`{name}` is no name"))?);
        packet.extend_from_slice(label.as_bytes());
    }
    packet.push(0);
    packet.extend_from_slice(&kind.to_be_bytes());
    packet.extend_from_slice(&[0, 1]);
    let exchange = || -> std::io::Result<Vec<u8>> {
        let socket = UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(patience))?;
        socket.connect(server)?;
        socket.send(&packet)?;
        let mut answer = vec![0; 4096];
        let length = socket.recv(&mut answer)?;
        answer.truncate(length);
        Ok(answer)
    };
    let answer = exchange().map_err(|error| format!("{server} does not answer: {error}"))?;
    match (answer.get(3).map(|flags| flags & 0x0f), answer.get(6..8)) {
        (Some(0), Some(count)) => Ok(u16::from_be_bytes([count[0], count[1]])),
        (Some(code), _) => Err(format!("{server} answers {name} with code {code}")),
        _ => Err(format!("{server} answers with no DNS packet")),
    }
}
