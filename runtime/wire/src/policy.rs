//! Who may do what (Envoy `config.rbac.v3`, which Istio's AuthorizationPolicy compiles to).

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::matcher::{HeaderMatch, StringMatch, is_false};

/// Policies of one workload, evaluated in Istio's order: AUDIT notes, DENY refuses, then, if there is an
/// ALLOW at all, one of them must match.
///
/// What cannot be asked of a connection, such as a header where there is only TCP, never matches in an ALLOW and is
/// left out of a DENY: both err on the side of refusing (Istio `pilot/pkg/security/authz/builder`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PolicySet {
    /// Name -> policy. Istio's names are `ns[NS]-policy[NAME]-rule[N]`.
    pub policies: BTreeMap<String, Policy>,
}

/// One rule: it matches where a permission and a principal match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Policy {
    /// What a match means.
    pub action: Action,
    /// What is asked for: any of these.
    pub permissions: Vec<Permission>,
    /// Who asks: any of these.
    pub principals: Vec<Principal>,
    /// Only written to log and metrics, not enforced (`istio.io/dry-run`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
}

/// What a matching policy does.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Lets the request through.
    Allow,
    /// Refuses the request.
    Deny,
    /// Notes the request.
    Audit,
}

/// A condition on what is asked for (Envoy `rbac.v3.Permission`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Permission {
    /// Always.
    Any,
    /// All of these.
    All(Vec<Self>),
    /// One of these.
    OneOf(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// The port that the client dialled, before capture.
    DestinationPort(u16),
    /// The address that the client dialled, before capture.
    DestinationIp(#[schemars(with = "String")] IpNet),
    /// The SNI of the TLS connection.
    RequestedServerName(StringMatch),
    /// A header.
    Header(HeaderMatch),
    /// The path without query.
    Path(StringMatch),
    /// The path by a URI template (`/users/{*}/x`, `{**}`).
    PathTemplate(String),
    /// A value that another filter wrote down, such as a claim of a JWT.
    Metadata(MetadataMatch),
}

/// A condition on who asks (Envoy `rbac.v3.Principal`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Principal {
    /// Anybody, authenticated or not.
    Any,
    /// All of these.
    All(Vec<Self>),
    /// One of these.
    OneOf(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// The URI SAN of the verified client certificate; `None` asks only that there is one.
    Authenticated(Option<StringMatch>),
    /// The address at the other end of the connection.
    DirectRemoteIp(#[schemars(with = "String")] IpNet),
    /// The client's address by X-Forwarded-For, or that of the connection.
    RemoteIp(#[schemars(with = "String")] IpNet),
    /// A header.
    Header(HeaderMatch),
    /// A value that another filter wrote down, such as a claim of a JWT.
    Metadata(MetadataMatch),
}

/// A value under a path of keys in what a filter wrote down (Envoy `MetadataMatcher`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MetadataMatch {
    /// The filter.
    pub filter: String,
    /// The keys, outermost first.
    pub path: Vec<String>,
    /// What the value, or one of the listed values, must be.
    pub value: StringMatch,
}
