//! Tokens that a request carries: verified, or refused as Envoy refuses them.

use std::sync::Arc;

use http::header::{HeaderValue, WWW_AUTHENTICATE};
use mesh_http2::Response;

use super::exchange::Exchange;
use super::finish::Finish;
use super::headers;
use super::reply::{Reply, local};
use crate::cluster::Cluster;
use crate::state::jwt::{self, Carrier, Fault, Issuers, Token};

/// So much of a path is told in a challenge.
const MOST_PATH: usize = 256;

impl Exchange<'_> {
    /// The token of the request, verified; `None` where it carries none.
    pub(super) fn token(
        &mut self,
        issuers: &Issuers,
        finish: &mut Finish,
    ) -> Result<Option<Arc<Token>>, Fault> {
        if issuers.is_empty() || jwt::is_preflight(&self.parts.method, &self.parts.headers) {
            return Ok(None);
        }
        let token = issuers.check(&mut Carrier {
            headers: &mut self.parts.headers,
            query: self.target.query_mut(),
        });
        // One that was taken out of the path is not to be read in a log.
        if let (Some(request), Some(path)) = (&mut finish.request, self.target.path_and_query()) {
            path.as_str().clone_into(&mut request.path);
        }
        token
    }

    pub(super) fn unauthenticated(
        &self,
        fault: Fault,
        mut finish: Box<Finish>,
        cluster: &Cluster,
    ) -> Response<Reply> {
        let why = fault.to_string();
        finish.details = Some(format!("jwt_authn_access_denied{{{}}}", why.replace(' ', "_")).into());
        self.count(&mut finish, Some(cluster), None);
        let mut response = local(fault.status(), why, finish);
        if let Ok(challenge) = HeaderValue::try_from(self.challenge()) {
            response.head.headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// RFC 6750, section 3.
    fn challenge(&self) -> String {
        let scheme = self.parts.headers.get(&headers::FORWARDED_PROTO);
        let scheme = scheme.and_then(|scheme| scheme.to_str().ok()).unwrap_or("http");
        let target = self.target.path_and_query();
        let path = target.as_ref().map_or("/", |path| path.as_str());
        let end = path.floor_char_boundary(MOST_PATH);
        let authority = self.target.authority();
        format!(
            "Bearer realm=\"{scheme}://{authority}{}\", error=\"invalid_token\"",
            &path[..end]
        )
    }
}
