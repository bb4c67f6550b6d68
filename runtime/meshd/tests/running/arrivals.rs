//! Connections that arrive for an application: they reach it, and come from where capture lets them pass.

use std::io::Read as _;
use std::net::TcpStream;
use std::time::Duration;

use crate::alone;
use crate::servers;
use crate::world::{Machine, ROOT, USER};

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
    let iptables: &[&str] = &["capture.v4.rules", "capture.v6.rules"];
    // To take what is for other addresses, a process needs a right that systemd's socket has and our user has not.
    for (group, files, user, port) in [
        ("forum/groups/forum-db", &["capture.nft"][..], USER, 3306),
        ("forum/groups/forum-db", iptables, USER, 3306),
        ("capture/groups/stock", &["capture.nft"], ROOT, 9000),
        ("capture/groups/stock", iptables, ROOT, 9000),
    ] {
        let machine = Machine::capturing(group, files, user);
        machine.take_bytes();
        let (v4, v6) = if port == 3306 {
            ("10.9.0.1:3306", "[fd00:9::1]:3306")
        } else {
            ("10.9.0.1:9000", "[fd00:9::1]:9000")
        };
        machine.here.run(move || [v4, v6].map(servers::caller));
        let direct = [v4, v6].map(|dialled| seen(&machine, dialled));
        assert_eq!(direct, ["10.9.0.2", "fd00:9::2"], "nothing is captured yet");
        machine.capture();
        let mut meshd = machine.start();
        let captured = [v4, v6].map(|dialled| seen(&machine, dialled));
        assert_eq!(
            captured,
            ["127.0.0.6", "::6"],
            "{group} {files:?}: {}",
            meshd.log()
        );
        assert_eq!(meshd.ended(), None);
    }
}
