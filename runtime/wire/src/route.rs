//! Where a request goes (Envoy `config.route.v3`, Istio VirtualService).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::matcher::{HeaderMatch, StringMatch, is_false};

/// The virtual hosts of one listener (Envoy `RouteConfiguration`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RouteTable {
    /// In order; the first whose domain matches best serves.
    pub virtual_hosts: Vec<VirtualHost>,
}

/// Names that are served by one list of routes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VirtualHost {
    /// `HOST:PORT`, or `allow_any` / `block_all`.
    pub name: String,
    /// Hosts without port: exact, `*.suffix`, `prefix.*` or `*`.
    pub domains: Vec<String>,
    /// In order; the first that matches serves.
    pub routes: Vec<Route>,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Route {
    /// Istio's name, `default` where there is no VirtualService.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which requests.
    pub matches: RouteMatch,
    /// What becomes of them.
    pub action: RouteAction,
    /// Changes to the request's headers.
    #[serde(default, skip_serializing_if = "HeaderEdits::is_empty")]
    pub request_headers: HeaderEdits,
    /// Changes to the response's headers.
    #[serde(default, skip_serializing_if = "HeaderEdits::is_empty")]
    pub response_headers: HeaderEdits,
    /// Delay or abort on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Cross-origin requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
}

/// Which requests a route takes: all conditions must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RouteMatch {
    /// The path.
    pub path: PathMatch,
    /// The path is compared without case.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ignore_case: bool,
    /// Headers, `:method` and `:authority` among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderMatch>,
    /// Query parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<HeaderMatch>,
}

/// How the path is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PathMatch {
    /// Its beginning.
    Prefix(String),
    /// Its beginning, up to a `/`.
    PathPrefix(String),
    /// All of it.
    Exact(String),
    /// All of it, by an RE2 expression.
    Regex(String),
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RouteAction {
    /// It goes to a cluster.
    Forward(Forward),
    /// It is answered with a redirection.
    Redirect(Redirect),
    /// It is answered at once.
    Respond(DirectResponse),
}

/// Forwarding to one of several clusters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Forward {
    /// Clusters and their weights; never empty.
    pub clusters: Vec<WeightedCluster>,
    /// From the whole request received until the whole response; `0` is none.
    #[serde(default)]
    pub timeout: Millis,
    /// When to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// What the matched path becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_rewrite: Option<PathRewrite>,
    /// What the host becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_rewrite: Option<String>,
    /// Copies of the request whose answers are thrown away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<Mirror>,
    /// What is hashed, for ring hash and Maglev.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hash: Vec<HashPolicy>,
}

/// A cluster and its share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WeightedCluster {
    /// Key in the snapshot's clusters.
    pub cluster: String,
    /// Share, relative to the sum.
    pub weight: u32,
    /// Changes to the request's headers for this share.
    #[serde(default, skip_serializing_if = "HeaderEdits::is_empty")]
    pub request_headers: HeaderEdits,
    /// Changes to the response's headers for this share.
    #[serde(default, skip_serializing_if = "HeaderEdits::is_empty")]
    pub response_headers: HeaderEdits,
}

/// When a request is tried again (Envoy `RetryPolicy`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Retry {
    /// Envoy's conditions (`x-envoy-retry-on`, `x-envoy-retry-grpc-on`).
    pub on: Vec<String>,
    /// How often after the first try.
    pub attempts: u32,
    /// Bound on one try; `0` is that of the route.
    #[serde(default)]
    pub per_try_timeout: Millis,
    /// Status codes for the condition `retriable-status-codes`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status_codes: Vec<u16>,
    /// Endpoints that were tried are avoided (`previous_hosts`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub other_endpoint: bool,
    /// How often another endpoint is looked for.
    #[serde(default)]
    pub host_selection_attempts: u32,
    /// Priorities that were tried are avoided: the next try goes to another locality (`previous_priorities`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub other_locality: bool,
    /// Before the second try, longer before each that follows; `0` is Envoy's 25 ms.
    #[serde(default, skip_serializing_if = "Millis::is_zero")]
    pub back_off: Millis,
}

/// What the matched path becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PathRewrite {
    /// Replaces the matched prefix.
    Prefix(String),
    /// Replaces the whole path.
    Full(String),
    /// Replaces what an expression finds.
    Regex {
        /// RE2 expression.
        pattern: String,
        /// With `\1` for groups.
        substitution: String,
    },
}

/// A copy of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mirror {
    /// Key in the snapshot's clusters.
    pub cluster: String,
    /// Share of requests.
    pub share: PerMillion,
}

/// A share in millionths.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct PerMillion(pub u32);

/// What is hashed to choose an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum HashPolicy {
    /// A header's value.
    Header(String),
    /// A cookie, set when it is absent.
    Cookie {
        /// Its name.
        name: String,
        /// Its path.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// Its life; `None` never sets one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<Millis>,
    },
    /// The client's address.
    SourceIp,
    /// A query parameter.
    Query(String),
}

/// Answering with a redirection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// The new scheme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The new host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The new port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The new path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathRewrite>,
}

/// Answering at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DirectResponse {
    /// HTTP status.
    pub status: u16,
    /// Body, as text.
    #[serde(default)]
    pub body: String,
}

/// Faults on purpose (Envoy `HTTPFault`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fault {
    /// Waits before the request goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<FaultDelay>,
    /// Answers with an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort: Option<FaultAbort>,
}

/// A delay on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FaultDelay {
    /// How long.
    pub delay: Millis,
    /// Share of requests.
    pub share: PerMillion,
}

/// An error on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FaultAbort {
    /// HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// gRPC status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc_status: Option<u32>,
    /// Share of requests.
    pub share: PerMillion,
}

/// Cross-origin resource sharing (Envoy `CorsPolicy`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Cors {
    /// Origins that may.
    pub allow_origins: Vec<StringMatch>,
    /// Methods that may.
    pub allow_methods: Vec<String>,
    /// Headers that may be sent.
    pub allow_headers: Vec<String>,
    /// Headers that scripts may read.
    pub expose_headers: Vec<String>,
    /// How long the answer to a preflight holds.
    pub max_age: Option<Millis>,
    /// Cookies and credentials may be sent.
    pub allow_credentials: bool,
    /// What happens to preflights of other origins: forwarded, or answered here.
    pub forward_unmatched_preflights: bool,
}

/// Changes to headers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HeaderEdits {
    /// Set, whatever was there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// Added to what was there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub add: BTreeMap<String, String>,
    /// Removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

impl HeaderEdits {
    /// Nothing to change.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.add.is_empty() && self.remove.is_empty()
    }
}
