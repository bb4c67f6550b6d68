//! The capture rules, judged by what packets meet: Istio's rules and ours, in iptables and in nftables, each on a
//! machine of its own, must send every connection and every query to the same place.
//!
//! One rule of ours is not Istio's: packets that open no connection are never redirected. It changes nothing for
//! connections that begin under the rules, which are those that are sent here.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

#[path = "capture/cases.rs"]
mod cases;
#[path = "common/mod.rs"]
mod common;
#[path = "capture/flags.rs"]
mod flags;
#[path = "packets/named.rs"]
mod named;
#[path = "../../../runtime/meshd/tests/namespace/mod.rs"]
mod namespace;
#[path = "packets/probe.rs"]
mod probe;
#[path = "packets/world.rs"]
mod world;

use std::collections::BTreeSet;

use mesh_compiler::emit::capture::{InboundMode, Owners, Rules, Settings, rules};
use probe::Seen;
use world::{Loader, World};

const TOOLS: &[&str] = &["ip", "nft", "iptables-restore", "ip6tables-restore"];

#[test]
fn packets_go_where_istio_sends_them() {
    let Some(cases) = cases::all().filter(|_| namespace::needs(TOOLS)) else {
        return;
    };
    let mut places = BTreeSet::new();
    for case in cases {
        let settings = cases::numbered(case.settings);
        let ours = rules(&settings);
        let istio = World::new(&settings);
        istio.load(Loader::Iptables, restore(&case.iptables));
        istio.load(Loader::Ip6tables, restore(&case.ip6tables));
        let iptables = by_iptables(&settings, &ours);
        let nft = by_nft(&settings, &ours);
        let place = case.path.display();
        let expected = istio.try_all(false);
        places.extend(
            expected
                .values()
                .filter_map(|place| place.split(' ').next().map(str::to_owned)),
        );
        same(
            &iptables.try_all(false),
            &expected,
            &format!("iptables and Istio, {place}"),
        );
        same(
            &nft.try_all(false),
            &expected,
            &format!("nftables and Istio, {place}"),
        );
        let expected = if case.ip6tables.is_empty() {
            iptables.try_all(true)
        } else {
            istio.try_all(true)
        };
        same(
            &iptables.try_all(true),
            &expected,
            &format!("ip6tables and Istio, {place}"),
        );
        same(
            &nft.try_all(true),
            &expected,
            &format!("nftables and ip6tables, {place}"),
        );
    }
    for place in ["outbound", "inbound", "dns", "machine", "outside"] {
        assert!(places.contains(place), "nothing gets to {place} by any case");
    }
}

/// Settings beyond the references: both formats do the same, and what is meant.
#[test]
fn both_formats_send_packets_where_the_settings_say() {
    if !namespace::needs(TOOLS) {
        return;
    }
    let all = || {
        cases::said(
            &[
                "-b",
                "*",
                "-d",
                "22",
                "-i",
                "*",
                "--redirect-dns",
                "--capture-all-dns",
            ],
            &[],
        )
    };
    let beyond: Vec<(Settings, &[(&str, &str)])> = vec![
        (
            Settings {
                groups: Owners::Only(vec![1000.into()]),
                ..all()
            },
            &[
                ("machine 1000:1000 tcp 10.1.2.3:80", "outbound for 10.1.2.3:80"),
                ("machine 33:42 tcp 10.1.2.3:80", "outside"),
                ("machine 33:42 udp 192.0.2.53:53", "outside"),
                ("machine 1000:1000 udp 192.0.2.53:53", "dns"),
            ],
        ),
        (
            Settings {
                groups: Owners::AllBut(vec![42.into()]),
                exclude_users: vec![0.into()],
                ..all()
            },
            &[
                ("machine 33:42 tcp 10.1.2.3:80", "outside"),
                ("machine 0:0 udp 192.0.2.53:53", "outside"),
                ("machine 1000:1000 tcp 10.1.2.3:80", "outbound for 10.1.2.3:80"),
            ],
        ),
        (
            Settings {
                ipv6: false,
                drop_invalid: true,
                ..all()
            },
            &[
                ("machine 1000:1000 tcp 10.1.2.3:80", "outbound for 10.1.2.3:80"),
                ("machine 1000:1000 tcp [fd00:1::1]:80", "outside"),
                ("outside 0:0 tcp [fd00:77::1]:8080", "machine"),
            ],
        ),
        (
            Settings {
                exclude_interfaces: vec!["v*".to_owned()],
                ..all()
            },
            &[
                ("machine 1000:1000 tcp 10.1.2.3:80", "outside"),
                ("outside 0:0 tcp 192.168.77.1:8080", "machine"),
            ],
        ),
        (
            cases::said(
                &["-i", "10.0.0.0/8,fd00:1::/64", "-x", "10.9.0.0/16", "-k", "virt0"],
                &[],
            ),
            &[
                ("container 0:0 tcp 10.1.2.3:80", "outbound for 10.1.2.3:80"),
                ("container 0:0 tcp [fd00:1::1]:80", "outbound for [fd00:1::1]:80"),
                ("container 0:0 tcp 203.0.113.7:9999", "outside"),
            ],
        ),
    ];
    for (settings, expected) in beyond {
        let ours = rules(&settings);
        let (iptables, nft) = (by_iptables(&settings, &ours), by_nft(&settings, &ours));
        for ipv6 in [false, true] {
            let seen = iptables.try_all(ipv6);
            same(
                &nft.try_all(ipv6),
                &seen,
                &format!("nftables and iptables, {settings:?}"),
            );
            for (probe, place) in expected.iter().filter(|(probe, _)| probe.contains('[') == ipv6) {
                assert_eq!(seen[*probe], *place, "{probe}, {settings:?}");
            }
        }
    }
}

#[test]
fn tproxy_hands_over_what_arrives() {
    if !namespace::needs(TOOLS) {
        return;
    }
    let settings = Settings {
        mode: InboundMode::TPROXY,
        ..cases::said(&["-b", "*", "-d", "22", "-i", "*"], &[])
    };
    let ours = rules(&settings);
    for (world, name) in [
        (by_iptables(&settings, &ours), "iptables"),
        (by_nft(&settings, &ours), "nftables"),
    ] {
        let mut seen = world.try_all(false);
        seen.extend(world.try_all(true));
        for (probe, place) in [
            (
                "outside 0:0 tcp 192.168.77.1:8080",
                "inbound for 192.168.77.1:8080",
            ),
            (
                "outside 0:0 tcp [fd00:77::1]:8080",
                "inbound for [fd00:77::1]:8080",
            ),
            ("outside 0:0 tcp 192.168.77.1:22", "machine"),
            (
                "machine 1337:1337 tcp 192.168.77.1:8080",
                "inbound for 192.168.77.1:8080",
            ),
            ("machine 1000:1000 tcp 192.168.77.1:8080", "machine"),
            (
                "machine 1337:1337 from 127.0.0.6 tcp 192.168.77.1:8080",
                "machine",
            ),
            ("machine 1000:1000 tcp 10.1.2.3:80", "outbound for 10.1.2.3:80"),
            ("machine 1337:1337 tcp 10.1.2.3:80", "outside"),
        ] {
            assert_eq!(seen[probe], place, "{probe} by {name}");
        }
    }
}

fn by_iptables(settings: &Settings, rules: &Rules) -> World {
    let world = World::new(settings);
    world.load(Loader::Iptables, rules.v4.clone());
    world.load(Loader::Ip6tables, rules.v6.clone());
    world
}

fn by_nft(settings: &Settings, rules: &Rules) -> World {
    let world = World::new(settings);
    world.load(Loader::Nft, rules.nft.clone());
    world
}

fn restore(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn same(seen: &Seen, expected: &Seen, who: &str) {
    let differ: Vec<_> = expected
        .iter()
        .filter(|(probe, place)| seen[*probe] != **place)
        .map(|(probe, place)| format!("{probe}: {} instead of {place}", seen[probe]))
        .collect();
    assert!(differ.is_empty(), "{who}:\n{}", differ.join("\n"));
}
