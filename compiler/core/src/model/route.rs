use std::collections::BTreeMap;

use ipnet::IpNet;
use mesh_wire::Millis;
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::route::{
    Cors, DirectResponse, Fault, HeaderEdits, PathMatch, PathRewrite, PerMillion, Redirect,
};

use crate::diag::Span;

/// Where what callers send to a service goes (VirtualService). Of each list the first that holds serves; what none
/// takes goes where it would without any.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// For ports with requests. What none of several takes is answered with 404.
    pub http: Vec<HttpRoute>,
    /// For ports with TLS of the applications.
    pub tls: Vec<StreamRoute>,
    /// For all other ports.
    pub tcp: Vec<StreamRoute>,
}

/// A route for requests (`http`).
#[derive(Clone, Debug)]
pub struct HttpRoute {
    /// Where it is written.
    pub span: Span,
    /// What access logs call it.
    pub name: Option<String>,
    /// Only for this port of the service.
    pub port: Option<u16>,
    /// One of them has to hold; with none, all requests are taken.
    pub matches: Vec<HttpMatch>,
    /// What becomes of the request.
    pub action: HttpAction,
    /// Changes to the headers of the request.
    pub request: HeaderEdits,
    /// Changes to the headers of the answer.
    pub response: HeaderEdits,
    /// Delay or abort on purpose.
    pub fault: Option<Fault>,
    /// Cross-origin requests.
    pub cors: Option<Cors>,
}

/// Which requests: everything that is said has to hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpMatch {
    /// The path.
    pub path: Option<PathMatch>,
    /// The path is compared without case.
    pub ignore_case: bool,
    /// One of these methods; empty is any.
    pub methods: Vec<String>,
    /// The host that was asked for.
    pub authority: Option<StringMatch>,
    /// `http` or `https`.
    pub scheme: Option<String>,
    /// By name.
    pub headers: Vec<HeaderMatch>,
    /// By name.
    pub query: Vec<HeaderMatch>,
    /// One of these senders; empty is anybody.
    pub from: Vec<Sender>,
}

/// Whose workloads send, by what they are labelled (`sourceLabels`, `sourceNamespace`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender {
    /// Their namespace.
    pub namespace: String,
    /// Their labels; empty is the whole namespace.
    pub labels: BTreeMap<String, String>,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum HttpAction {
    /// It goes on.
    Forward(HttpForward),
    /// The caller is sent elsewhere.
    Redirect(Redirect),
    /// It is answered at once.
    Respond(DirectResponse),
}

/// How a request goes on.
#[derive(Clone, Debug)]
pub struct HttpForward {
    /// Where to; never empty.
    pub to: Vec<Destination>,
    /// Bound on the whole request; `None` is none.
    pub timeout: Option<Millis>,
    /// When it is tried again; `None` is Istio's default.
    pub retry: Option<RetryPolicy>,
    /// What the path becomes.
    pub path: Option<PathRewrite>,
    /// What the host becomes.
    pub host: Option<String>,
    /// Copies.
    pub mirrors: Vec<MirrorTo>,
}

/// A destination and its share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Where.
    pub target: Target,
    /// Relative to the sum.
    pub weight: u32,
    /// Changes to the headers of the request, for this share.
    pub request: HeaderEdits,
    /// Changes to the headers of the answer, for this share.
    pub response: HeaderEdits,
}

/// One cluster of Envoy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The namespace of the service.
    pub namespace: String,
    /// The service.
    pub service: String,
    /// Its host.
    pub host: String,
    /// Its subset.
    pub subset: Option<String>,
    /// Its port; `None` is the port that was called.
    pub port: Option<u16>,
}

/// Where a copy goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorTo {
    /// Where.
    pub target: Target,
    /// Of the requests; never zero.
    pub share: PerMillion,
}

/// When a request is tried again (`retries`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries after the first; zero is never.
    pub attempts: u32,
    /// Bound on one try.
    pub per_try: Option<Millis>,
    /// Conditions and status codes; empty is Istio's default.
    pub on: Vec<String>,
    /// Before the second try.
    pub backoff: Option<Millis>,
    /// Endpoints that were tried are avoided; `None` is Istio's default, which is yes.
    pub ignore_previous_hosts: Option<bool>,
    /// Later tries may leave the locality.
    pub remote_localities: bool,
}

/// A route for connections (`tls`, `tcp`).
#[derive(Clone, Debug)]
pub struct StreamRoute {
    /// Where it is written.
    pub span: Span,
    /// Only for this port of the service.
    pub port: Option<u16>,
    /// One of them has to hold; with none, all connections are taken. Those of TLS always name hosts.
    pub matches: Vec<StreamMatch>,
    /// Where to; never empty.
    pub to: Vec<Destination>,
}

/// Which connections: everything that is said has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamMatch {
    /// Names that the client asks for; empty on ports without TLS.
    pub sni: Vec<String>,
    /// Ranges that the address dialled lies in; empty is any.
    pub addresses: Vec<IpNet>,
    /// One of these senders; empty is anybody.
    pub from: Vec<Sender>,
}

impl Routes {
    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.http.is_empty() && self.tls.is_empty() && self.tcp.is_empty()
    }

    /// Every sender that some route asks for.
    pub fn senders(&self) -> impl Iterator<Item = &Sender> {
        let http = self.http.iter().flat_map(|route| &route.matches);
        let streams = self.tls.iter().chain(&self.tcp).flat_map(|route| &route.matches);
        http.flat_map(|matching| &matching.from)
            .chain(streams.flat_map(|matching| &matching.from))
    }
}

impl Sender {
    /// A workload of `namespace` with `labels` is one of them.
    pub fn is(&self, namespace: &str, labels: &BTreeMap<String, String>) -> bool {
        self.namespace == namespace
            && self
                .labels
                .iter()
                .all(|(key, value)| labels.get(key) == Some(value))
    }
}
