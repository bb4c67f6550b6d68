use std::collections::BTreeSet;

use mesh_wire::jwt::{Jwt, JwtHeader};

use crate::reference::facts::{field, fields, list, set};

/// Claims that Istio takes for lists in any case.
const LISTS: [&str; 2] = ["permission", "scope"];

pub(crate) fn text(jwt: &Jwt) -> String {
    let header = |header: &JwtHeader| format!("{}:{}", header.name, header.prefix);
    let lists: BTreeSet<_> = jwt
        .space_delimited
        .iter()
        .map(String::as_str)
        .chain(LISTS)
        .collect();
    fields(&[
        format!("audiences={}", set(jwt.audiences.clone())),
        format!("jwks={}", jwt.jwks.as_deref().unwrap_or_default()),
        format!("headers={}", list(jwt.headers.iter().map(header))),
        format!("params={}", set(jwt.params.clone())),
        format!("cookies={}", set(jwt.cookies.clone())),
        format!("forward={}", jwt.forward),
        format!(
            "payload-header={}",
            jwt.payload_header.as_deref().unwrap_or_default()
        ),
        format!(
            "claims={}",
            set(jwt
                .claim_headers
                .iter()
                .map(|(header, claim)| format!("{header}:{claim}")))
        ),
        format!("space-delimited={}", set(lists)),
        // How long keys may take says nothing where they are given.
        field(
            "timeout",
            jwt.timeout.filter(|_| jwt.jwks.is_none()).map(|span| span.0),
        ),
    ])
}
