//! Where a request goes.

use std::collections::HashMap;
use std::sync::Arc;

use mesh_wire::route as wire;

use super::matcher::{Asked, Header, Query};
use super::{Clusters, CompileError};

mod action;
mod edits;
mod rewrite;

pub(crate) use action::{Action, Forward, Redirect, RetryOn, RetryPolicy, Share};
pub(crate) use edits::{Asks, Edits};
pub(crate) use rewrite::Rewrite;

/// The virtual hosts of one listener, by domain.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    hosts: Vec<Arc<Host>>,
    exact: HashMap<String, usize>,
    /// `.suffix` of `*.suffix`, longest first.
    suffixes: Vec<(String, usize)>,
    /// `prefix.` of `prefix.*`, longest first.
    prefixes: Vec<(String, usize)>,
    any: Option<usize>,
}

/// Names that are served by one list of routes.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) routes: Vec<Arc<Route>>,
}

/// One route.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) name: Arc<str>,
    path: Path,
    ignore_case: bool,
    headers: Vec<Header>,
    query: Vec<Query>,
    pub(crate) action: Action,
    pub(crate) request: Edits,
    pub(crate) response: Edits,
    pub(crate) fault: Option<wire::Fault>,
    pub(crate) cors: Option<Cors>,
}

/// Cross-origin requests.
#[derive(Debug)]
pub(crate) struct Cors {
    pub(crate) wire: wire::Cors,
    pub(crate) origins: Vec<super::matcher::Text>,
}

#[derive(Debug)]
enum Path {
    Prefix(String),
    Segments(String),
    Exact(String),
    Regex(regex::Regex),
}

impl Routes {
    pub(crate) fn compile(
        place: &str,
        table: &wire::RouteTable,
        clusters: &Clusters,
    ) -> Result<Self, CompileError> {
        let mut routes = Self::default();
        for (index, host) in table.virtual_hosts.iter().enumerate() {
            let place = format!("{place}, {}", host.name);
            let compiled = host
                .routes
                .iter()
                .map(|route| Route::compile(&place, route, clusters).map(Arc::new));
            routes.hosts.push(Arc::new(Host {
                routes: compiled.collect::<Result<_, _>>()?,
            }));
            for domain in &host.domains {
                routes.index(&domain.to_ascii_lowercase(), index);
            }
        }
        let longest = |(a, _): &(String, usize), (b, _): &(String, usize)| b.len().cmp(&a.len());
        routes.suffixes.sort_by(longest);
        routes.prefixes.sort_by(longest);
        Ok(routes)
    }

    /// Of two that claim the same domain, the first keeps it.
    fn index(&mut self, domain: &str, host: usize) {
        if domain == "*" {
            self.any.get_or_insert(host);
        } else if let Some(suffix) = domain.strip_prefix('*') {
            self.suffixes.push((suffix.to_owned(), host));
        } else if let Some(prefix) = domain.strip_suffix('*') {
            self.prefixes.push((prefix.to_owned(), host));
        } else {
            self.exact.entry(domain.to_owned()).or_insert(host);
        }
    }

    /// The host for an authority, whose port does not count (Istio sets `ignorePortInHostMatching`).
    pub(crate) fn host(&self, authority: &str) -> Option<&Arc<Host>> {
        let name = without_port(authority);
        let lower;
        let name = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            lower = name.to_ascii_lowercase();
            &lower
        } else {
            name
        };
        // A wildcard stands for at least one character.
        let longer = |part: &str| name.len() > part.len();
        let suffix = |(part, _): &&(String, usize)| longer(part) && name.ends_with(part.as_str());
        let prefix = |(part, _): &&(String, usize)| longer(part) && name.starts_with(part.as_str());
        let index = self
            .exact
            .get(name)
            .or_else(|| self.suffixes.iter().find(suffix).map(|(_, index)| index))
            .or_else(|| self.prefixes.iter().find(prefix).map(|(_, index)| index))
            .or(self.any.as_ref())?;
        self.hosts.get(*index)
    }

    /// The first route of the host that takes the request.
    pub(crate) fn find(&self, asked: &Asked<'_>) -> Option<&Arc<Route>> {
        self.host(asked.authority)?
            .routes
            .iter()
            .find(|route| route.takes(asked))
    }
}

/// `host` of `host:port`, `[v6]` of `[v6]:port`.
pub(crate) fn without_port(authority: &str) -> &str {
    // Most have none, and end like a name.
    if authority
        .bytes()
        .next_back()
        .is_some_and(|last| last.is_ascii_alphabetic())
    {
        return authority;
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.contains(':') => host,
        Some((host, port)) if host.ends_with(']') && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

impl Route {
    fn compile(place: &str, wire: &wire::Route, clusters: &Clusters) -> Result<Self, CompileError> {
        let bad = |source| CompileError::Pattern {
            place: place.to_owned(),
            source,
        };
        let matches = &wire.matches;
        let fold = |text: &String| {
            if matches.ignore_case {
                text.to_ascii_lowercase()
            } else {
                text.clone()
            }
        };
        let path = match &matches.path {
            wire::PathMatch::Prefix(text) => Path::Prefix(fold(text)),
            wire::PathMatch::PathPrefix(text) => Path::Segments(fold(text).trim_end_matches('/').to_owned()),
            wire::PathMatch::Exact(text) => Path::Exact(fold(text)),
            wire::PathMatch::Regex(pattern) => Path::Regex(super::matcher::whole(pattern).map_err(bad)?),
        };
        let cors = wire.cors.as_ref().map(|cors| {
            let origins = cors
                .allow_origins
                .iter()
                .map(super::matcher::Text::compile)
                .collect::<Result<_, _>>()?;
            Ok(Cors {
                wire: cors.clone(),
                origins,
            })
        });
        Ok(Self {
            name: wire.name.as_deref().unwrap_or("default").into(),
            path,
            ignore_case: matches.ignore_case,
            headers: matches
                .headers
                .iter()
                .map(Header::compile)
                .collect::<Result<_, _>>()
                .map_err(bad)?,
            query: matches
                .query
                .iter()
                .map(Query::compile)
                .collect::<Result<_, _>>()
                .map_err(bad)?,
            action: Action::compile(place, &wire.action, &matches.path, clusters)?,
            request: Edits::compile(place, &wire.request_headers)?,
            response: Edits::compile(place, &wire.response_headers)?,
            fault: wire.fault.clone(),
            cors: cors.transpose().map_err(bad)?,
        })
    }

    fn takes(&self, asked: &Asked<'_>) -> bool {
        self.takes_path(asked.path)
            && self.headers.iter().all(|header| header.matches(asked))
            && self.query.iter().all(|query| query.matches(asked.query))
    }

    fn takes_path(&self, path: &str) -> bool {
        let lower;
        let path = if self.ignore_case {
            lower = path.to_ascii_lowercase();
            &lower
        } else {
            path
        };
        match &self.path {
            Path::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Path::Segments(prefix) => path
                .strip_prefix(prefix.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            Path::Exact(exact) => path == exact,
            Path::Regex(regex) => regex.is_match(path),
        }
    }
}

#[cfg(test)]
mod tests;
