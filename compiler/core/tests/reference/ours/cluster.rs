use mesh_wire::cluster::{Balance, Cluster, Discovery, HttpVersion, Limits, Outliers, Transport};

use super::policy::string;
use crate::facts::{Facts, field, fields, set};

pub(crate) fn add(facts: &mut Facts, name: &str, cluster: &Cluster) {
    let mut put = |key: &str, value: String| _ = facts.insert(format!("cluster/{name}/{key}"), value);
    put("discovery", discovery(cluster.discovery).to_owned());
    if cluster.discovery == Discovery::BlackHole {
        return;
    }
    put("transport", transport(&cluster.transport));
    put("http", http(cluster.http).to_owned());
    put("balance", balance(&cluster.balance));
    put("connect-timeout", cluster.connect_timeout.0.to_string());
    put("limits", limits(&cluster.limits));
    put(
        "outliers",
        cluster.outliers.as_ref().map(outliers).unwrap_or_default(),
    );
    if cluster.discovery == Discovery::Listed {
        put("panic", cluster.panic_threshold.to_string());
    }
    let keepalive = cluster.keepalive.as_ref();
    let keepalive = [
        field("time", keepalive.and_then(|keepalive| keepalive.time)),
        field("interval", keepalive.and_then(|keepalive| keepalive.interval)),
    ];
    put("keepalive", fields(&keepalive));
    put(
        "source",
        cluster
            .source_address
            .map(|address| address.to_string())
            .unwrap_or_default(),
    );
    let service = cluster.service.as_ref();
    let service = service.map(|service| format!("{} {} {}", service.host, service.name, service.namespace));
    put("service", service.unwrap_or_default());
}

const fn discovery(discovery: Discovery) -> &'static str {
    match discovery {
        Discovery::Listed => "listed",
        Discovery::OriginalDestination => "original-destination",
        Discovery::StrictDns => "strict-dns",
        Discovery::LogicalDns => "logical-dns",
        Discovery::BlackHole => "black-hole",
    }
}

fn transport(transport: &Transport) -> String {
    match transport {
        Transport::Plaintext => "plaintext".to_owned(),
        Transport::Mesh(tls) => {
            let sans = set(tls.sans.iter().map(string));
            format!("mesh sni={} alpn={} sans={sans}", tls.sni, tls.alpn.join(","))
        }
        Transport::Tls(tls) => format!("tls {tls:?}"),
    }
}

const fn http(version: HttpVersion) -> &'static str {
    match version {
        HttpVersion::Http1 => "http1",
        HttpVersion::Http2 => "http2",
        HttpVersion::AsClient => "as-client",
    }
}

fn balance(balance: &Balance) -> String {
    match balance {
        Balance::LeastRequest => "LEAST_REQUEST".to_owned(),
        Balance::RoundRobin => "ROUND_ROBIN".to_owned(),
        Balance::Random => "RANDOM".to_owned(),
        Balance::Provided => "CLUSTER_PROVIDED".to_owned(),
        other => format!("{other:?}"),
    }
}

fn limits(limits: &Limits) -> String {
    fields(&[
        field("connections", limits.connections),
        field("pending", limits.pending),
        field("requests", limits.requests),
        field("retries", limits.retries),
        field("per-connection", limits.requests_per_connection),
        field("idle", limits.idle_timeout.map(|span| span.0)),
    ])
}

fn outliers(outliers: &Outliers) -> String {
    fields(&[
        field("5xx", outliers.consecutive_5xx),
        field("gateway", outliers.consecutive_gateway),
        format!(
            "interval={} ejection={}",
            outliers.interval.0, outliers.ejection.0
        ),
        format!("max={}", outliers.max_percent),
    ])
}
