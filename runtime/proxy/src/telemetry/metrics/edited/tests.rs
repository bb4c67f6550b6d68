use std::time::Duration;

use mesh_wire::Node;
use mesh_wire::telemetry::{MetricChange, MetricEdit, Side};
use time::OffsetDateTime;

use super::*;
use crate::telemetry::{Common, Entry, Flags, LogSink, Party, Reporter, Request, Telemetry};

fn edit(metric: Option<&str>, at: Option<Side>, change: MetricChange) -> MetricEdit {
    MetricEdit {
        metric: metric.map(str::to_owned),
        at,
        change,
    }
}

fn tag(name: &str, value: &str) -> MetricChange {
    MetricChange::Tag {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn node() -> Node {
    serde_json::from_value(serde_json::json!({
        "id": "sidecar~10.0.0.1~forum-1.forum~forum.svc.cluster.local", "name": "forum-1", "namespace": "forum",
        "workload": "forum", "addresses": [], "cluster": "main", "mesh": "mesh1", "network": "vm",
        "labels": { "tier": "back" }
    }))
    .unwrap()
}

fn entry(host: &str) -> Entry {
    let at = "10.0.0.2:8080".parse().unwrap();
    Entry {
        start: OffsetDateTime::UNIX_EPOCH,
        duration: Duration::from_millis(3),
        request: Some(Request {
            method: http::Method::GET,
            path: "/posts?x=1".to_owned(),
            protocol: "HTTP/1.1",
            authority: host.to_owned(),
            forwarded_for: None,
            user_agent: None,
            request_id: None,
            trace: None,
            sent: None,
            headers: Vec::new(),
        }),
        code: 200,
        flag: Flags::default(),
        details: None,
        termination: None,
        upstream_failure: None,
        received: 5,
        sent: 1024,
        upstream_time: None,
        upstream_host: None,
        upstream_cluster: None,
        upstream_local: None,
        downstream_local: at,
        downstream_remote: at,
        sni: None,
        route: None,
        reporter: Reporter::Destination,
        peer: None,
        is_grpc: false,
        grpc: None,
        response_headers: Vec::new(),
        response_trailers: Vec::new(),
        written: crate::written::Written::default(),
    }
}

fn counted() -> Counted {
    Counted {
        code: 200,
        flag: Flags::default(),
        grpc: None,
        duration: Duration::from_millis(3),
        received: 5,
        sent: 1024,
    }
}

fn scope(telemetry: &Telemetry) -> Arc<Scope> {
    let source = Party {
        workload: "webapp".to_owned(),
        app: "webapp".to_owned(),
        ..Party::default()
    };
    let common = Common::new(Reporter::Destination, &source, &Party::default(), None, true);
    telemetry.metrics.scope(common)
}

fn lines(telemetry: &Telemetry, name: &str) -> Vec<String> {
    let mut text = String::new();
    telemetry.encode(&mut text);
    let lines = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    lines.map(str::to_owned).collect()
}

#[test]
fn labels_come_go_and_change_and_metrics_go() {
    let telemetry = Telemetry::new(LogSink::none());
    let said = [
        edit(None, None, MetricChange::DropTag("source_principal".to_owned())),
        edit(
            Some("REQUEST_COUNT"),
            Some(Side::Server),
            tag("host", "request.host"),
        ),
        edit(
            Some("REQUEST_COUNT"),
            None,
            tag("source_version", "node.metadata['LABELS']['tier']"),
        ),
        edit(Some("REQUEST_COUNT"), None, tag("peer", "downstream_peer.app")),
        edit(Some("REQUEST_COUNT"), None, tag("agent", "request.useragent")),
        edit(Some("REQUEST_COUNT"), Some(Side::Client), tag("never", "'here'")),
        edit(Some("REQUEST_SIZE"), None, MetricChange::Drop),
        edit(Some("RESPONSE_SIZE"), Some(Side::Client), MetricChange::Drop),
    ];
    assert_eq!(Edits::misfits(&said), Vec::<String>::new());
    let edits = Edits::compile(&said, &node(), None).unwrap();
    let (entry, node) = (entry("shop.test"), node());
    for _ in 0..2 {
        scope(&telemetry).count_edited(&edits, &counted(), Facts::of(&entry, &node));
    }
    let requests = lines(&telemetry, "istio_requests_total");
    assert_eq!(requests.len(), 1, "{requests:?}");
    for part in [
        "source_workload=\"webapp\"",
        "source_version=\"back\"",
        "response_code=\"200\"",
        "host=\"shop.test\"",
        "peer=\"webapp\"",
        "agent=\"unknown\"",
        "} 2",
    ] {
        assert!(requests[0].contains(part), "{part}: {requests:?}");
    }
    for part in ["source_principal", "never"] {
        assert!(!requests[0].contains(part), "{part}: {requests:?}");
    }
    let none: &[String] = &[];
    assert_eq!(lines(&telemetry, "istio_request_bytes_count"), none);
    assert_eq!(lines(&telemetry, "istio_response_bytes_count").len(), 1);
    let durations = lines(&telemetry, "istio_request_duration_milliseconds_count");
    assert!(!durations[0].contains("host="), "{durations:?}");
    assert!(!durations[0].contains("source_principal="), "{durations:?}");
}

#[test]
fn there_is_a_bound_for_labels_that_clients_choose() {
    let telemetry = Telemetry::new(LogSink::none());
    let unread = ["REQUEST_DURATION", "REQUEST_SIZE", "RESPONSE_SIZE"];
    let mut said = vec![edit(None, None, tag("host", "request.host"))];
    said.extend(unread.map(|metric| edit(Some(metric), None, MetricChange::Drop)));
    let (edits, node) = (Edits::compile(&said, &node(), None).unwrap(), node());
    let scope = scope(&telemetry);
    let number = super::super::MOST_SERIES + 50;
    for number in 0..number {
        let entry = entry(&format!("{number}.test"));
        scope.count_edited(&edits, &counted(), Facts::of(&entry, &node));
    }
    let requests = lines(&telemetry, "istio_requests_total");
    assert_eq!(requests.len(), super::super::MOST_SERIES + 1);
    let other = requests
        .iter()
        .find(|line| line.contains("host=\"other\""))
        .unwrap();
    assert!(other.ends_with("} 50"), "{other}");
}

#[test]
fn connections_have_labels_of_ones_own_and_the_rest_is_told() {
    let telemetry = Telemetry::new(LogSink::none());
    let said = [
        edit(None, None, tag("port", "string(destination.port)")),
        edit(Some("TCP_SENT_BYTES"), None, MetricChange::Drop),
    ];
    let (edits, node) = (Edits::compile(&said, &node(), None).unwrap(), node());
    let mut entry = entry("");
    entry.request = None;
    let series = scope(&telemetry).tcp_edited(&edits, Flag::None, Facts::of(&entry, &node));
    series.opened.inc();
    series.sent.inc_by(7);
    let opened = lines(&telemetry, "istio_tcp_connections_opened_total");
    assert!(
        opened[0].contains("port=\"8080\"") && opened[0].ends_with("} 1"),
        "{opened:?}"
    );
    assert!(lines(&telemetry, "istio_tcp_sent_bytes_total").is_empty());

    let bad = [
        edit(None, None, tag("a", "request.hots")),
        edit(Some("MY_OWN"), None, MetricChange::Drop),
        edit(Some("GRPC_REQUEST_MESSAGES"), None, MetricChange::Drop),
    ];
    let told = Edits::misfits(&bad);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("request.host") && told[1].contains("MY_OWN"),
        "{told:?}"
    );
}
