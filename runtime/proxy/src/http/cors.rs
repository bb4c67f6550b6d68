//! Cross-origin requests (Envoy `CorsPolicy`; fetch.spec.whatwg.org, section 3.2).

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderValue, Method};
use mesh_http2::{Fields, RequestHead};

use crate::state::routes::Cors;

/// What a route's policy makes of a request.
pub(super) enum Origin {
    /// It comes from nowhere else.
    Same,
    /// It asks first; these are the headers of the answer.
    Preflight(Fields),
    /// These go onto the answer.
    Allowed(Fields),
}

pub(super) fn judge(cors: &Cors, parts: &RequestHead) -> Origin {
    let Some(origin) = parts.headers.get(ORIGIN) else {
        return Origin::Same;
    };
    let preflight =
        parts.method == Method::OPTIONS && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let known = origin
        .to_str()
        .is_ok_and(|text| cors.origins.iter().any(|allowed| allowed.matches(text)));
    // A preflight of an origin that may not is told all but that it may.
    if !known && (!preflight || cors.wire.forward_unmatched_preflights) {
        return Origin::Same;
    }
    let mut headers = Fields::new();
    if known {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    if cors.wire.allow_credentials {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    let mut list = |name, values: &[String]| {
        if !values.is_empty()
            && let Ok(value) = HeaderValue::try_from(values.join(","))
        {
            headers.insert(name, value);
        }
    };
    if known {
        list(ACCESS_CONTROL_EXPOSE_HEADERS, &cors.wire.expose_headers);
    }
    if preflight {
        list(ACCESS_CONTROL_ALLOW_METHODS, &cors.wire.allow_methods);
        list(ACCESS_CONTROL_ALLOW_HEADERS, &cors.wire.allow_headers);
        if let Some(age) = cors.wire.max_age {
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(age.0 / 1000));
        }
        return Origin::Preflight(headers);
    }
    Origin::Allowed(headers)
}
