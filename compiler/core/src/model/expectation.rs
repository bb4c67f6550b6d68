use std::net::IpAddr;

use crate::diag::Span;

/// What the spec expects of a call. Nothing is built from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// What the answer has to be.
    pub wanted: Wanted,
    /// Who calls, as it is written.
    pub from: String,
    /// The namespace that it is written in: callers are looked up there first.
    pub home: Option<String>,
    /// What is called: a URL, `host:port` or a name.
    pub to: String,
    /// The request's method.
    pub method: Option<String>,
    /// The request's headers.
    pub headers: Vec<(String, String)>,
    /// What the request's token says.
    pub jwt: Option<String>,
    /// Where the workload sees the connection come from.
    pub from_ip: Option<IpAddr>,
    /// Where it is written.
    pub span: Span,
}

/// What the answer has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The call gets through.
    Allow,
    /// The workload's side refuses it.
    Deny {
        /// The code of what refuses it, by its number or name.
        by: Option<String>,
    },
    /// It goes there.
    Route {
        /// The route that takes it.
        takes: Option<String>,
        /// Where it goes, all of it.
        reaches: Vec<String>,
        /// The status that it is answered with.
        status: Option<u16>,
    },
    /// The name leads there.
    Name {
        /// Addresses, or the host.
        is: Vec<String>,
    },
}

impl Wanted {
    /// The word that it is written with.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny { .. } => "deny",
            Self::Route { .. } => "route",
            Self::Name { .. } => "name",
        }
    }
}
