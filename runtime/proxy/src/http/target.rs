use http::header::HOST;
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Uri};

use super::path::normalize;
use crate::state::matcher::Asked;

/// What a request is for, in the form that every version of HTTP can be brought to.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Host and port as the client wrote them.
    pub(super) authority: HeaderValue,
    path: String,
    query: Option<String>,
}

/// A request that says nobody whom it is for, or something that is no path.
#[derive(Debug)]
pub(super) struct Untargeted;

impl Target {
    /// Out of a request, whose path is normal from then on.
    pub(super) fn of(parts: &Parts) -> Result<Self, Untargeted> {
        // RFC 9112, 3.2.2: the absolute form wins over Host.
        let authority = match parts.uri.authority() {
            Some(authority) => HeaderValue::from_str(authority.as_str()).map_err(|_| Untargeted)?,
            None => {
                let mut hosts = parts.headers.get_all(HOST).iter();
                let host = hosts.next().ok_or(Untargeted)?;
                if hosts.next().is_some() || host.to_str().is_err() {
                    return Err(Untargeted);
                }
                host.clone()
            }
        };
        let path = match parts.uri.path() {
            // `OPTIONS *` is about the server and no path to normalize.
            "*" => "*".to_owned(),
            "" => "/".to_owned(),
            path if path.starts_with('/') => normalize(path).into_owned(),
            _ => return Err(Untargeted),
        };
        Ok(Self {
            authority,
            path,
            query: parts.uri.query().map(str::to_owned),
        })
    }

    pub(super) fn authority(&self) -> &str {
        self.authority.to_str().unwrap_or_default()
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn query(&self) -> &str {
        self.query.as_deref().unwrap_or_default()
    }

    pub(super) fn query_mut(&mut self) -> &mut Option<String> {
        &mut self.query
    }

    pub(super) fn set_path(&mut self, path: String) {
        // A rewrite may bring its own query; the request's stays then behind it.
        match path.split_once('?') {
            Some((path, query)) => {
                self.path = path.to_owned();
                self.query = Some(match &self.query {
                    Some(old) => format!("{query}&{old}"),
                    None => query.to_owned(),
                });
            }
            None => self.path = path,
        }
        if !self.path.starts_with('/') && self.path != "*" {
            self.path.insert(0, '/');
        }
    }

    /// What conditions look at.
    pub(super) fn asked<'a>(&'a self, parts: &'a Parts) -> Asked<'a> {
        Asked {
            method: parts.method.as_str(),
            authority: self.authority(),
            path: &self.path,
            query: self.query(),
            scheme: "http",
            headers: &parts.headers,
        }
    }

    pub(super) fn path_and_query(&self) -> Option<PathAndQuery> {
        match &self.query {
            Some(query) => PathAndQuery::try_from(format!("{}?{query}", self.path)).ok(),
            None => PathAndQuery::try_from(self.path.as_str()).ok(),
        }
    }

    /// Brings the target into a request for an upstream.
    pub(super) fn put(&self, http2: bool, parts: &mut Parts) -> Option<()> {
        let path_and_query = self.path_and_query()?;
        parts.uri = if http2 {
            parts.headers.remove(HOST);
            let authority = Authority::try_from(self.authority.as_bytes()).ok()?;
            Uri::builder()
                .scheme("http")
                .authority(authority)
                .path_and_query(path_and_query)
                .build()
                .ok()?
        } else {
            parts.headers.insert(HOST, self.authority.clone());
            Uri::from(path_and_query)
        };
        parts.version = if http2 {
            http::Version::HTTP_2
        } else {
            http::Version::HTTP_11
        };
        Some(())
    }
}
