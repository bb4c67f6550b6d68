use std::collections::BTreeMap;

use mesh_wire::Millis;
use mesh_wire::authorizer::{AskedBody, AskedBy, Authorizer};
use mesh_wire::listener::InboundProtocol;

use super::Compiler;
use crate::emit::access::AccessPolicy;
use crate::emit::snapshot::name;
use crate::model::{self, Action, Mesh};

/// Istio's, where nothing is said (`timeoutOrDefault`).
const TIMEOUT: Millis = Millis::from_secs(600);

/// Whom calls to a listener of `protocol` are asked of, by name (Istio `pilot/pkg/security/authz/builder/extauthz.go`): where
/// there are only bytes, those that speak gRPC; others are left out.
pub(in crate::emit::snapshot) fn asked(
    mesh: &Mesh,
    policies: &[AccessPolicy<'_>],
    protocol: InboundProtocol,
) -> Vec<Authorizer> {
    let mut all: BTreeMap<&str, Authorizer> = BTreeMap::new();
    let tcp = protocol == InboundProtocol::Tcp;
    for policy in policies.iter().filter(|policy| policy.action == Action::Ask) {
        let named = policy.authorizer.as_deref();
        let Some((name, said)) = named.and_then(|name| mesh.authorizers.get_key_value(name)) else {
            continue;
        };
        if tcp && said.http.is_some() {
            continue;
        }
        let compiler = Compiler {
            mesh,
            namespace: policy.namespace,
            action: policy.action,
            tcp,
        };
        let one = all.entry(name).or_insert_with(|| wire(name, said));
        for (index, rule) in policy.rules.iter().enumerate() {
            let name = format!("ns[{}]-policy[{}]-rule[{index}]", policy.namespace, policy.name);
            if let Some(compiled) = compiler.policy(rule, policy.dry_run) {
                one.policies.insert(name, compiled);
            }
        }
    }
    all.into_values().collect()
}

fn wire(name: &str, said: &model::Authorizer) -> Authorizer {
    Authorizer {
        name: name.to_owned(),
        cluster: name::outbound(said.place.port, "", &said.place.host),
        host: said.place.host.clone(),
        timeout: said.timeout.unwrap_or(TIMEOUT),
        fail_open: said.fail_open,
        status_on_error: said.status_on_error,
        body: said.body.map(|(most, partial)| AskedBody {
            most,
            partial,
            bytes: false,
        }),
        by: match &said.http {
            None => AskedBy::Grpc,
            Some(http) => AskedBy::Http {
                path_prefix: http.path_prefix.clone(),
                send: http.send.clone(),
                add: BTreeMap::new(),
                upstream: http.upstream.clone(),
                allow: http.allow.clone(),
                deny: http.deny.clone(),
            },
        },
        policies: BTreeMap::new(),
    }
}
