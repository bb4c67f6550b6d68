//! The rules of `golden/forum`, loaded by meshd into a network namespace of its own, judged by what connections meet.
//!
//! The machine has the port 3306 captured. A peer lives in a second namespace, over a pair of interfaces; nothing leads
//! out of the two.

#![allow(clippy::unwrap_used, reason = "this is a test: a failure shall end it")]

mod namespace;

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use namespace::{Namespace, connect, needs, say, serve, serve_transparent};

const PROXY: u32 = 1337;
const ROOT: u32 = 0;

/// A folder with the golden rules of one backend.
fn rules(backend: &str) -> tempfile::TempDir {
    rules_of("forum/groups/forum-db", backend)
}

fn rules_of(group: &str, backend: &str) -> tempfile::TempDir {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    let golden = golden.join(group).join("rootfs/etc/meshd");
    let root = tempfile::tempdir().unwrap();
    let etc = root.path().join("etc/meshd");
    std::fs::create_dir_all(&etc).unwrap();
    std::fs::create_dir_all(root.path().join("run")).unwrap();
    let files: &[&str] = if backend == "nft" {
        &["capture.nft"]
    } else {
        &["capture.v4.rules", "capture.v6.rules"]
    };
    for file in files {
        std::fs::copy(golden.join(file), etc.join(file)).unwrap();
    }
    root
}

fn meshd(root: &Path, action: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_meshd"))
        .args(["--root", root.to_str().unwrap(), "capture", action])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "capture {action}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

struct Addresses {
    machine: IpAddr,
    peer: IpAddr,
    loopback: IpAddr,
    /// Where the proxy's own connections to the application come from.
    inside: IpAddr,
}

fn addresses() -> [Addresses; 2] {
    let all = |machine: &str, peer: &str, loopback: &str, inside: &str| Addresses {
        machine: machine.parse().unwrap(),
        peer: peer.parse().unwrap(),
        loopback: loopback.parse().unwrap(),
        inside: inside.parse().unwrap(),
    };
    [
        all("10.9.0.1", "10.9.0.2", "127.0.0.1", "127.0.0.6"),
        all("fd00:9::1", "fd00:9::2", "::1", "::6"),
    ]
}

/// Two namespaces with their servers. Each server answers with its name.
fn world() -> (Namespace, Namespace) {
    let (machine, peer) = (Namespace::new(), Namespace::new());
    machine.link_to(&peer);
    for at in addresses() {
        let any = if at.machine.is_ipv4() { "0.0.0.0" } else { "::" }
            .parse::<IpAddr>()
            .unwrap();
        machine.run(move || {
            serve(SocketAddr::new(at.loopback, 15001), "outbound");
            serve(SocketAddr::new(any, 15006), "inbound");
            serve(SocketAddr::new(any, 3306), "application");
            serve(SocketAddr::new(any, 22), "ssh");
        });
        peer.run(move || serve(SocketAddr::new(any, 80), "peer"));
    }
    (machine, peer)
}

fn captured(machine: &Namespace, peer: &Namespace) {
    for at in addresses() {
        let Addresses {
            machine: own,
            peer: other,
            loopback,
            inside,
        } = at;
        let here = |user, from, to, port| machine.run(move || connect(user, from, SocketAddr::new(to, port)));
        assert_eq!(
            here(ROOT, None, other, 80),
            "outbound",
            "what applications send goes to the proxy"
        );
        assert_eq!(
            here(PROXY, None, other, 80),
            "peer",
            "what the proxy sends goes out"
        );
        assert_eq!(
            here(ROOT, None, loopback, 3306),
            "application",
            "what stays on the machine stays as it is"
        );
        assert_eq!(
            here(PROXY, None, own, 3306),
            "inbound",
            "a call to oneself through the mesh comes in again"
        );
        assert_eq!(
            here(PROXY, Some(inside), own, 3306),
            "application",
            "the proxy hands over to the application"
        );
        let there = |port| peer.run(move || connect(ROOT, None, SocketAddr::new(own, port)));
        assert_eq!(
            there(3306),
            "inbound",
            "what comes for the application goes to the proxy"
        );
        assert_eq!(there(22), "ssh", "the way in for people stays free");
    }
}

fn free(machine: &Namespace, peer: &Namespace) {
    for at in addresses() {
        let (own, other) = (at.machine, at.peer);
        assert_eq!(
            machine.run(move || connect(ROOT, None, SocketAddr::new(other, 80))),
            "peer"
        );
        assert_eq!(
            peer.run(move || connect(ROOT, None, SocketAddr::new(own, 3306))),
            "application"
        );
    }
}

fn whole_way(backend: &'static str) {
    if !needs(&["ip", "nft", "iptables-restore", "ip6tables-restore"]) {
        return;
    }
    let (machine, peer) = world();
    let root = rules(backend);
    let path = root.path().to_owned();
    let capture = |action: &'static str| {
        let path: PathBuf = path.clone();
        machine.run(move || meshd(&path, action))
    };
    free(&machine, &peer);
    capture("up");
    let shown = capture("show");
    captured(&machine, &peer);
    capture("up");
    assert_eq!(
        capture("show").lines().count(),
        shown.lines().count(),
        "loading twice changes nothing"
    );
    captured(&machine, &peer);
    capture("down");
    assert_eq!(capture("show"), "");
    free(&machine, &peer);
    let loopback = machine.run(|| {
        Command::new("ip")
            .args(["-6", "addr", "show", "dev", "lo"])
            .output()
            .unwrap()
            .stdout
    });
    assert!(
        !String::from_utf8(loopback).unwrap().contains("::6/"),
        "the loopback interface is as before"
    );
    capture("down");
}

#[test]
fn nftables_lead_connections_through_meshd() {
    whole_way("nft");
}

#[test]
fn iptables_lead_connections_through_meshd() {
    whole_way("iptables");
}

/// What of this thread's routing is for marked packets.
fn routing() -> Vec<String> {
    let shown = [
        "-4 rule show",
        "-6 rule show",
        "-4 route show table all",
        "-6 route show table all",
    ];
    let show = |line: &str| {
        let output = Command::new("ip").args(line.split(' ')).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let marked = |line: &&str| line.contains("lookup 133") || line.contains("table 133");
    let lines = shown.map(show).concat();
    lines.lines().filter(marked).map(str::to_owned).collect()
}

/// `golden/capture` has a group whose inbound connections are handed over as they are: that takes routes too.
#[test]
fn tproxy_gets_its_routes_and_they_go_with_it() {
    if !needs(&["ip", "nft", "iptables-restore", "ip6tables-restore"]) {
        return;
    }
    for backend in ["nft", "iptables"] {
        let (machine, peer) = (Namespace::new(), Namespace::new());
        machine.link_to(&peer);
        let (tproxy, redirect) = (rules_of("capture/groups/stock", backend), rules(backend));
        let paths = (tproxy.path().to_owned(), redirect.path().to_owned());
        machine.run(|| {
            for any in ["0.0.0.0", "::"] {
                serve_transparent(SocketAddr::new(any.parse().unwrap(), 15006), "inbound");
                serve(SocketAddr::new(any.parse().unwrap(), 9000), "application");
            }
        });
        let arrive =
            || addresses().map(|at| peer.run(move || connect(ROOT, None, SocketAddr::new(at.machine, 9000))));
        let (up, other) = paths.clone();
        machine.run(move || meshd(&up, "up"));
        assert_eq!(arrive(), ["inbound", "inbound"], "{backend}");
        let up = paths.0.clone();
        let (twice, replaced) = machine.run(move || {
            meshd(&up, "up");
            let twice = routing();
            // The next release redirects.
            std::fs::copy(
                up.join("run/meshd-capture.json"),
                other.join("run/meshd-capture.json"),
            )
            .unwrap();
            meshd(&other, "up");
            (twice, routing())
        });
        assert_eq!(
            twice.len(),
            4,
            "{backend}: one rule and one route a family: {twice:?}"
        );
        assert!(
            replaced.is_empty(),
            "{backend}: without TPROXY nothing of it stays: {replaced:?}"
        );
        let (path, _) = paths;
        let after = machine.run(move || {
            meshd(&path, "up");
            meshd(&path, "down");
            routing()
        });
        assert!(after.is_empty(), "{backend}: {after:?}");
        assert_eq!(arrive(), ["application", "application"], "{backend}");
    }
}

#[test]
fn a_change_of_backend_leaves_nothing_of_the_old_one() {
    if !needs(&["ip", "nft", "iptables-restore", "ip6tables-restore"]) {
        return;
    }
    let machine = Namespace::new();
    machine.run(|| {
        let (iptables, nft) = (rules("iptables"), rules("nft"));
        meshd(iptables.path(), "up");
        assert!(meshd(nft.path(), "show").contains("MESHD_OUTPUT"));
        meshd(nft.path(), "up");
        let shown = meshd(nft.path(), "show");
        assert!(
            shown.contains("table inet meshd") && !shown.contains("MESHD_"),
            "{shown}"
        );
        meshd(iptables.path(), "up");
        assert!(!meshd(nft.path(), "show").contains("table inet meshd"));
        meshd(nft.path(), "down");
    });
}

#[test]
fn tables_that_iptables_made_for_our_rules_go_with_them() {
    if !needs(&["ip", "nft", "iptables-restore", "ip6tables-restore"]) {
        return;
    }
    let machine = Namespace::new();
    machine.run(|| {
        let kernel = || {
            let ruleset = Command::new("nft").args(["list", "ruleset"]).output().unwrap();
            String::from_utf8(ruleset.stdout).unwrap()
        };
        let root = rules("iptables");
        assert_eq!(kernel(), "");
        // The second time the tables are there, and still are ours.
        meshd(root.path(), "up");
        meshd(root.path(), "up");
        assert!(kernel().contains("table ip nat") && kernel().contains("table ip6 nat"));
        meshd(root.path(), "down");
        assert_eq!(kernel(), "");
    });
}

#[test]
fn rules_of_others_stay() {
    if !needs(&["ip", "nft", "iptables-restore", "ip6tables-restore"]) {
        return;
    }
    let machine = Namespace::new();
    machine.run(|| {
        let root = rules("iptables");
        let run = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            assert!(
                Command::new(words[0])
                    .args(&words[1..])
                    .status()
                    .unwrap()
                    .success(),
                "{line}"
            );
        };
        let saved = || {
            let text = Command::new("iptables-save")
                .args(["-t", "nat"])
                .output()
                .unwrap()
                .stdout;
            let text = String::from_utf8(text).unwrap();
            text.lines()
                .filter(|line| line.contains("DOCKER"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        run("iptables -t nat -N DOCKER");
        run("iptables -t nat -A PREROUTING -j DOCKER");
        let before = saved();
        meshd(root.path(), "up");
        assert_eq!(saved(), before);
        meshd(root.path(), "down");
        assert_eq!(saved(), before);
    });
}

/// An operator's login over SSH is such a connection: the rules that it loads must not cut it off.
fn older_connections_live(backend: &'static str) {
    if !needs(&["ip", "nft", "iptables-restore", "ip6tables-restore"]) {
        return;
    }
    let (machine, peer) = (Namespace::new(), Namespace::new());
    machine.link_to(&peer);
    let root = rules(backend);
    let path = root.path().to_owned();
    for at in ["10.9.0.1:22", "[fd00:9::1]:22"] {
        let at: SocketAddr = at.parse().unwrap();
        let listener = machine.run(move || TcpListener::bind(at).unwrap());
        let mut there = peer.run(move || TcpStream::connect(at).unwrap());
        let (mut here, _) = listener.accept().unwrap();
        for action in ["up", "up", "down"] {
            let root = path.clone();
            machine.run(move || meshd(&root, action));
            // The machine speaks first: to the kernel, which watched nothing before, that looks like a new connection.
            assert_eq!(
                say(&mut here, &mut there, "from here").unwrap(),
                "from here",
                "{at} after {action}"
            );
            assert_eq!(
                say(&mut there, &mut here, "from there").unwrap(),
                "from there",
                "{at} after {action}"
            );
        }
    }
}

#[test]
fn connections_that_are_older_than_the_rules_of_nftables_live() {
    older_connections_live("nft");
}

#[test]
fn connections_that_are_older_than_the_rules_of_iptables_live() {
    older_connections_live("iptables");
}

/// What is left for the metrics, which are not root's.
fn word(root: &Path) -> Option<String> {
    std::fs::read_to_string(root.join("run/meshd-capture-seen")).ok()
}

#[test]
fn rules_that_somebody_takes_away_are_noticed() {
    if !needs(&["ip", "nft", "iptables-restore", "ip6tables-restore"]) {
        return;
    }
    let ways = [
        ("nft", "nft delete table inet meshd"),
        ("nft", "nft flush table inet meshd"),
        // The chains stay, and nothing leads to them.
        ("iptables", "iptables -t nat -F PREROUTING"),
        ("iptables", "ip6tables -t nat -F OUTPUT"),
    ];
    for (backend, away) in ways {
        let (machine, root) = (Namespace::new(), rules(backend));
        let path = root.path().to_owned();
        machine.run(move || {
            meshd(&path, "look");
            assert_eq!(word(&path), None, "nothing is to be there yet");
            meshd(&path, "up");
            meshd(&path, "look");
            assert_eq!(word(&path).as_deref(), Some("1\n"), "{backend}");
            // What has passed is no difference.
            let _ = std::net::UdpSocket::bind("127.0.0.1:0")
                .unwrap()
                .send_to(b"x", "127.0.0.1:9");
            meshd(&path, "look");
            assert_eq!(word(&path).as_deref(), Some("1\n"), "{backend}: after a packet");
            let words: Vec<_> = away.split(' ').collect();
            assert!(
                Command::new(words[0])
                    .args(&words[1..])
                    .status()
                    .unwrap()
                    .success()
            );
            meshd(&path, "look");
            assert_eq!(word(&path).as_deref(), Some("0\n"), "after {away}");
            meshd(&path, "up");
            assert_eq!(
                word(&path),
                None,
                "what was seen before says nothing of new rules"
            );
            meshd(&path, "look");
            assert_eq!(word(&path).as_deref(), Some("1\n"), "after new rules");
            meshd(&path, "down");
            meshd(&path, "look");
            assert_eq!(word(&path), None, "they are gone by our own will");
        });
    }
}
