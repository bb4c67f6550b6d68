use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{Method, StatusCode, Version};

use crate::Fields;

/// What a request is before its body, whatever version of HTTP it is of.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// What is to be done.
    pub method: Method,
    /// Where it was said.
    pub scheme: Option<Scheme>,
    /// Of an absolute target, of HTTP/2's field of this name, or of CONNECT.
    pub authority: Option<Authority>,
    /// `None` for CONNECT.
    pub path: Option<PathAndQuery>,
    /// Of the connection that it came on, or goes on.
    pub version: Version,
    /// Its headers.
    pub headers: Fields,
}

impl Default for RequestHead {
    /// `GET` of nothing.
    fn default() -> Self {
        Self {
            method: Method::GET,
            scheme: None,
            authority: None,
            path: None,
            version: Version::HTTP_11,
            headers: Fields::new(),
        }
    }
}

impl RequestHead {
    /// A request for `uri`.
    pub fn to(method: Method, uri: Uri) -> Self {
        let uri = uri.into_parts();
        Self {
            method,
            scheme: uri.scheme,
            authority: uri.authority,
            path: uri.path_and_query,
            ..Self::default()
        }
    }
}

/// What an answer is before its body.
#[derive(Clone, Debug)]
pub struct ResponseHead {
    /// How it went.
    pub status: StatusCode,
    /// Of the connection that it came on, or goes on.
    pub version: Version,
    /// Its headers.
    pub headers: Fields,
}

impl Default for ResponseHead {
    /// `200 OK`.
    fn default() -> Self {
        Self {
            status: StatusCode::OK,
            version: Version::HTTP_11,
            headers: Fields::new(),
        }
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request<B> {
    /// All but its body.
    pub head: RequestHead,
    /// Its body.
    pub body: B,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response<B> {
    /// All but its body.
    pub head: ResponseHead,
    /// Its body.
    pub body: B,
}

impl<B> Request<B> {
    /// The same with another body.
    pub fn map<T>(self, body: impl FnOnce(B) -> T) -> Request<T> {
        Request {
            head: self.head,
            body: body(self.body),
        }
    }
}

impl<B> Response<B> {
    /// `200 OK` with this body.
    pub fn new(body: B) -> Self {
        Self {
            head: ResponseHead::default(),
            body,
        }
    }

    /// The same with another body.
    pub fn map<T>(self, body: impl FnOnce(B) -> T) -> Response<T> {
        Response {
            head: self.head,
            body: body(self.body),
        }
    }
}

impl<B> From<http::Request<B>> for Request<B> {
    fn from(request: http::Request<B>) -> Self {
        let (parts, body) = request.into_parts();
        let head = RequestHead {
            version: parts.version,
            headers: parts.headers.into(),
            ..RequestHead::to(parts.method, parts.uri)
        };
        Self { head, body }
    }
}

impl<B> From<http::Response<B>> for Response<B> {
    fn from(response: http::Response<B>) -> Self {
        let (parts, body) = response.into_parts();
        let head = ResponseHead {
            status: parts.status,
            version: parts.version,
            headers: parts.headers.into(),
        };
        Self { head, body }
    }
}

impl<B> From<Request<B>> for http::Request<B> {
    /// A request with a path alone has nothing else in its URI.
    fn from(request: Request<B>) -> Self {
        let RequestHead {
            method,
            scheme,
            authority,
            path,
            version,
            headers,
        } = request.head;
        let mut uri = http::uri::Parts::default();
        // A URI has both or none.
        uri.scheme = scheme.filter(|_| authority.is_some() && path.is_some());
        (uri.authority, uri.path_and_query) = (authority, path);
        let mut converted = Self::new(request.body);
        *converted.method_mut() = method;
        // What was taken apart is put together again.
        *converted.uri_mut() = Uri::from_parts(uri).unwrap_or_default();
        *converted.version_mut() = version;
        *converted.headers_mut() = headers.into();
        converted
    }
}

impl<B> From<Response<B>> for http::Response<B> {
    fn from(response: Response<B>) -> Self {
        let mut converted = Self::new(response.body);
        *converted.status_mut() = response.head.status;
        *converted.version_mut() = response.head.version;
        *converted.headers_mut() = response.head.headers.into();
        converted
    }
}
