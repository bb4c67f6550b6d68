//! Connections that arrive for an application: they reach it, and it sees them come from where it should.

use std::io::Read as _;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpSocket;

use crate::alone;
use crate::namespace::ip;
use crate::servers;
use crate::world::Machine;

const NFT: &[&str] = &["capture.nft"];
const IPTABLES: &[&str] = &["capture.v4.rules", "capture.v6.rules"];
/// Its capture redirects.
const REDIRECT: &str = "forum/groups/forum-db";
/// Its capture hands over by TPROXY.
const TPROXY: &str = "capture/groups/stock";
/// The applications of that one, which see clients.
const APPLICATIONS: [&str; 2] = ["10.9.0.1:9000", "[fd00:9::1]:9000"];
const CLIENTS: [&str; 2] = ["10.9.0.2", "fd00:9::2"];
const OTHERS: [&str; 2] = ["10.9.0.3", "fd00:9::3"];
const MESHD: [&str; 2] = ["127.0.0.6", "::6"];

/// What a caller elsewhere is told that dials the machine: the address that the application sees.
fn seen(machine: &Machine, dialled: &'static str) -> String {
    machine.there.run(move || {
        let mut told = String::new();
        let mut stream = TcpStream::connect(dialled).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.read_to_string(&mut told).unwrap();
        told
    })
}

#[test]
fn an_application_is_reached_in_both_families_however_packets_are_led() {
    let Some(_alone) = alone() else { return };
    for (group, files, client_source, expected) in [
        (REDIRECT, NFT, true, MESHD),
        (REDIRECT, IPTABLES, true, MESHD),
        (TPROXY, NFT, true, CLIENTS),
        (TPROXY, IPTABLES, true, CLIENTS),
        (TPROXY, NFT, false, MESHD),
    ] {
        let mut machine = Machine::capturing(group, files);
        machine.may_speak_for_others = true;
        machine.take("tcp", client_source);
        let dialled = if group == REDIRECT {
            ["10.9.0.1:3306", "[fd00:9::1]:3306"]
        } else {
            APPLICATIONS
        };
        machine.here.run(move || {
            dialled.into_iter().for_each(servers::caller);
            // Some machines throw away what comes from elsewhere than answers would go to.
            std::fs::write("/proc/sys/net/ipv4/conf/all/rp_filter", "1").unwrap();
        });
        assert_eq!(
            dialled.map(|to| seen(&machine, to)),
            CLIENTS,
            "nothing is captured yet"
        );
        machine.capture();
        let mut meshd = machine.start();
        // More than once: nothing that is left of one connection is in the way of the next.
        for _ in 0..20 {
            let captured = dialled.map(|to| seen(&machine, to));
            assert_eq!(captured, expected, "{group} {files:?}: {}", meshd.log());
        }
        assert_eq!(meshd.ended(), None);
    }
}

/// A process takes over sockets that get what is for others, and has no right itself to speak for them.
#[test]
fn without_the_right_to_clients_addresses_applications_are_reached_and_it_is_told_once() {
    let Some(_alone) = alone() else { return };
    let mut machine = Machine::capturing(TPROXY, NFT);
    machine.may_speak_for_others = true;
    machine.take("tcp", true);
    machine.here.run(|| APPLICATIONS.map(servers::caller));
    machine.capture();
    let old = machine.start();
    assert_eq!(
        APPLICATIONS.map(|to| seen(&machine, to)),
        CLIENTS,
        "{}",
        old.log()
    );
    machine.may_speak_for_others = false;
    let new = machine.start();
    for _ in 0..3 {
        assert_eq!(APPLICATIONS.map(|to| seen(&machine, to)), MESHD, "{}", new.log());
    }
    assert_eq!(new.log().matches("CAP_NET_RAW").count(), 1, "{}", new.log());
    assert!(!old.log().contains("CAP_NET_RAW"), "{}", old.log());
}

/// Whom the application sees that a client asks, who has an address of his own.
fn asked(machine: &Machine, from: &'static str, to: &'static str, http2: bool) -> SocketAddr {
    machine.there.run(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let asking = async {
            let from: IpAddr = from.parse().unwrap();
            let socket = if from.is_ipv4() {
                TcpSocket::new_v4()
            } else {
                TcpSocket::new_v6()
            };
            let socket = socket.unwrap();
            socket.bind(SocketAddr::new(from, 0)).unwrap();
            let stream = TokioIo::new(socket.connect(to.parse().unwrap()).await.unwrap());
            let request = Request::get("http://web/caller").header("host", "web");
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let answer = if http2 {
                let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
                tokio::spawn(connection);
                sender.send_request(request).await.unwrap()
            } else {
                let (mut sender, connection) = http1::handshake(stream).await.unwrap();
                tokio::spawn(connection);
                sender.send_request(request).await.unwrap()
            };
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            String::from_utf8(body.to_vec()).unwrap().parse().unwrap()
        };
        let bounded = async { tokio::time::timeout(Duration::from_secs(10), asking).await };
        runtime.block_on(bounded).unwrap()
    })
}

/// Connections to applications are kept for the next request; of the same client.
#[test]
fn requests_of_one_client_never_come_from_another() {
    let Some(_alone) = alone() else { return };
    let mut machine = Machine::capturing(TPROXY, NFT);
    machine.may_speak_for_others = true;
    machine.take("http", true);
    machine.here.run(|| APPLICATIONS.map(servers::web));
    machine.there.run(|| {
        ip("addr add 10.9.0.3/24 dev v1");
        ip("addr add fd00:9::3/64 dev v1 nodad");
    });
    machine.capture();
    let meshd = machine.start();
    for http2 in [false, true] {
        for family in [0, 1] {
            let to = APPLICATIONS[family];
            let clients = [CLIENTS[family], OTHERS[family]];
            let first = clients.map(|from| asked(&machine, from, to, http2));
            let shown = first.map(|seen| seen.ip().to_string());
            assert_eq!(shown, clients, "{}", meshd.log());
            let mut again = 0;
            for _ in 0..10 {
                let next = clients.map(|from| asked(&machine, from, to, http2));
                assert_eq!(next.map(|seen| seen.ip().to_string()), clients, "{}", meshd.log());
                again += usize::from(next.iter().any(|seen| first.contains(seen)));
            }
            assert!(again > 0, "no connection served twice: {first:?}");
        }
    }
}
