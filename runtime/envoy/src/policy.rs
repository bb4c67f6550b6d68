use ipnet::IpNet;
use mesh_wire::listener::InboundListener;
use mesh_wire::policy::{Action, MetadataMatch, Permission, Policy, Principal};
use serde_json::{Map, Value, json};

use super::{extension, matcher};

/// What cannot be asked of a connection: it never matches where it lets in, and always where it refuses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Http,
    /// Bytes; what cannot be asked counts as this.
    Bytes(bool),
}

/// Envoy's filters for requests, in Istio's order.
pub(super) fn http(wire: &InboundListener) -> Vec<Value> {
    filters(wire, true)
}

/// A policy of an authorizer: where something cannot be known, it is asked.
pub(super) fn asked(wire: &Policy, http: bool) -> Value {
    policy(wire, if http { Layer::Http } else { Layer::Bytes(true) })
}

/// Envoy's filters for bytes.
pub(super) fn network(wire: &InboundListener) -> Vec<Value> {
    filters(wire, false)
}

fn filters(wire: &InboundListener, http: bool) -> Vec<Value> {
    let mut all = Vec::new();
    let order = [
        (Action::Audit, "LOG"),
        (Action::Deny, "DENY"),
        (Action::Allow, "ALLOW"),
    ];
    for (action, word) in order {
        let layer = match (http, action) {
            (true, _) => Layer::Http,
            (false, Action::Deny) => Layer::Bytes(true),
            (false, _) => Layer::Bytes(false),
        };
        let of = |dry_run: bool| {
            let mut policies = Map::new();
            for (name, policy) in &wire.policy.policies {
                if policy.action == action && policy.dry_run == dry_run {
                    policies.insert(name.clone(), self::policy(policy, layer));
                }
            }
            (!policies.is_empty()).then(|| json!({ "action": word, "policies": policies }))
        };
        let (rules, shadow) = (of(false), of(true));
        if rules.is_none() && shadow.is_none() {
            continue;
        }
        let tried = shadow.is_some() && action != Action::Audit;
        let prefix = tried.then(|| format!("istio_dry_run_{}_", word.to_ascii_lowercase()));
        all.push(filter(
            http,
            json!({ "rules": rules, "shadow_rules": shadow, "shadow_rules_stat_prefix": prefix }),
        ));
    }
    all
}

/// The filter with `config`, for requests or for bytes.
pub(super) fn filter(http: bool, mut config: Value) -> Value {
    let of = if http { "http" } else { "network" };
    if !http {
        config["stat_prefix"] = "tcp.".into();
    }
    let kind = format!("envoy.extensions.filters.{of}.rbac.v3.RBAC");
    extension(&format!("envoy.filters.{of}.rbac"), &kind, config)
}

fn policy(policy: &Policy, layer: Layer) -> Value {
    let permissions: Vec<Value> = policy
        .permissions
        .iter()
        .map(|one| permission(one, layer))
        .collect();
    let principals: Vec<Value> = policy
        .principals
        .iter()
        .map(|one| principal(one, layer))
        .collect();
    json!({
        "permissions": if permissions.is_empty() { vec![never("not_rule")] } else { permissions },
        "principals": if principals.is_empty() { vec![never("not_id")] } else { principals },
    })
}

fn never(not: &str) -> Value {
    json!({ not: { "any": true } })
}

impl Layer {
    /// Under a negation.
    fn turned(self) -> Self {
        match self {
            Self::Http => Self::Http,
            Self::Bytes(unknown) => Self::Bytes(!unknown),
        }
    }

    /// `asked` where there are requests.
    fn ask(self, not: &str, asked: Value) -> Value {
        match self {
            Self::Http => asked,
            Self::Bytes(true) => json!({ "any": true }),
            Self::Bytes(false) => never(not),
        }
    }
}

fn permission(wire: &Permission, layer: Layer) -> Value {
    let inner = |all: &[Permission]| -> Vec<Value> { all.iter().map(|one| permission(one, layer)).collect() };
    let ask = |asked: Value| layer.ask("not_rule", asked);
    match wire {
        Permission::Any => json!({ "any": true }),
        Permission::All(all) if all.is_empty() => json!({ "any": true }),
        Permission::OneOf(all) if all.is_empty() => never("not_rule"),
        Permission::All(all) => json!({ "and_rules": { "rules": inner(all) } }),
        Permission::OneOf(all) => json!({ "or_rules": { "rules": inner(all) } }),
        Permission::Not(one) => json!({ "not_rule": permission(one, layer.turned()) }),
        Permission::DestinationPort(port) => json!({ "destination_port": port }),
        Permission::DestinationIp(net) => json!({ "destination_ip": range(net) }),
        Permission::RequestedServerName(text) => json!({ "requested_server_name": matcher::text(text) }),
        Permission::Header(header) => ask(json!({ "header": matcher::header(header) })),
        Permission::Path(text) => ask(json!({ "url_path": { "path": matcher::text(text) } })),
        Permission::PathTemplate(template) => ask(json!({ "uri_template": {
            "name": "envoy.path.match.uri_template.uri_template_matcher",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig",
                "path_template": template.replace("{**}", "**").replace("{*}", "*") } } })),
        Permission::Metadata(metadata) if !of_requests(metadata) => {
            json!({ "metadata": self::metadata(metadata) })
        }
        Permission::Metadata(metadata) => ask(json!({ "metadata": self::metadata(metadata) })),
    }
}

fn principal(wire: &Principal, layer: Layer) -> Value {
    let inner = |all: &[Principal]| -> Vec<Value> { all.iter().map(|one| principal(one, layer)).collect() };
    let ask = |asked: Value| layer.ask("not_id", asked);
    match wire {
        Principal::Any => json!({ "any": true }),
        Principal::All(all) if all.is_empty() => json!({ "any": true }),
        Principal::OneOf(all) if all.is_empty() => never("not_id"),
        Principal::All(all) => json!({ "and_ids": { "ids": inner(all) } }),
        Principal::OneOf(all) => json!({ "or_ids": { "ids": inner(all) } }),
        Principal::Not(one) => json!({ "not_id": principal(one, layer.turned()) }),
        Principal::Authenticated(None) => json!({ "authenticated": {} }),
        Principal::Authenticated(Some(text)) => {
            json!({ "authenticated": { "principal_name": matcher::text(text) } })
        }
        Principal::DirectRemoteIp(net) => json!({ "direct_remote_ip": range(net) }),
        Principal::RemoteIp(net) => json!({ "remote_ip": range(net) }),
        Principal::Header(header) => ask(json!({ "header": matcher::header(header) })),
        Principal::Metadata(metadata) if !of_requests(metadata) => {
            json!({ "metadata": self::metadata(metadata) })
        }
        Principal::Metadata(metadata) => ask(json!({ "metadata": self::metadata(metadata) })),
    }
}

fn range(net: &IpNet) -> Value {
    json!({ "address_prefix": net.network().to_string(), "prefix_len": net.prefix_len() })
}

/// Whether what is asked for is written down of requests alone.
fn of_requests(wanted: &MetadataMatch) -> bool {
    wanted.filter.starts_with("envoy.filters.http.")
}

/// A text, or one of a list, as Istio asks for claims.
fn metadata(wanted: &MetadataMatch) -> Value {
    let path: Vec<Value> = wanted.path.iter().map(|key| json!({ "key": key })).collect();
    let text = json!({ "string_match": matcher::text(&wanted.value) });
    json!({ "filter": wanted.filter, "path": path, "value": { "or_match": { "value_matchers": [
        text, { "list_match": { "one_of": text } } ] } } })
}
