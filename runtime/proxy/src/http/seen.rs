//! Which headers a message has, found in one look at all of them: most that are asked for are not there.

use mesh_http2::Fields;

/// What one look tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Of all names and values, bytes.
    pub(super) size: usize,
    /// Something concerns one connection only, or says what does (RFC 9110, 7.6.1).
    pub(super) hop: bool,
    /// `x-envoy-…`, but for what proxies say of themselves and of every request.
    pub(super) internal: bool,
    /// What a proxy says of itself.
    pub(super) peer: bool,
    pub(super) request_id: bool,
    pub(super) proto: bool,
    pub(super) client_cert: bool,
    pub(super) content_type: bool,
    pub(super) grpc_status: bool,
    pub(super) cookies: usize,
}

impl Seen {
    pub(super) fn of(headers: &Fields) -> Self {
        let mut seen = Self::default();
        for (name, value) in headers.iter() {
            let name = name.as_str();
            seen.size += name.len() + value.len();
            match name {
                "connection" | "transfer-encoding" | "te" | "upgrade" | "keep-alive" | "proxy-connection" => {
                    seen.hop = true;
                }
                "x-envoy-peer-metadata" | "x-envoy-peer-metadata-id" => seen.peer = true,
                "x-request-id" => seen.request_id = true,
                "x-forwarded-proto" => seen.proto = true,
                "x-forwarded-client-cert" => seen.client_cert = true,
                "content-type" => seen.content_type = true,
                "grpc-status" => seen.grpc_status = true,
                "cookie" => seen.cookies += 1,
                "x-envoy-attempt-count" | "x-envoy-upstream-service-time" => {}
                name => seen.internal |= name.starts_with("x-envoy-"),
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::HeaderName;

    use super::*;

    #[test]
    fn one_look_tells_all() {
        let headers = |names: &[&'static str]| {
            let mut headers = Fields::new();
            for name in names {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static("1"));
            }
            Seen::of(&headers)
        };
        assert_eq!(headers(&[]), Seen::default());
        assert!(headers(&["accept", "te"]).hop && headers(&["proxy-connection"]).hop);
        assert!(headers(&["x-envoy-retry-on"]).internal);
        let own = headers(&["x-envoy-peer-metadata", "x-request-id"]);
        assert!(own.peer && own.request_id && !own.internal);
        let crumbs = headers(&["cookie", "cookie"]);
        assert_eq!((crumbs.cookies, crumbs.size), (2, 14));
    }
}
