//! Where connections arrive (Envoy `config.listener.v3`).

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::authorizer::Authorizer;
use crate::jwt::Jwt;
use crate::matcher::is_false;
use crate::policy::PolicySet;
use crate::route::{RouteTable, WeightedCluster};

/// What the proxy does with connections that applications open, by the address they dialled.
///
/// The most specific listener serves: address and port, then port alone (`address` is `None`), then the
/// snapshot's `outbound_default`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OutboundListener {
    /// Istio's name: `ADDRESS_PORT`, `0.0.0.0_PORT`.
    pub name: String,
    /// The addresses dialled; empty is every address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// The port dialled.
    pub port: u16,
    /// How the bytes are understood.
    pub protocol: OutboundProtocol,
}

/// How the bytes of an outbound connection are understood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum OutboundProtocol {
    /// HTTP; a connection that turns out to be something else goes to `otherwise`.
    Http {
        /// Key in the snapshot's route tables.
        routes: String,
        /// The cluster of connections that are no HTTP.
        otherwise: String,
    },
    /// Bytes, to a cluster, from the first one on (server-first protocols too).
    Tcp {
        /// Clusters and weights.
        clusters: Vec<WeightedCluster>,
        /// Other clusters for some of the addresses dialled. The narrowest range decides, of equal ones the first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        routes: Vec<AddressRoute>,
    },
    /// TLS that the application made itself: by its SNI.
    Tls {
        /// In order; the first whose SNI matches serves.
        routes: Vec<SniRoute>,
        /// The cluster of connections that match none.
        otherwise: String,
    },
}

/// A route for TLS connections that are not opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SniRoute {
    /// Names, exact or `*.suffix`.
    pub sni: Vec<String>,
    /// Ranges that the address dialled lies in; empty is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub addresses: Vec<IpNet>,
    /// Clusters and weights.
    pub clusters: Vec<WeightedCluster>,
}

/// A route for connections by the address that they dialled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AddressRoute {
    /// Ranges that the address lies in; never empty.
    #[schemars(with = "Vec<String>")]
    pub addresses: Vec<IpNet>,
    /// Clusters and weights.
    pub clusters: Vec<WeightedCluster>,
}

/// What the proxy does with connections that arrive from outside, by the port dialled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct InboundListener {
    /// Istio's name: `0.0.0.0_PORT`, `virtualInbound`.
    pub name: String,
    /// The port dialled; `None` is every other port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What the application speaks.
    pub protocol: InboundProtocol,
    /// Whether mutual TLS is asked for.
    pub mtls: MtlsMode,
    /// Key in the snapshot's clusters: `inbound|PORT||`.
    pub cluster: String,
    /// The application sees the client's own address as its caller, where TPROXY hands the connection over (Envoy
    /// `original_src`); else it sees the cluster's `source-address`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub client_source: bool,
    /// Tokens that requests may carry, by issuer; they are looked at before the policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jwt: Vec<Jwt>,
    /// Who is asked about requests and connections before all else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorizers: Vec<Authorizer>,
    /// Who may.
    #[serde(default)]
    pub policy: PolicySet,
    /// Routes of HTTP; `None` sends everything to `cluster`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<RouteTable>,
}

impl InboundListener {
    /// What the connection manager of its requests is called in the names of figures (Istio
    /// `pilot/pkg/networking/core/listener_inbound.go`, StatPrefix).
    pub fn manager(&self) -> String {
        match self.port {
            Some(port) => format!("inbound_0.0.0.0_{port};"),
            None => format!("{};", self.cluster),
        }
    }
}

/// What the application behind an inbound listener speaks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum InboundProtocol {
    /// HTTP/1.1 or HTTP/2.
    Http,
    /// Bytes.
    Tcp,
    /// HTTP where the peer says so (by ALPN) or the bytes look so, else bytes.
    Detect,
}

/// Istio's PeerAuthentication modes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum MtlsMode {
    /// Mutual TLS of the mesh, nothing else.
    Strict,
    /// Mutual TLS of the mesh, and everything else as it comes.
    Permissive,
    /// No mutual TLS.
    Disable,
}

/// How long the first bytes are waited for where a protocol has to be detected; `0` waits for ever, as Istio does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Detection {
    /// The bound.
    #[serde(default)]
    pub timeout: Millis,
    /// What is left undetected at the bound goes on as bytes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub continue_on_timeout: bool,
}
