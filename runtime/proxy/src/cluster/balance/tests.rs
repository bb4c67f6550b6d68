use std::collections::BTreeMap;

use mesh_wire::Millis;

use super::*;

fn cluster(balance: wire::Balance, weights: &[u32]) -> wire::Cluster {
    let endpoint = |(index, weight): (usize, &u32)| wire::Endpoint {
        address: format!("10.0.0.{index}"),
        port: 80,
        weight: *weight,
        mtls: false,
        workload: None,
        labels: BTreeMap::new(),
    };
    wire::Cluster {
        discovery: wire::Discovery::Listed,
        transport: wire::Transport::Plaintext,
        http: wire::HttpVersion::Http1,
        balance,
        locality: wire::LocalityPolicy::Ignore,
        connect_timeout: Millis::from_secs(1),
        limits: wire::Limits::default(),
        outliers: None,
        panic_threshold: 0,
        keepalive: None,
        warmup: Millis(0),
        warmup_curve: None,
        name_refresh: None,
        source_address: None,
        source_hash: false,
        port_override: None,
        service: None,
        endpoints: vec![wire::LocalityEndpoints {
            locality: wire::Locality::default(),
            priority: 0,
            endpoints: weights.iter().enumerate().map(endpoint).collect(),
        }],
    }
}

/// No name has an address.
const NOBODY: fn(&str) -> Option<Vec<std::net::IpAddr>> = |_| None;

fn balancer(wire: &wire::Cluster) -> Balancer {
    let endpoints = super::super::endpoint::compile(wire, &[], &NOBODY).unwrap();
    Balancer::new(wire, &Own::default(), endpoints)
}

fn counts(wire: &wire::Cluster, picks: usize) -> BTreeMap<String, usize> {
    let (balancer, mut counts) = (balancer(wire), BTreeMap::new());
    for _ in 0..picks {
        let picked = balancer.pick(wire, &Hint::default()).unwrap();
        *counts.entry(picked.wire.address.clone()).or_insert(0) += 1;
    }
    counts
}

#[test]
fn round_robin_is_exact() {
    let counts = counts(&cluster(wire::Balance::RoundRobin, &[110, 120, 130]), 3600);
    for (address, expected) in [("10.0.0.0", 1100), ("10.0.0.1", 1200), ("10.0.0.2", 1300)] {
        assert!(counts[address].abs_diff(expected) <= 3, "{counts:?}");
    }
}

#[test]
fn drawing_is_near_the_weights() {
    let counts = counts(&cluster(wire::Balance::LeastRequest, &[1, 3]), 20_000);
    assert!((4_000..6_000).contains(&counts["10.0.0.0"]), "{counts:?}");
}

#[test]
fn random_looks_at_no_weight() {
    let counts = counts(&cluster(wire::Balance::Random, &[1, 3, 0]), 20_000);
    assert!((9_000..11_000).contains(&counts["10.0.0.0"]), "{counts:?}");
    assert_eq!(counts.len(), 2);
}

#[test]
fn below_the_threshold_ill_endpoints_are_asked_too() {
    for (threshold, ill, asked) in [
        (0, 1, 2),
        (60, 1, 2),
        (70, 1, 3),
        (50, 2, 3),
        (0, 3, 0),
        (1, 3, 3),
    ] {
        let mut wire = cluster(wire::Balance::RoundRobin, &[1, 1, 1]);
        wire.panic_threshold = threshold;
        let outliers = wire::Outliers {
            consecutive_5xx: Some(1),
            consecutive_gateway: None,
            interval: Millis(1000),
            ejection: Millis::from_secs(1000),
            max_percent: 100,
            consecutive_local: None,
            statuses: Vec::new(),
        };
        let balancer = balancer(&wire);
        for endpoint in &balancer.endpoints()[..ill] {
            endpoint.health.eject(&outliers);
        }
        let picked = (0..30).filter_map(|_| balancer.pick(&wire, &Hint::default()));
        let addresses: std::collections::BTreeSet<_> = picked.map(|one| one.wire.address.clone()).collect();
        assert_eq!(addresses.len(), asked, "{threshold} {ill}");
    }
}

#[test]
fn a_weight_of_zero_gets_nothing() {
    assert_eq!(
        counts(&cluster(wire::Balance::LeastRequest, &[0, 1]), 100).len(),
        1
    );
}

#[test]
fn the_busier_of_two_is_avoided() {
    let wire = cluster(wire::Balance::LeastRequest, &[1, 1]);
    let balancer = balancer(&wire);
    let busy: Vec<_> = (0..100).map(|_| balancer.endpoints()[0].begin()).collect();
    let picks = (0..1000)
        .filter(|_| balancer.pick(&wire, &Hint::default()).unwrap().active() > 0)
        .count();
    // Only where both draws hit the busy one.
    assert!(picks < 400, "{picks}");
    drop(busy);
}

#[test]
fn what_was_tried_is_tried_again_only_when_nothing_else_is_left() {
    let wire = cluster(wire::Balance::Random, &[1, 1]);
    let balancer = balancer(&wire);
    let tried = [balancer.endpoints()[0].clone()];
    for _ in 0..50 {
        let picked = balancer
            .pick(
                &wire,
                &Hint {
                    hash: None,
                    tried: &tried,
                    ..Hint::default()
                },
            )
            .unwrap();
        assert!(Arc::ptr_eq(&picked, &balancer.endpoints()[1]));
    }
    assert!(
        balancer
            .pick(
                &wire,
                &Hint {
                    hash: None,
                    tried: balancer.endpoints(),
                    ..Hint::default()
                }
            )
            .is_some()
    );
}

#[test]
fn most_keys_stay_where_they_are_when_another_endpoint_goes() {
    for balance in [
        wire::Balance::RingHash { minimum_size: 1024 },
        wire::Balance::Maglev { table_size: 65_537 },
    ] {
        let all = cluster(balance.clone(), &[1; 5]);
        let mut fewer = all.clone();
        fewer.endpoints[0].endpoints.remove(2);
        let (before, after) = (balancer(&all), balancer(&fewer));
        let address = |balancer: &Balancer, wire, hash| {
            let hint = Hint {
                hash: Some(hash),
                ..Hint::default()
            };
            balancer.pick(wire, &hint).unwrap().wire.address.clone()
        };
        let (mut stayed, mut moved) = (0, 0);
        for key in 0..2000u64 {
            let hash = crate::cluster::xxhash(&key.to_be_bytes(), 0);
            let home = address(&before, &all, hash);
            match home == "10.0.0.2" || home == address(&after, &fewer, hash) {
                true => stayed += 1,
                false => moved += 1,
            }
        }
        assert!(moved * 5 < stayed, "{balance:?}: {moved} of {stayed} moved");
    }
}

#[tokio::test(start_paused = true)]
async fn the_share_of_who_joins_grows() {
    for balance in [wire::Balance::LeastRequest, wire::Balance::RoundRobin] {
        let mut all = cluster(balance.clone(), &[1, 1]);
        all.warmup = Millis::from_secs(100);
        let mut before = all.clone();
        before.endpoints[0].endpoints.truncate(1);
        let old = super::super::endpoint::compile(&before, &[], &NOBODY).unwrap();
        let endpoints = super::super::endpoint::compile(&all, &old, &NOBODY).unwrap();
        let balancer = Balancer::new(&all, &Own::default(), endpoints);
        let mut last = 0;
        for (seconds, low, high) in [(0, 600, 1300), (50, 2800, 3900), (50, 4500, 5500)] {
            tokio::time::advance(std::time::Duration::from_secs(seconds)).await;
            let picks = (0..10_000).filter(|_| {
                let picked = balancer.pick(&all, &Hint::default()).unwrap();
                picked.wire.address == "10.0.0.1"
            });
            let picks = picks.count();
            assert!(
                (low..high).contains(&picks) && picks > last,
                "{balance:?} {seconds} {picks}"
            );
            last = picks;
        }
    }
}

#[test]
fn another_priority_is_tried_where_that_is_asked_for() {
    let mut wire = cluster(wire::Balance::Random, &[1, 1]);
    let mut far = wire.endpoints[0].clone();
    far.priority = 1;
    far.endpoints.truncate(1);
    far.endpoints[0].address = "10.0.1.0".to_owned();
    wire.endpoints.push(far);
    wire.locality = wire::LocalityPolicy::Given;
    let balancer = balancer(&wire);
    let near = &balancer.endpoints()[..1];
    for (left, expected) in [(&near[..0], false), (near, true), (balancer.endpoints(), false)] {
        let hint = Hint {
            left,
            ..Hint::default()
        };
        let picked = balancer.pick(&wire, &hint).unwrap();
        assert_eq!(picked.wire.address == "10.0.1.0", expected, "{}", left.len());
    }
}
