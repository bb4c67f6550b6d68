use mesh_wire::cluster::{
    Balance, Cluster, Discovery, HttpVersion, Limits, OriginatedTls, Outliers, Transport,
};

use super::policy::string;
use crate::reference::facts::{Facts, field, fields, set};

pub(crate) fn add(facts: &mut Facts, name: &str, cluster: &Cluster) {
    let mut put = |key: &str, value: String| _ = facts.insert(format!("cluster/{name}/{key}"), value);
    put("discovery", discovery(cluster.discovery).to_owned());
    if cluster.discovery == Discovery::BlackHole {
        return;
    }
    put("transport", transport(&cluster.transport));
    put("http", http(cluster.http).to_owned());
    put("balance", balance(&cluster.balance));
    put("warm-up", warm_up(cluster));
    put(
        "port",
        cluster
            .port_override
            .map(|port| port.to_string())
            .unwrap_or_default(),
    );
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
        field("probes", keepalive.and_then(|keepalive| keepalive.probes)),
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
        Transport::Tls(tls) => originated(tls),
    }
}

fn originated(tls: &OriginatedTls) -> String {
    let sni = tls.sni.clone().unwrap_or_default();
    let sans = set(tls.sans.iter().map(string));
    let ca = match (&tls.ca_file, tls.insecure_skip_verify) {
        (_, true) => "none",
        (None, false) => "system",
        (Some(file), false) => file,
    };
    let client = tls.client.as_ref();
    let client = client.map(|client| format!("file-cert:{}~{}", client.cert_chain, client.key));
    fields(&[
        format!("tls sni={sni} alpn={} sans={sans}", tls.alpn.join(",")),
        format!("ca={ca}"),
        field("client", client),
        field("crl", tls.crl_file.as_ref()),
    ])
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
        Balance::RingHash { minimum_size } => format!("RING_HASH:{minimum_size}"),
        Balance::Maglev { table_size } => format!("MAGLEV:{table_size}"),
    }
}

fn warm_up(cluster: &Cluster) -> String {
    if cluster.warmup.0 == 0 {
        return String::new();
    }
    let curve = cluster.warmup_curve;
    let (aggression, min) = curve.map_or((1.0, 10), |curve| (curve.aggression, curve.min_percent));
    format!("{}ms aggression={aggression} min={min}", cluster.warmup.0)
}

fn limits(limits: &Limits) -> String {
    let budget = limits.retry_budget;
    let interval = budget.map(|budget| budget.interval.0);
    fields(&[
        field("connections", limits.connections),
        field("pending", limits.pending),
        field("requests", limits.requests),
        field("retries", limits.retries),
        field("per-connection", limits.requests_per_connection),
        field("idle", limits.idle_timeout.map(|span| span.0)),
        field("age", limits.connection_age.map(|span| span.0)),
        field("streams", limits.streams),
        field("ping", limits.ping.map(|ping| ping.interval.0)),
        field("ping-timeout", limits.ping.map(|ping| ping.timeout.0)),
        field("budget", budget.map(|budget| budget.percent)),
        field("budget-least", budget.map(|budget| budget.at_least)),
        field("budget-interval", interval.filter(|span| *span > 0)),
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
        field("local", outliers.consecutive_local),
        field(
            "statuses",
            (!outliers.statuses.is_empty()).then(|| joined(&outliers.statuses)),
        ),
    ])
}

fn joined(all: &[u16]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
