use std::collections::BTreeMap;

use mesh_wire::Millis;
use proptest::prelude::*;

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

fn balancer(wire: &wire::Cluster) -> Balancer {
    let endpoints = super::super::endpoint::compile(wire, &[]).unwrap();
    Balancer::new(wire, &wire::Locality::default(), endpoints)
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
    for balance in [wire::Balance::Random, wire::Balance::LeastRequest] {
        let counts = counts(&cluster(balance, &[1, 3]), 20_000);
        assert!((4_000..6_000).contains(&counts["10.0.0.0"]), "{counts:?}");
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
                    tried: balancer.endpoints()
                }
            )
            .is_some()
    );
}

proptest! {
    #[test]
    fn a_key_stays_where_it_is_when_another_endpoint_goes(hash: u64, gone in 0usize..5) {
        let all = cluster(wire::Balance::Maglev { table_size: 65_537 }, &[1, 2, 3, 4, 5]);
        let mut fewer = all.clone();
        fewer.endpoints[0].endpoints.remove(gone);
        let hint = Hint { hash: Some(hash), tried: &[] };
        let before = balancer(&all).pick(&all, &hint).unwrap();
        let after = balancer(&fewer).pick(&fewer, &hint).unwrap();
        if before.wire.address != format!("10.0.0.{gone}") {
            prop_assert_eq!(&before.wire.address, &after.wire.address);
        }
    }
}
