use mesh_wire::jwt::{Jwt as WireJwt, JwtHeader};

use super::Viewer;
use crate::emit::access;
use crate::model::{Jwt, Mesh};

/// The tokens that requests to the viewer's workload may carry, by issuer (Istio `authn/policy_applier.go`).
pub(super) fn of(mesh: &Mesh, viewer: &Viewer<'_>) -> Vec<WireJwt> {
    let mut all = access::tokens(mesh, viewer.namespace, &viewer.labels);
    all.sort_by(|a, b| a.issuer.cmp(&b.issuer));
    all.into_iter().map(wire).collect()
}

fn wire(jwt: &Jwt) -> WireJwt {
    let header = |(name, prefix): &(String, Option<String>)| JwtHeader {
        name: name.to_lowercase(),
        prefix: prefix.clone().unwrap_or_default(),
    };
    WireJwt {
        issuer: jwt.issuer.clone(),
        audiences: jwt.audiences.clone(),
        jwks: jwt.jwks.clone(),
        jwks_uri: jwt.jwks_uri.clone(),
        headers: jwt.headers.iter().map(header).collect(),
        params: jwt.params.clone(),
        cookies: jwt.cookies.clone(),
        forward: jwt.forward,
        payload_header: jwt.payload_header.clone(),
        claim_headers: jwt
            .claim_headers
            .iter()
            .map(|(header, claim)| (header.to_lowercase(), claim.clone()))
            .collect(),
        space_delimited: jwt.space_delimited.clone(),
        timeout: jwt.timeout,
    }
}
