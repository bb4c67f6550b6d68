//! `envoy.config.cluster.v3.Cluster` (Istio `pilot/pkg/networking/core/cluster_builder.go`).

mod balance;
mod limits;
mod options;
mod outliers;
mod transport;

pub(crate) use transport::{MESH_ROOTS, OWN, certificate, checked, versions};

use std::net::IpAddr;

use mesh_wire::Millis;
use mesh_wire::cluster::{
    Balance, Cluster, Discovery, HttpVersion, Keepalive, LocalityPolicy, ServiceName, Transport,
};
use serde_json::{Value as Json, json};

use crate::endpoint;
use crate::reader::{Object, Reader};
use crate::translate::{Asked, From, Parts};

/// Envoy's `connect_timeout` where none is said.
const CONNECT_TIMEOUT: Millis = Millis(5_000);

/// Envoy's `healthy_panic_threshold` where none is said.
const PANIC: u8 = 50;

pub(crate) fn add(parts: &mut Parts, mut cluster: Reader<'_>) {
    let name = cluster.text("name");
    cluster.step(&format!("cds/{name}"));
    cluster.skip("alt_stat_name");
    let places = cluster.message("load_assignment").map(endpoint::assignment);
    let mut name_refresh = None;
    let discovery = discovery(&mut cluster, places.is_some(), &mut name_refresh);
    let common = common(&mut cluster);
    if let Some(from) = places.map(From::Here).or_else(|| apart(&mut cluster, &name)) {
        let shared = common.shared;
        parts.asked.insert(name.clone(), Asked { from, shared });
    }
    let options = options::read(&mut cluster);
    let (warmup, warmup_curve) = balance::warmup(&mut cluster);
    let translated = Cluster {
        discovery,
        transport: transport::read(&mut cluster, &name, options.auto_sni),
        http: options.http,
        balance: balance::read(&mut cluster),
        locality: LocalityPolicy::Given,
        connect_timeout: cluster.span("connect_timeout").unwrap_or(CONNECT_TIMEOUT),
        limits: limits::read(&mut cluster, options.limits),
        outliers: outliers::read(&mut cluster, options.statuses),
        panic_threshold: match common.panic {
            Some(percent) => percent,
            None if discovery == Discovery::Listed => PANIC,
            None => 0,
        },
        keepalive: keepalive(&mut cluster),
        warmup,
        warmup_curve,
        name_refresh: names(&mut cluster).or(name_refresh),
        source_address: source_address(&mut cluster),
        source_hash: false,
        port_override: port_override(&mut cluster),
        service: service(&mut cluster),
        endpoints: Vec::new(),
    };
    // How long an endpoint that nobody dials any more is remembered.
    cluster.skip("cleanup_interval");
    peers(&mut cluster);
    parts.snapshot.clusters.insert(name, translated);
}

/// What Envoy makes of a cluster that routes lead to and nobody described: nobody is behind it.
pub(crate) fn nobody() -> Cluster {
    let transport = Transport::Plaintext;
    Cluster {
        discovery: Discovery::BlackHole,
        balance: Balance::Provided,
        http: HttpVersion::Http1,
        endpoints: Vec::new(),
        ..Cluster::of_host("", 0, transport, std::time::Duration::from_secs(10))
    }
}

fn discovery(cluster: &mut Reader<'_>, has_endpoints: bool, refresh: &mut Option<Millis>) -> Discovery {
    let kind = cluster.word("type");
    match kind.as_deref() {
        Some("EDS") => Discovery::Listed,
        None | Some("STATIC") if has_endpoints => Discovery::Listed,
        None if cluster.has("cluster_type") => custom(cluster, refresh),
        None | Some("STATIC") => Discovery::BlackHole,
        Some("ORIGINAL_DST") => Discovery::OriginalDestination,
        Some("STRICT_DNS") => Discovery::StrictDns,
        Some("LOGICAL_DNS") => Discovery::LogicalDns,
        Some(other) => {
            cluster.tell(
                "type",
                &json!(other),
                "a discovery that is not known; nobody is behind it",
            );
            Discovery::BlackHole
        }
    }
}

/// Newer Envoys have DNS as an extension (`envoy.clusters.dns`).
fn custom(cluster: &mut Reader<'_>, refresh: &mut Option<Millis>) -> Discovery {
    let Some(mut kind) = cluster.message("cluster_type") else {
        return Discovery::BlackHole;
    };
    kind.skip("name");
    match kind.message("typed_config") {
        Some(mut dns) if dns.is("dns.v3.DnsCluster") => {
            *refresh = names(&mut dns);
            match dns.flag("all_addresses_in_single_endpoint") {
                Some(true) => Discovery::LogicalDns,
                _ => Discovery::StrictDns,
            }
        }
        Some(other) => {
            other.refuse_all("a discovery that is not known; nobody is behind the cluster");
            Discovery::BlackHole
        }
        None => Discovery::BlackHole,
    }
}

/// How often names are looked up, alike in `Cluster` and `DnsCluster`. The proxy keeps answers for their time to live, asks
/// again with some jitter, and takes the families that the machine has.
fn names(cluster: &mut Reader<'_>) -> Option<Millis> {
    for name in ["dns_jitter", "dns_lookup_family"] {
        cluster.skip(name);
    }
    cluster.given("respect_dns_ttl", &[json!(true)]);
    if let Some(mut resolver) = cluster.message("typed_dns_resolver_config") {
        resolver.skip("name");
        if let Some(mut config) = resolver.message("typed_config") {
            // How many questions one UDP socket is used for.
            config.skip("udp_max_queries");
        }
    }
    cluster.span("dns_refresh_rate")
}

/// What says by which name endpoints are asked for.
fn apart(cluster: &mut Reader<'_>, name: &str) -> Option<From> {
    let mut asked = cluster.message("eds_cluster_config")?;
    asked.skip("eds_config");
    Some(From::Apart(
        asked.some_text("service_name").unwrap_or(name.to_owned()),
    ))
}

/// `CommonLbConfig`.
#[derive(Default)]
struct Common {
    panic: Option<u8>,
    /// Places have shares of their own.
    shared: bool,
}

fn common(cluster: &mut Reader<'_>) -> Common {
    let Some(mut common) = cluster.message("common_lb_config") else {
        return Common::default();
    };
    let percent = common.message("healthy_panic_threshold");
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a percentage"
    )]
    let panic =
        percent.map(|mut percent| percent.double("value").unwrap_or_default().clamp(0.0, 100.0) as u8);
    let shared = common.message("locality_weighted_lb_config").is_some();
    // Switched off, or told.
    let off = json!({"value": 0});
    for off in [json!({"routing_enabled": {}}), json!({ "routing_enabled": off })] {
        common.given("zone_aware_lb_config", &[off]);
    }
    Common { panic, shared }
}

fn keepalive(cluster: &mut Reader<'_>) -> Option<Keepalive> {
    let mut keepalive = cluster
        .message("upstream_connection_options")?
        .message("tcp_keepalive")?;
    Some(Keepalive {
        time: keepalive.number("keepalive_time"),
        interval: keepalive.number("keepalive_interval"),
        probes: keepalive.number("keepalive_probes"),
    })
}

fn source_address(cluster: &mut Reader<'_>) -> Option<IpAddr> {
    let mut bind = cluster.message("upstream_bind_config")?;
    // IPv6 has an address of its own, which the proxy takes by itself.
    for mut more in bind.messages("extra_source_addresses") {
        if let Some(mut address) = more.message("address") {
            address.given("address", &[json!("::6")]);
            address.given("port_value", &[json!(0)]);
        }
    }
    let mut address = bind.message("source_address")?;
    // Any port.
    address.given("port_value", &[json!(0)]);
    address.address("address")
}

fn port_override(cluster: &mut Reader<'_>) -> Option<u16> {
    cluster
        .message("original_dst_lb_config")?
        .number("upstream_port_override")
}

/// The service, from what Istio writes into `filter_metadata`; other filters' entries are left over and told.
fn service(cluster: &mut Reader<'_>) -> Option<ServiceName> {
    let mut istio = cluster
        .message("metadata")?
        .structures("filter_metadata")
        .remove("istio")?;
    // The object that it was made of, for people; and what the service's name and the cluster's say too.
    for name in ["config", "external", "subset", "default_original_port"] {
        istio.take(name);
    }
    // TLS that is not the mesh's keeps its own protocols.
    istio.given_under("alpn_override", &[json!("false")]);
    let services = istio.take("services");
    let mut services = services.as_array().into_iter().flatten();
    // Of several Envoy's metrics name the first, too.
    let first = services.next()?;
    let text = |name: &str| {
        first
            .get(name)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Some(ServiceName {
        host: text("host"),
        name: text("name"),
        namespace: text("namespace"),
    })
}

/// The filter that exchanges metadata with peers of the mesh.
fn peers(cluster: &mut Reader<'_>) {
    for mut filter in cluster.messages("filters") {
        filter.skip("name");
        if let Some(config) = filter.message("typed_config") {
            metadata_exchange(config);
        }
    }
}

/// Istio's own filter for peers' metadata is what the proxy has built in; other settings of it are told.
pub(crate) fn metadata_exchange(mut config: Reader<'_>) {
    const KIND: &str = "envoy.tcp.metadataexchange.config.MetadataExchange";
    let protocol = json!("istio-peer-exchange");
    if config.kind() == KIND {
        config.given("protocol", &[protocol]);
        config.given("enable_discovery", &[json!(true)]);
        return;
    }
    match typed_struct(&mut config) {
        Some((kind, mut value)) if kind == KIND => value.given(&[
            json!({"enable_discovery": true, "protocol": protocol}),
            json!({"protocol": protocol}),
        ]),
        Some((kind, value)) => value.refuse_all(&kind, "a filter that is not known"),
        None => config.refuse_all("a filter that is not known"),
    }
}

/// A message in its JSON form, and the name of its type.
pub(crate) fn typed_struct<'r>(config: &mut Reader<'r>) -> Option<(String, Object<'r>)> {
    if !config.is("TypedStruct") {
        return None;
    }
    let url = config.text("type_url");
    let kind = url.rsplit('/').next().unwrap_or_default().to_owned();
    Some((kind, config.structure_or_empty("value")))
}
