//! A filter chain: which connections it takes, and what becomes of them.

use ipnet::IpNet;
use mesh_wire::authorizer::Authorizer;
use mesh_wire::jwt::Jwt;
use mesh_wire::policy::PolicySet;
use mesh_wire::route::WeightedCluster;
use mesh_wire::telemetry::Side;
use serde_json::{Value as Json, json};

use super::http::{self, Routes};
use super::{metrics, tcp, tls};
use crate::authorizer::{self, Asked};
use crate::reader::Reader;
use crate::translate::Parts;
use crate::{cluster, matcher, policy};

/// One chain, read whole.
pub(super) struct Chain<'r> {
    /// What is left of it; complaints about it have their place from here.
    pub(super) rest: Reader<'r>,
    pub(super) name: String,
    /// SNI.
    pub(super) names: Vec<String>,
    /// Addresses dialled.
    pub(super) ranges: Vec<IpNet>,
    /// The mesh's mutual TLS stands before it.
    pub(super) mesh: bool,
    pub(super) policy: PolicySet,
    pub(super) jwt: Vec<Jwt>,
    pub(super) authorizers: Vec<Authorizer>,
    pub(super) serves: Serves,
}

/// What becomes of a chain's connections.
pub(super) enum Serves {
    Http(Routes),
    Tcp(Vec<WeightedCluster>),
    Nothing,
}

/// The port that a chain takes connections to, if it is for one.
pub(super) fn port(chain: &mut Reader<'_>) -> (Option<u16>, Match) {
    let Some(mut matching) = chain.message("filter_chain_match") else {
        return (None, Match::default());
    };
    // Which of the chains serves by what was detected: the kind of chain says it too.
    matching.given("transport_protocol", &[json!("tls"), json!("raw_buffer")]);
    matching.given("application_protocols", &protocols());
    let ranges = matching.messages("prefix_ranges").into_iter();
    let port = matching.number("destination_port");
    let matching = Match {
        names: matching.texts("server_names"),
        // Every address of a family is no condition: a listener is for one.
        ranges: ranges
            .filter_map(matcher::range)
            .filter(|range| range.prefix_len() > 0)
            .collect(),
    };
    (port, matching)
}

/// Requests in plaintext, those of peers, and everything of peers (Istio `pilot/pkg/networking/core/listener.go`).
fn protocols() -> [Json; 5] {
    let requests = ["istio-http/1.0", "istio-http/1.1", "istio-h2"];
    [
        json!(["http/1.1", "h2c"]),
        json!(["http/1.0", "http/1.1", "h2c"]),
        json!(requests),
        json!(["istio-peer-exchange", "istio"]),
        json!([
            "istio",
            "istio-peer-exchange",
            requests[0],
            requests[1],
            requests[2]
        ]),
    ]
}

/// Which connections a chain takes, beside their port.
#[derive(Default)]
pub(super) struct Match {
    names: Vec<String>,
    ranges: Vec<IpNet>,
}

pub(super) fn read<'r>(parts: &mut Parts, mut chain: Reader<'r>, matching: Match, side: Side) -> Chain<'r> {
    chain.given("transport_socket_connect_timeout", &[json!("15s")]);
    chain.skip("metadata");
    let name = chain.text("name");
    let mesh = chain.message("transport_socket");
    let mesh = mesh.is_some_and(|socket| tls::is_mesh(parts, socket));
    let mut policy = PolicySet::default();
    let mut jwt = Vec::new();
    let mut asked = Asked::default();
    let mut serves = Serves::Nothing;
    let mut counted = false;
    for mut filter in chain.messages("filters") {
        filter.skip("name");
        let Some(config) = filter.message("typed_config") else {
            continue;
        };
        if config.is("v3.HttpConnectionManager") {
            let http = http::read(parts, config, side);
            policy = http.policy;
            jwt = http.jwt;
            asked.all = http.authorizers;
            serves = Serves::Http(http.routes);
        } else if config.is("v3.TcpProxy") {
            metrics::seen(parts, side, counted);
            serves = Serves::Tcp(tcp::read(parts, config, side));
        } else if config.is("network.rbac.v3.RBAC") && authorizer::is_note(&config) {
            asked.note(config, &mut policy);
        } else if config.is("network.ext_authz.v3.ExtAuthz") {
            asked.add_for_bytes(config);
        } else if config.is("network.rbac.v3.RBAC") {
            policy::add(&mut policy, config);
        } else if config.is("stats.PluginConfig") {
            counted = true;
            metrics::read(parts, config, side);
        } else if config.is("mongo_proxy.v3.MongoProxy") {
            mongo(config);
        } else {
            cluster::metadata_exchange(config);
        }
    }
    let authorizers = asked.end(&chain);
    Chain {
        rest: chain,
        name,
        names: matching.names,
        ranges: matching.ranges,
        mesh,
        policy,
        jwt,
        authorizers,
        serves,
    }
}

/// Counts what is said to MongoDB, which changes nothing of it; other uses of the filter are told.
fn mongo(mut config: Reader<'_>) {
    config.skip("stat_prefix");
}
