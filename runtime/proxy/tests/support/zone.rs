//! A name server that says what it is told to.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

pub const SERVFAIL: u8 = 2;
pub const NXDOMAIN: u8 = 3;

const A: u16 = 1;
const AAAA: u16 = 28;
/// Behind the name of a question: type and class.
const BEHIND: usize = 4;

/// What is said of a name.
#[derive(Clone, Debug)]
pub enum Says {
    Addresses {
        all: Vec<IpAddr>,
        ttl: u32,
        /// UDP has no room for them.
        over_tcp: bool,
    },
    /// Nothing but this code.
    Code(u8),
    /// Nothing at all.
    Silence,
}

/// A name server on a port of its own, on UDP and on TCP. Names that it was not told of do not exist.
#[derive(Clone)]
pub struct Zone {
    pub address: SocketAddr,
    says: Arc<Mutex<HashMap<String, Says>>>,
    asked: Arc<Mutex<HashMap<String, usize>>>,
}

impl Zone {
    pub async fn serve() -> Self {
        let (tcp, udp) = loop {
            let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
                break (tcp, udp);
            }
        };
        let zone = Self {
            address: tcp.local_addr().unwrap(),
            says: Arc::default(),
            asked: Arc::default(),
        };
        let on_udp = zone.clone();
        tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((length, client)) = udp.recv_from(&mut packet).await {
                if let Some(answer) = on_udp.answer(&packet[..length], false) {
                    udp.send_to(&answer, client).await.unwrap();
                }
            }
        });
        let on_tcp = zone.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = tcp.accept().await {
                let zone = on_tcp.clone();
                tokio::spawn(async move {
                    while let Ok(length) = stream.read_u16().await {
                        let mut packet = vec![0; usize::from(length)];
                        stream.read_exact(&mut packet).await.unwrap();
                        if let Some(answer) = zone.answer(&packet, true) {
                            stream
                                .write_u16(u16::try_from(answer.len()).unwrap())
                                .await
                                .unwrap();
                            stream.write_all(&answer).await.unwrap();
                        }
                    }
                });
            }
        });
        zone
    }

    /// From now on, of `name`.
    pub fn say(&self, name: &str, says: Says) {
        self.says.lock().unwrap().insert(name.to_owned(), says);
    }

    pub fn addresses(&self, name: &str, all: &[&str], ttl: u32) {
        let all = all.iter().map(|ip| ip.parse().unwrap()).collect();
        let over_tcp = false;
        self.say(name, Says::Addresses { all, ttl, over_tcp });
    }

    /// How often `name` was asked for its IPv4 addresses, on UDP.
    pub fn asked(&self, name: &str) -> usize {
        self.asked.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    /// Waits until `name` is asked for so many times more.
    pub async fn asked_again(&self, name: &str, times: usize) {
        let before = self.asked(name);
        let enough = async {
            while self.asked(name) < before + times {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        let bound = std::time::Duration::from_secs(30);
        tokio::time::timeout(bound, enough).await.expect("nobody asks");
    }

    fn answer(&self, packet: &[u8], tcp: bool) -> Option<Vec<u8>> {
        let (name, end) = name(packet);
        let kind = u16::from_be_bytes([packet[end], packet[end + 1]]);
        if kind == A && !tcp {
            *self.asked.lock().unwrap().entry(name.clone()).or_default() += 1;
        }
        let mut answer = packet[..end + BEHIND].to_vec();
        (answer[2], answer[3]) = (0x81, 0x80);
        answer[6..12].fill(0);
        let says = self.says.lock().unwrap().get(&name).cloned();
        match says.unwrap_or(Says::Code(NXDOMAIN)) {
            Says::Silence => return None,
            Says::Code(code) => answer[3] |= code,
            Says::Addresses { over_tcp: true, .. } if !tcp => answer[2] |= 2,
            Says::Addresses { all, ttl, .. } => {
                let wanted = all
                    .iter()
                    .filter(|ip| kind == if ip.is_ipv4() { A } else { AAAA });
                for ip in wanted {
                    answer[7] += 1;
                    answer.extend([0xc0, 12]);
                    answer.extend(kind.to_be_bytes());
                    answer.extend([0, 1]);
                    answer.extend(ttl.to_be_bytes());
                    let bytes = match ip {
                        IpAddr::V4(ip) => ip.octets().to_vec(),
                        IpAddr::V6(ip) => ip.octets().to_vec(),
                    };
                    answer.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
                    answer.extend(bytes);
                }
            }
        }
        Some(answer)
    }
}

/// The name that is asked for, and the place behind it.
fn name(packet: &[u8]) -> (String, usize) {
    let (mut labels, mut at) = (Vec::new(), 12);
    while packet[at] != 0 {
        let end = at + 1 + usize::from(packet[at]);
        labels.push(String::from_utf8_lossy(&packet[at + 1..end]).to_lowercase());
        at = end;
    }
    (labels.join("."), at + 1)
}
