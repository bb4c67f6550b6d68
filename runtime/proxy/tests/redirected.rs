//! The kernel's memory of where a redirected connection was going.
//!
//! Needs root, for a network namespace of its own: no rule touches the machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(clippy::print_stdout, reason = "a test that cannot run says why")]

mod support;

use std::process::Command;

use mesh_proxy::telemetry::LogSink;
use mesh_proxy::{Destinations, Shared, drain, serve_outbound};
use support::{backend, snapshot};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

fn run(line: &str) {
    let mut words = line.split(' ');
    let done = Command::new(words.next().unwrap()).args(words).output().unwrap();
    assert!(
        done.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Leaves the machine's network; this runtime has one thread, which all its sockets and programs come from.
fn alone() -> bool {
    let Err(why) = nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET) else {
        return true;
    };
    assert!(std::env::var_os("CI").is_none(), "needs root: {why}");
    println!("skipped: needs root, for a network namespace of its own");
    false
}

#[tokio::test]
async fn redirected_connections_reach_where_they_were_going() {
    if !alone() {
        return;
    }
    run("ip link set lo up");
    run("ip address add 10.96.1.10/32 dev lo");
    run("ip address add fd00::10/128 dev lo nodad");
    let backend = backend::greeting().await;
    run("nft add table inet test");
    run("nft add chain inet test out { type nat hook output priority -100 ; }");
    run("nft add rule inet test out tcp dport 80 redirect to :15001");
    for (bind, dialled) in [
        ("127.0.0.1:15001", "10.96.1.10:80"),
        ("[::1]:15001", "[fd00::10]:80"),
    ] {
        let dialled: std::net::SocketAddr = dialled.parse().unwrap();
        let mut snapshot = snapshot::outbound(backend);
        snapshot::tcp(&mut snapshot);
        // Only the exact address: whoever is taken for another one ends in the black hole.
        snapshot.outbound[0].addresses = vec![dialled.ip()];
        snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap().transport =
            mesh_wire::cluster::Transport::Plaintext;
        let shared = Shared::new(Destinations::Socket, LogSink::none());
        shared.apply(snapshot).unwrap();
        let (_drainer, drain) = drain::new();
        let listener = TcpListener::bind(bind).await.unwrap();
        tokio::spawn(serve_outbound(listener, shared, drain));
        let mut greeting = [0; 5];
        TcpStream::connect(dialled)
            .await
            .unwrap()
            .read_exact(&mut greeting)
            .await
            .unwrap();
        assert_eq!(&greeting, b"hello", "{dialled}");
    }
}
