use std::borrow::Cow;

use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Version};
use mesh_http2::RequestHead;

use super::path::normalize;
use crate::state::matcher::Asked;

/// What a request is for, in the form that every version of HTTP can be brought to. What nobody changes shares memory with
/// the request.
#[derive(Clone, Debug)]
pub(super) struct Target {
    host: Host,
    came: PathAndQuery,
    /// `None` where it came as it goes on.
    changed: Option<Changed>,
}

/// Host and port as the client wrote them, or as they were changed.
#[derive(Clone, Debug)]
enum Host {
    Uri(Authority),
    Header(HeaderValue),
}

/// Path and query that are not those which came.
#[derive(Clone, Debug)]
struct Changed {
    path: String,
    query: Option<String>,
}

/// A request that says nobody whom it is for, or something that is no path.
#[derive(Debug)]
pub(super) struct Untargeted;

impl Target {
    /// Out of a request, whose path is normal from then on.
    pub(super) fn of(parts: &RequestHead) -> Result<Self, Untargeted> {
        // RFC 9112, 3.2.2: the absolute form wins over Host.
        let host = match &parts.authority {
            Some(authority) => Host::Uri(authority.clone()),
            None => {
                let mut hosts = parts.headers.get_all(HOST);
                let host = hosts.next().ok_or(Untargeted)?;
                if hosts.next().is_some() || host.to_str().is_err() {
                    return Err(Untargeted);
                }
                Host::Header(host.clone())
            }
        };
        let came = parts.path.clone();
        let came = came.unwrap_or_else(|| PathAndQuery::from_static("/"));
        let path = match came.path() {
            // `OPTIONS *` is about the server and no path to normalize.
            "*" => Cow::Borrowed("*"),
            path if path.starts_with('/') => normalize(path),
            _ => return Err(Untargeted),
        };
        // An absolute URI may have a query and no path.
        let same = matches!(path, Cow::Borrowed(_)) && came.as_str().starts_with(&*path);
        let changed = (!same).then(|| Changed {
            path: path.into_owned(),
            query: came.query().map(str::to_owned),
        });
        Ok(Self { host, came, changed })
    }

    pub(super) fn authority(&self) -> &str {
        match &self.host {
            Host::Uri(authority) => authority.as_str(),
            Host::Header(host) => host.to_str().unwrap_or_default(),
        }
    }

    /// The same, as a header has it.
    pub(super) fn host(&self) -> HeaderValue {
        match &self.host {
            Host::Uri(authority) => {
                HeaderValue::from_str(authority.as_str()).unwrap_or(HeaderValue::from_static(""))
            }
            Host::Header(host) => host.clone(),
        }
    }

    pub(super) fn set_host(&mut self, host: HeaderValue) {
        self.host = Host::Header(host);
    }

    pub(super) fn path(&self) -> &str {
        match &self.changed {
            Some(changed) => &changed.path,
            None => self.came.path(),
        }
    }

    pub(super) fn query(&self) -> &str {
        let query = match &self.changed {
            Some(changed) => changed.query.as_deref(),
            None => self.came.query(),
        };
        query.unwrap_or_default()
    }

    pub(super) fn query_mut(&mut self) -> &mut Option<String> {
        &mut self.changed().query
    }

    fn changed(&mut self) -> &mut Changed {
        self.changed.get_or_insert_with(|| Changed {
            path: self.came.path().to_owned(),
            query: self.came.query().map(str::to_owned),
        })
    }

    pub(super) fn set_path(&mut self, new: String) {
        let Changed { path, query } = self.changed();
        // A rewrite may bring its own query; the request's stays then behind it.
        match new.split_once('?') {
            Some((new, more)) => {
                new.clone_into(path);
                *query = Some(match &query {
                    Some(old) => format!("{more}&{old}"),
                    None => more.to_owned(),
                });
            }
            None => *path = new,
        }
        if !path.starts_with('/') && path != "*" {
            path.insert(0, '/');
        }
    }

    /// What conditions look at.
    pub(super) fn asked<'a>(&'a self, parts: &'a RequestHead) -> Asked<'a> {
        Asked {
            method: parts.method.as_str(),
            authority: self.authority(),
            path: self.path(),
            query: self.query(),
            scheme: "http",
            headers: &parts.headers,
        }
    }

    pub(super) fn path_and_query(&self) -> Option<PathAndQuery> {
        match &self.changed {
            None => Some(self.came.clone()),
            Some(Changed {
                path,
                query: Some(query),
            }) => PathAndQuery::try_from(format!("{path}?{query}")).ok(),
            Some(Changed { path, query: None }) => PathAndQuery::try_from(path.as_str()).ok(),
        }
    }

    /// Brings the target into a request for an upstream.
    pub(super) fn put(&self, http2: bool, parts: &mut RequestHead) -> Option<()> {
        if http2 {
            parts.headers.remove(HOST);
            parts.authority = Some(match &self.host {
                Host::Uri(authority) => authority.clone(),
                Host::Header(host) => Authority::try_from(host.as_bytes()).ok()?,
            });
            parts.version = Version::HTTP_2;
        } else {
            parts.headers.insert(HOST, self.host());
            parts.authority = None;
            parts.version = Version::HTTP_11;
        }
        parts.scheme = Some(Scheme::HTTP);
        parts.path = Some(self.path_and_query()?);
        Some(())
    }
}
