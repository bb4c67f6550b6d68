//! The server from outside: real sockets, a real upstream.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use mesh_wire::NameTable;
use mesh_wire::snapshot::NameEntry;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::forward::Transport;
use super::server::Step;
use super::{Dns, Names, Resolvers, serve_tcp, serve_udp};

const A: u16 = 1;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const NXDOMAIN: u8 = 3;
const SERVFAIL: u8 = 2;

fn question(id: u16, name: &str, kind: u16, edns: Option<u16>) -> Vec<u8> {
    let mut packet = id.to_be_bytes().to_vec();
    packet.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(edns.is_some())]);
    for label in name.split('.') {
        packet.push(u8::try_from(label.len()).unwrap());
        packet.extend(label.bytes());
    }
    packet.push(0);
    packet.extend(kind.to_be_bytes());
    packet.extend([0, 1]);
    if let Some(size) = edns {
        packet.extend([0, 0, 41]);
        packet.extend(size.to_be_bytes());
        packet.extend([0; 6]);
    }
    packet
}

#[derive(Debug, PartialEq, Eq)]
struct Told {
    id: u16,
    code: u8,
    truncated: bool,
    authoritative: bool,
    addresses: Vec<String>,
    ttl: Option<u32>,
    length: usize,
}

/// Reads an answer with the library, so that what is written by hand is judged by somebody else.
fn read(packet: &[u8]) -> Told {
    use hickory_proto::op::Message;
    use hickory_proto::rr::RData;
    let message = Message::from_vec(packet).unwrap();
    let metadata = &message.metadata;
    Told {
        id: metadata.id,
        code: metadata.response_code.low(),
        truncated: metadata.truncation,
        authoritative: metadata.authoritative,
        ttl: message.answers.first().map(|record| record.ttl),
        length: packet.len(),
        addresses: message
            .answers
            .iter()
            .map(|record| match &record.data {
                RData::A(address) => address.0.to_string(),
                RData::AAAA(address) => address.0.to_string(),
                RData::CNAME(name) => format!("{} -> {name}", record.name),
                other => other.to_string(),
            })
            .collect(),
    }
}

/// An upstream that answers `1.2.3.4`, cuts off `long.…` over UDP and knows no `.nowhere`.
async fn upstream() -> SocketAddr {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let udp = UdpSocket::bind(address).await.unwrap();
    tokio::spawn(async move {
        let mut packet = [0; 1500];
        loop {
            let (length, client) = udp.recv_from(&mut packet).await.unwrap();
            let mut answer = reply(&packet[..length]);
            if packet[12..].starts_with(b"\x04long") {
                answer.truncate(length);
                answer[2] |= 2;
                answer[7] = 0;
            }
            // Somebody who guesses: another id, then another question. Neither may reach the client.
            let mut forged = answer.clone();
            forged[0] ^= 1;
            udp.send_to(&forged, client).await.unwrap();
            let mut forged = answer.clone();
            forged[13] ^= 1;
            udp.send_to(&forged, client).await.unwrap();
            udp.send_to(&answer, client).await.unwrap();
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = tcp.accept().await.unwrap();
            let mut packet = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut packet).await.unwrap();
            let answer = reply(&packet);
            stream
                .write_u16(u16::try_from(answer.len()).unwrap())
                .await
                .unwrap();
            stream.write_all(&answer).await.unwrap();
        }
    });
    address
}

fn reply(packet: &[u8]) -> Vec<u8> {
    let end = 12 + packet[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let mut answer = packet[..end].to_vec();
    answer[2] = 0x81;
    answer[3] = 0x80;
    answer[10..12].fill(0);
    if packet[12..]
        .windows(8)
        .any(|part| part == b"\x07nowhere"[..].get(..8).unwrap())
    {
        answer[3] |= NXDOMAIN;
        return answer;
    }
    answer[7] = 1;
    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 2, 3, 4]);
    answer
}

fn names() -> Names {
    let entry = |addresses: &[&str], kubernetes| NameEntry {
        addresses: addresses
            .iter()
            .map(|address| address.parse::<IpAddr>().unwrap())
            .collect(),
        kubernetes,
    };
    let many: Vec<String> = (1..=60).map(|last| format!("240.0.1.{last}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    Names::compile(&NameTable {
        ttl: 7,
        search: vec![
            "forum.svc.cluster.local".into(),
            "svc.cluster.local".into(),
            "cluster.local".into(),
        ],
        hosts: [
            (
                "webapp.forum.svc.cluster.local".to_owned(),
                entry(&["240.0.0.1", "2001:2::1"], true),
            ),
            (
                "pair.example".to_owned(),
                entry(&["240.0.0.2", "240.0.0.3"], false),
            ),
            ("many.example".to_owned(), entry(&many, false)),
            ("*.wild.example".to_owned(), entry(&["240.0.0.4"], false)),
            ("empty.example".to_owned(), entry(&[], false)),
        ]
        .into(),
        ..NameTable::default()
    })
}

async fn server(resolvers: Resolvers) -> SocketAddr {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let udp = Arc::new(UdpSocket::bind(address).await.unwrap());
    let dns = Arc::new(Dns::new(names(), resolvers));
    let (drainer, drain) = crate::drain::new();
    tokio::spawn(serve_udp(udp, Arc::clone(&dns), drain.clone()));
    tokio::spawn(serve_tcp(tcp, dns, drain));
    // For as long as the test runs.
    tokio::spawn(async move {
        let _held = drainer;
        std::future::pending::<()>().await;
    });
    address
}

async fn over_udp(server: SocketAddr, packet: &[u8]) -> Told {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server).await.unwrap();
    socket.send(packet).await.unwrap();
    let mut answer = [0; 4096];
    let length = socket.recv(&mut answer).await.unwrap();
    read(&answer[..length])
}

async fn over_tcp(server: SocketAddr, packets: &[Vec<u8>]) -> Vec<Told> {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let frames: Vec<u8> = packets
        .iter()
        .flat_map(|packet| [&u16::try_from(packet.len()).unwrap().to_be_bytes(), &packet[..]].concat())
        .collect();
    stream.write_all(&frames).await.unwrap();
    let mut told = Vec::new();
    for _ in packets {
        let mut answer = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut answer).await.unwrap();
        told.push(read(&answer));
    }
    told
}

#[tokio::test]
async fn mesh_names_are_answered_with_their_ttl_in_both_families() {
    let server = server(Resolvers::default()).await;
    let told = over_udp(server, &question(9, "WebApp", A, None)).await;
    assert_eq!(
        (told.id, told.code, told.authoritative, told.ttl),
        (9, 0, true, Some(7))
    );
    assert_eq!(told.addresses, ["240.0.0.1"]);
    let told = over_udp(server, &question(9, "webapp.forum", AAAA, Some(1232))).await;
    assert_eq!(told.addresses, ["2001:2::1"]);
    let told = over_udp(server, &question(9, "a.b.wild.example", A, None)).await;
    assert_eq!(told.addresses, ["240.0.0.4"]);
    for (name, kind) in [("pair.example", AAAA), ("empty.example", A)] {
        let told = over_udp(server, &question(9, name, kind, None)).await;
        assert_eq!(
            (told.code, told.addresses.len()),
            (0, 0),
            "{name} is known, without this family"
        );
    }
}

#[tokio::test]
async fn an_expanded_name_is_told_as_alias() {
    let server = server(Resolvers::default()).await;
    let told = over_udp(
        server,
        &question(1, "pair.example.forum.svc.cluster.local", A, None),
    )
    .await;
    assert_eq!(
        told.addresses[0],
        "pair.example.forum.svc.cluster.local. -> pair.example."
    );
    assert_eq!(told.addresses.len(), 3);
}

#[tokio::test]
async fn addresses_take_turns() {
    let server = server(Resolvers::default()).await;
    let first = over_udp(server, &question(1, "pair.example", A, None))
        .await
        .addresses;
    let second = over_udp(server, &question(2, "pair.example", A, None))
        .await
        .addresses;
    assert_eq!(first, second.into_iter().rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn an_answer_that_does_not_fit_says_so_and_comes_whole_over_tcp() {
    let server = server(Resolvers::default()).await;
    let told = over_udp(server, &question(1, "many.example", A, None)).await;
    assert!(
        told.truncated && told.length <= 512 && !told.addresses.is_empty(),
        "{told:?}"
    );
    let told = over_udp(server, &question(1, "many.example", A, Some(4096))).await;
    assert!(!told.truncated);
    assert_eq!(told.addresses.len(), 60);
    let packets = [
        question(1, "many.example", A, None),
        question(2, "webapp", A, None),
    ];
    let told = over_tcp(server, &packets).await;
    assert_eq!(
        (told[0].addresses.len(), told[1].addresses.len(), told[1].id),
        (60, 1, 2)
    );
}

#[tokio::test]
async fn other_names_and_other_types_go_upstream_and_forgeries_do_not_come_back() {
    let up = upstream().await;
    let server = server(Resolvers::of(vec![up])).await;
    let told = over_udp(server, &question(77, "www.outside.example", A, None)).await;
    assert_eq!((told.id, told.addresses), (77, vec!["1.2.3.4".to_owned()]));
    let told = over_udp(server, &question(78, "webapp.forum.svc.cluster.local", TXT, None)).await;
    assert_eq!((told.id, told.addresses.len()), (78, 1));
    let told = over_udp(server, &question(79, "x.nowhere", A, Some(1232))).await;
    assert_eq!(told.code, NXDOMAIN);
    let told = over_udp(server, &question(80, "long.outside.example", A, None)).await;
    assert_eq!(
        (told.truncated, told.addresses.len()),
        (false, 1),
        "what was cut off is asked again over TCP"
    );
    let told = over_tcp(server, &[question(81, "www.outside.example", A, None)]).await;
    assert_eq!(told[0].addresses, ["1.2.3.4"]);
}

#[tokio::test]
async fn a_dead_server_is_passed_over_and_none_at_all_is_a_failure() {
    let dead = UdpSocket::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let up = upstream().await;
    let passing = server(Resolvers::of(vec![dead, up])).await;
    let told = over_udp(passing, &question(1, "www.outside.example", A, None)).await;
    assert_eq!(told.addresses, ["1.2.3.4"]);
    let failing = server(Resolvers::of(vec![dead])).await;
    assert_eq!(
        over_udp(failing, &question(1, "www.outside.example", A, None))
            .await
            .code,
        SERVFAIL
    );
    let domain = server(Resolvers::of(vec![dead]).with_domain("corp.example", vec![up])).await;
    let told = over_udp(domain, &question(1, "git.corp.example", A, None)).await;
    assert_eq!(told.addresses, ["1.2.3.4"]);
}

#[tokio::test]
async fn a_packet_that_is_no_question_is_refused_or_dropped() {
    let dns = Dns::new(names(), Resolvers::default());
    let mut out = Vec::new();
    let mut response = question(1, "webapp", A, None);
    response[2] |= 0x80;
    assert!(matches!(
        dns.answer(&response, Transport::Udp, &mut out),
        Step::Dropped
    ));
    assert!(matches!(
        dns.answer(&[0; 11], Transport::Udp, &mut out),
        Step::Dropped
    ));
    let cut = question(5, "webapp", A, None);
    assert!(matches!(
        dns.answer(&cut[..20], Transport::Udp, &mut out),
        Step::Answered
    ));
    assert_eq!(read(&out).code, 1);
    let mut update = question(5, "webapp", A, None);
    update[2] |= 5 << 3;
    assert!(matches!(
        dns.answer(&update, Transport::Udp, &mut out),
        Step::Answered
    ));
    assert_eq!(out[3] & 0x0f, 4);
}

proptest! {
    #[test]
    fn no_packet_breaks_the_server(packet in proptest::collection::vec(any::<u8>(), 0..600)) {
        let dns = Dns::new(names(), Resolvers::default());
        dns.answer(&packet, Transport::Udp, &mut Vec::new());
    }

    #[test]
    fn no_changed_question_breaks_the_server(
        at in 0_usize..60, byte: u8, cut in 0_usize..60, name in "[a-z*]{1,20}(\\.[a-zA-Z]{1,10}){0,5}",
    ) {
        let dns = Dns::new(names(), Resolvers::default());
        let mut packet = question(1, &name, A, Some(1232));
        if let Some(place) = packet.get_mut(at) {
            *place = byte;
        }
        packet.truncate(packet.len().saturating_sub(cut));
        let mut out = Vec::new();
        if matches!(dns.answer(&packet, Transport::Udp, &mut out), Step::Answered) {
            prop_assert!(hickory_proto::op::Message::from_vec(&out).is_ok(), "{out:?}");
            prop_assert_eq!(&out[..2], &packet[..2]);
        }
    }
}
