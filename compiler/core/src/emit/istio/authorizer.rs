use serde_json::{Value, json};

use super::text::duration;
use crate::model::{Authorizer, HttpAuthorizer, Mesh};

/// The `extensionProviders` of MeshConfig that rules ask, by their names.
pub(in crate::emit) fn providers(mesh: &Mesh) -> impl Iterator<Item = Value> {
    mesh.authorizers.iter().map(|(name, authorizer)| {
        let kind = if authorizer.http.is_some() {
            "envoyExtAuthzHttp"
        } else {
            "envoyExtAuthzGrpc"
        };
        let body = crate::emit::document::without_empty(body(authorizer));
        json!({ "name": name, kind: body })
    })
}

fn body(authorizer: &Authorizer) -> Value {
    let place = &authorizer.place;
    let mut body = json!({
        "service": format!("{}/{}", place.namespace, place.host),
        "port": place.port,
        "timeout": authorizer.timeout.map(duration),
        "failOpen": authorizer.fail_open.then_some(true),
        "statusOnError": authorizer.status_on_error.map(|status| status.to_string()),
        "includeRequestBodyInCheck": authorizer.body.map(|(most, partial)| json!({
            "maxRequestBytes": most,
            "allowPartialMessage": partial.then_some(true),
        })),
    });
    if let Some(http) = &authorizer.http {
        of_http(&mut body, http);
    }
    body
}

fn of_http(body: &mut Value, http: &HttpAuthorizer) {
    body["pathPrefix"] = json!(http.path_prefix);
    body["includeRequestHeadersInCheck"] = json!(http.send);
    body["headersToUpstreamOnAllow"] = json!(http.upstream);
    body["headersToDownstreamOnAllow"] = json!(http.allow);
    body["headersToDownstreamOnDeny"] = json!(http.deny);
}
