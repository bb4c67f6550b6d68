use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::SECURITY;
use super::text::duration;
use crate::emit::access::DEFAULT;
use crate::emit::document::Object;
use crate::emit::snapshot::SYSTEM_NAMESPACE;
use crate::model::{Jwt, Mesh, Service};

/// Tokens that hold in the whole mesh.
pub(super) fn of_mesh(mesh: &Mesh) -> Option<Value> {
    object(SYSTEM_NAMESPACE, DEFAULT, None, &mesh.access.jwt)
}

/// Tokens that hold in a namespace.
pub(super) fn of_namespace(mesh: &Mesh, namespace: &str) -> Option<Value> {
    let jwt = &mesh.namespaces.get(namespace)?.access.jwt;
    object(namespace, DEFAULT, None, jwt)
}

/// Tokens that hold for the workloads of a service.
pub(super) fn of_service(service: &Service) -> Option<Value> {
    let selector = Some(&service.selector);
    object(&service.namespace, &service.name, selector, &service.access.jwt)
}

fn object(
    namespace: &str,
    name: &str,
    selector: Option<&BTreeMap<String, String>>,
    jwt: &[Jwt],
) -> Option<Value> {
    let object = Object {
        api: SECURITY,
        kind: "RequestAuthentication",
        namespace: Some(namespace),
        name,
    };
    (!jwt.is_empty()).then(|| {
        object.spec(json!({
            "selector": selector.map(|labels| json!({ "matchLabels": labels })),
            "jwtRules": jwt.iter().map(rule).collect::<Vec<_>>(),
        }))
    })
}

fn rule(jwt: &Jwt) -> Value {
    let header = |(name, prefix): &(String, Option<String>)| json!({ "name": name, "prefix": prefix });
    let claim = |(header, claim): &(String, String)| json!({ "header": header, "claim": claim });
    json!({
        "issuer": jwt.issuer,
        "audiences": jwt.audiences,
        "jwksUri": jwt.jwks_uri,
        "jwks": jwt.jwks,
        "fromHeaders": jwt.headers.iter().map(header).collect::<Vec<_>>(),
        "fromParams": jwt.params,
        "fromCookies": jwt.cookies,
        "forwardOriginalToken": jwt.forward.then_some(true),
        "outputPayloadToHeader": jwt.payload_header,
        "outputClaimToHeaders": jwt.claim_headers.iter().map(claim).collect::<Vec<_>>(),
        "spaceDelimitedClaims": jwt.space_delimited,
        "timeout": jwt.timeout.map(duration),
    })
}
