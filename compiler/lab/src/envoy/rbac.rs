//! Who may do what, as Envoy's RBAC filters (`config.rbac.v3`).

use ipnet::IpNet;
use mesh_wire::policy::{Action, MetadataMatch, Permission, Policy, PolicySet, Principal};
use serde_json::{Map, Value, json};

use super::{extension, matcher};

/// Where the filter stands.
#[derive(Clone, Copy)]
pub(super) enum Layer {
    /// Before requests.
    Http,
    /// Before connections.
    Tcp,
}

/// The filters of `set`, in Istio's order: what is denied is looked at before what is allowed.
pub(super) fn filters(set: &PolicySet, layer: Layer) -> Vec<Value> {
    let rules = [(Action::Deny, "DENY"), (Action::Allow, "ALLOW")];
    rules
        .into_iter()
        .filter_map(|(action, word)| filter(set, action, word, layer))
        .collect()
}

fn filter(set: &PolicySet, action: Action, word: &str, layer: Layer) -> Option<Value> {
    let of_action = set.policies.iter().filter(|(_, policy)| policy.action == action);
    let (shadow, enforced): (Vec<_>, Vec<_>) = of_action.partition(|(_, policy)| policy.dry_run);
    if shadow.is_empty() && enforced.is_empty() {
        return None;
    }
    let mut fields = json!({});
    if !enforced.is_empty() {
        fields["rules"] = rules(&enforced, word);
    }
    if !shadow.is_empty() {
        fields["shadow_rules"] = rules(&shadow, word);
        fields["shadow_rules_stat_prefix"] = format!("istio_dry_run_{}_", word.to_lowercase()).into();
    }
    Some(match layer {
        Layer::Http => extension("envoy.filters.http.rbac", "filters.http.rbac.v3.RBAC", fields),
        Layer::Tcp => {
            fields["stat_prefix"] = "tcp.".into();
            extension(
                "envoy.filters.network.rbac",
                "filters.network.rbac.v3.RBAC",
                fields,
            )
        }
    })
}

fn rules(policies: &[(&String, &Policy)], action: &str) -> Value {
    let policies: Map<String, Value> = policies
        .iter()
        .map(|(name, policy)| {
            let permissions: Vec<Value> = policy.permissions.iter().map(permission).collect();
            let principals: Vec<Value> = policy.principals.iter().map(principal).collect();
            (
                (*name).clone(),
                json!({ "permissions": permissions, "principals": principals }),
            )
        })
        .collect();
    json!({ "action": action, "policies": policies })
}

fn permission(of: &Permission) -> Value {
    match of {
        Permission::Any => json!({ "any": true }),
        Permission::All(inner) => json!({ "and_rules": { "rules": all(inner, permission) } }),
        Permission::OneOf(inner) => json!({ "or_rules": { "rules": all(inner, permission) } }),
        Permission::Not(inner) => json!({ "not_rule": permission(inner) }),
        Permission::DestinationPort(port) => json!({ "destination_port": port }),
        Permission::DestinationIp(range) => json!({ "destination_ip": cidr(range) }),
        Permission::RequestedServerName(name) => json!({ "requested_server_name": matcher::string(name) }),
        Permission::Header(header) => json!({ "header": matcher::header(header) }),
        Permission::Path(path) => json!({ "url_path": { "path": matcher::string(path) } }),
        Permission::PathTemplate(template) => {
            let kind = "path.match.uri_template.v3.UriTemplateMatchConfig";
            // Istio writes `{*}` and `{**}` for what Envoy writes without braces.
            let fields = json!({ "path_template": template.replace("{*}", "*").replace("{**}", "**") });
            json!({ "uri_template": extension("uri-template", kind, fields) })
        }
        Permission::Metadata(metadata) => json!({ "metadata": metadata_matcher(metadata) }),
    }
}

fn principal(of: &Principal) -> Value {
    match of {
        Principal::Any => json!({ "any": true }),
        Principal::All(inner) => json!({ "and_ids": { "ids": all(inner, principal) } }),
        Principal::OneOf(inner) => json!({ "or_ids": { "ids": all(inner, principal) } }),
        Principal::Not(inner) => json!({ "not_id": principal(inner) }),
        Principal::Authenticated(None) => json!({ "authenticated": {} }),
        Principal::Authenticated(Some(name)) => {
            json!({ "authenticated": { "principal_name": matcher::string(name) } })
        }
        Principal::DirectRemoteIp(range) => json!({ "direct_remote_ip": cidr(range) }),
        Principal::RemoteIp(range) => json!({ "remote_ip": cidr(range) }),
        Principal::Header(header) => json!({ "header": matcher::header(header) }),
        Principal::Metadata(metadata) => {
            json!({ "sourced_metadata": { "metadata_matcher": metadata_matcher(metadata) } })
        }
    }
}

fn all<T>(inner: &[T], one: impl Fn(&T) -> Value) -> Vec<Value> {
    inner.iter().map(one).collect()
}

fn cidr(range: &IpNet) -> Value {
    json!({ "address_prefix": range.network().to_string(), "prefix_len": range.prefix_len() })
}

fn metadata_matcher(of: &MetadataMatch) -> Value {
    let path: Vec<Value> = of.path.iter().map(|key| json!({ "key": key })).collect();
    let text = json!({ "string_match": matcher::string(&of.value) });
    let listed = json!({ "list_match": { "one_of": text.clone() } });
    json!({ "filter": of.filter, "path": path, "value": { "or_match": { "value_matchers": [text, listed] } } })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mesh_wire::matcher::StringMatch;

    use super::*;

    fn policy(action: Action, dry_run: bool) -> Policy {
        let who = StringMatch::Exact("spiffe://cluster.local/ns/a/sa/b".into());
        Policy {
            action,
            permissions: vec![Permission::Any],
            principals: vec![Principal::Authenticated(Some(who))],
            dry_run,
        }
    }

    #[test]
    fn denials_come_before_allowances() {
        let policies = BTreeMap::from([
            ("a".to_owned(), policy(Action::Allow, false)),
            ("b".to_owned(), policy(Action::Deny, false)),
        ]);
        let filters = filters(&PolicySet { policies }, Layer::Http);
        let actions: Vec<_> = filters
            .iter()
            .map(|it| it["typed_config"]["rules"]["action"].clone())
            .collect();
        assert_eq!(actions, ["DENY", "ALLOW"]);
        let who = &filters[1]["typed_config"]["rules"]["policies"]["a"]["principals"][0];
        assert_eq!(
            who["authenticated"]["principal_name"]["exact"],
            "spiffe://cluster.local/ns/a/sa/b"
        );
    }

    #[test]
    fn a_dry_run_is_not_enforced() {
        let policies = BTreeMap::from([("a".to_owned(), policy(Action::Allow, true))]);
        let filters = filters(&PolicySet { policies }, Layer::Tcp);
        assert!(filters[0]["typed_config"].get("rules").is_none());
        assert!(filters[0]["typed_config"].get("shadow_rules").is_some());
    }

    #[test]
    fn without_policies_everybody_may() {
        assert!(filters(&PolicySet::default(), Layer::Http).is_empty());
    }
}
