use mesh_wire::Millis;

use super::Collector;

/// A service that decides about calls (MeshConfig `extensionProviders`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorizer {
    /// Where.
    pub place: Collector,
    /// It answers by HTTP in this way, else by gRPC.
    pub http: Option<HttpAuthorizer>,
    /// How long it may take.
    pub timeout: Option<Millis>,
    /// Calls go on where it does not answer.
    pub fail_open: bool,
    /// What callers get where it does not answer.
    pub status_on_error: Option<u16>,
    /// How many bytes of the body it gets, and whether it gets the beginning of longer ones.
    pub body: Option<(u64, bool)>,
}

/// How an authorizer is asked by HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpAuthorizer {
    /// What stands before the path.
    pub path_prefix: Option<String>,
    /// Headers of the call that it gets.
    pub send: Vec<String>,
    /// Headers of a yes that the service gets.
    pub upstream: Vec<String>,
    /// Headers of a yes that the caller gets.
    pub allow: Vec<String>,
    /// Headers of a no that the caller gets.
    pub deny: Vec<String>,
}
