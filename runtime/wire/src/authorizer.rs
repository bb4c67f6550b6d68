//! Services that decide about requests and connections before any policy does (Istio's action `CUSTOM`, Envoy `ext_authz`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::matcher::is_false;
use crate::policy::Policy;

/// A service that is asked about requests, and by gRPC about connections that carry none: a connection once, before
/// anything is opened for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Authorizer {
    /// Its name in the mesh (MeshConfig `extensionProviders`).
    pub name: String,
    /// The cluster where it is. Where the snapshot has none of this name, it does not answer.
    pub cluster: String,
    /// The host that gRPC asks for.
    pub host: String,
    /// How long it may take.
    pub timeout: Millis,
    /// What it is asked about goes on where it does not answer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub fail_open: bool,
    /// What clients get for requests where it does not answer; `None` is 403.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_on_error: Option<u16>,
    /// As much of the request's body as it gets; `None` is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<AskedBody>,
    /// How it is asked.
    pub by: AskedBy,
    /// It is asked where one of these matches; what they do is not looked at.
    pub policies: BTreeMap<String, Policy>,
}

/// The body of a request, as an authorizer gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AskedBody {
    /// Bytes at most.
    pub most: u64,
    /// It gets the beginning of longer ones; else those are refused with 413.
    #[serde(default, skip_serializing_if = "is_false")]
    pub partial: bool,
    /// By gRPC it gets them as bytes (`raw_body`), not as a text.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bytes: bool,
}

/// How an authorizer is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum AskedBy {
    /// By the request itself without its body: 200 lets it through, anything else is what the client gets.
    Http {
        /// What stands before the path.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path_prefix: Option<String>,
        /// Headers of the request that it gets, beside host, method, path, length and `authorization`; `x-*` and `*-x` too.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        send: Vec<String>,
        /// Headers that it gets beside them, in place of those of the request.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        add: BTreeMap<String, String>,
        /// Headers of a yes that the application gets.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        upstream: Vec<String>,
        /// Headers of a yes that the client gets.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        allow: Vec<String>,
        /// Headers of a no that the client gets; none is all of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        deny: Vec<String>,
    },
    /// By `envoy.service.auth.v3.Authorization/Check`.
    Grpc,
}
