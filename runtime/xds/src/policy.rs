//! `envoy.config.rbac.v3`, which Istio's AuthorizationPolicy compiles to.

mod bytes;

use std::collections::BTreeMap;

use mesh_wire::policy::{Action, MetadataMatch, Permission, Policy, PolicySet, Principal};
use serde_json::json;

use crate::matcher;
use crate::reader::Reader;

pub(crate) use bytes::{asked as asked_by_bytes, seen as seen_by_bytes};

/// What an ALLOW is called that nothing matches, so that it only closes.
const CLOSED: &str = "closed";

/// Adds what an RBAC filter enforces, and what it would do in a dry run.
pub(crate) fn add(set: &mut PolicySet, mut filter: Reader<'_>) {
    filter.skip("shadow_rules_stat_prefix");
    for name in ["stat_prefix", "rules_stat_prefix"] {
        // Each of the two filters has one of these.
        if filter.knows(name) {
            filter.skip(name);
        }
    }
    for (name, dry_run) in [("rules", false), ("shadow_rules", true)] {
        if let Some(rules) = filter.message(name) {
            add_rules(set, rules, dry_run);
        }
    }
}

/// What `rules` say, enforced or tried out.
pub(crate) fn add_rules(set: &mut PolicySet, mut rules: Reader<'_>, dry_run: bool) {
    let action = rules.word("action");
    let action = match action.as_deref() {
        None | Some("ALLOW") => Action::Allow,
        Some("DENY") => Action::Deny,
        Some("LOG") => Action::Audit,
        Some(other) => {
            // Nothing gets through what is not understood.
            rules.tell("action", &json!(other), "an action that is not known; it refuses");
            Action::Deny
        }
    };
    let policies = rules.map("policies");
    if policies.is_empty() && action == Action::Allow && !dry_run {
        set.policies.entry(CLOSED.to_owned()).or_insert_with(closed);
    }
    for (name, policy) in policies {
        let policy = translated(policy, action, dry_run);
        match set.policies.get(&name) {
            Some(held) if *held != policy => rules.tell(
                "policies",
                &json!(name),
                "two policies of one name: the first counts",
            ),
            _ => _ = set.policies.insert(name, policy),
        }
    }
}

fn closed() -> Policy {
    Policy {
        action: Action::Allow,
        permissions: vec![Permission::Not(Box::new(Permission::Any))],
        principals: vec![Principal::Not(Box::new(Principal::Any))],
        dry_run: false,
    }
}

/// A condition that is not understood never matches in an ALLOW and always in a DENY: both refuse.
pub(crate) fn translated(mut policy: Reader<'_>, action: Action, dry_run: bool) -> Policy {
    let permissions = policy.messages("permissions").into_iter();
    let principals = policy.messages("principals").into_iter();
    let unknown = action != Action::Allow;
    Policy {
        action,
        permissions: permissions.map(|one| permission(one, unknown)).collect(),
        principals: principals.map(|one| principal(one, unknown)).collect(),
        dry_run,
    }
}

/// `unknown` is what a condition that is not understood counts as.
fn permission(mut asked: Reader<'_>, unknown: bool) -> Permission {
    let each = |mut set: Reader<'_>| -> Vec<_> {
        let all = set.messages("rules").into_iter();
        all.map(|one| permission(one, unknown)).collect()
    };
    let known = if let Some(set) = asked.message("and_rules") {
        Some(Permission::All(each(set)))
    } else if let Some(set) = asked.message("or_rules") {
        Some(Permission::OneOf(each(set)))
    } else if let Some(one) = asked.message("not_rule") {
        Some(Permission::Not(Box::new(permission(one, !unknown))))
    } else if asked.flag("any") == Some(true) {
        Some(Permission::Any)
    } else if let Some(header) = asked.message("header") {
        matcher::header(header).map(Permission::Header)
    } else if let Some(mut path) = asked.message("url_path") {
        let path = path.message("path").and_then(matcher::string);
        path.map(Permission::Path)
    } else if let Some(range) = asked.message("destination_ip") {
        matcher::range(range).map(Permission::DestinationIp)
    } else if asked.has("destination_port") {
        asked.number("destination_port").map(Permission::DestinationPort)
    } else if let Some(name) = asked.message("requested_server_name") {
        matcher::string(name).map(Permission::RequestedServerName)
    } else if let Some(wanted) = asked.message("metadata") {
        metadata(wanted).map(|all| one_of(all, Permission::Metadata, Permission::OneOf))
    } else if let Some(template) = asked.message("uri_template") {
        template_of(template).map(Permission::PathTemplate)
    } else {
        None
    };
    known.unwrap_or_else(|| match unknown {
        true => Permission::Any,
        false => Permission::Not(Box::new(Permission::Any)),
    })
}

fn principal(mut asks: Reader<'_>, unknown: bool) -> Principal {
    let each = |mut set: Reader<'_>| -> Vec<_> {
        let all = set.messages("ids").into_iter();
        all.map(|one| principal(one, unknown)).collect()
    };
    let known = if let Some(set) = asks.message("and_ids") {
        Some(Principal::All(each(set)))
    } else if let Some(set) = asks.message("or_ids") {
        Some(Principal::OneOf(each(set)))
    } else if let Some(one) = asks.message("not_id") {
        Some(Principal::Not(Box::new(principal(one, !unknown))))
    } else if asks.flag("any") == Some(true) {
        Some(Principal::Any)
    } else if let Some(mut peer) = asks.message("authenticated") {
        match peer.message("principal_name") {
            Some(name) => matcher::string(name).map(|name| Principal::Authenticated(Some(name))),
            None => Some(Principal::Authenticated(None)),
        }
    } else if let Some(mut state) = asks.message("filter_state") {
        // The peer's principal, however it was proven (Istio with `UseFilterState`).
        state.given("key", &[json!("io.istio.peer_principal")]);
        let name = state.message("string_match").and_then(matcher::string);
        name.filter(|_| !state.has_more())
            .map(|name| Principal::Authenticated(Some(name)))
    } else if let Some(range) = asks.message("direct_remote_ip") {
        matcher::range(range).map(Principal::DirectRemoteIp)
    } else if let Some(range) = asks.message("remote_ip") {
        matcher::range(range).map(Principal::RemoteIp)
    } else if let Some(header) = asks.message("header") {
        matcher::header(header).map(Principal::Header)
    } else if let Some(wanted) = asks.message("metadata") {
        metadata(wanted).map(|all| one_of(all, Principal::Metadata, Principal::OneOf))
    } else {
        None
    };
    known.unwrap_or_else(|| match unknown {
        true => Principal::Any,
        false => Principal::Not(Box::new(Principal::Any)),
    })
}

/// One condition for itself, several as one of them.
fn one_of<T>(
    mut all: Vec<MetadataMatch>,
    each: impl Fn(MetadataMatch) -> T,
    several: impl Fn(Vec<T>) -> T,
) -> T {
    match all.pop() {
        Some(one) if all.is_empty() => each(one),
        last => several(all.into_iter().chain(last).map(each).collect()),
    }
}

/// Whether a value itself is asked for or one of a list is not told apart: the proxy looks into lists wherever there are
/// some.
fn metadata(mut wanted: Reader<'_>) -> Option<Vec<MetadataMatch>> {
    let filter = wanted.text("filter");
    let path = wanted.messages("path").into_iter();
    let path: Vec<_> = path.map(|mut step| step.text("key")).collect();
    let mut values = BTreeMap::new();
    add_values(&mut values, wanted.message("value")?);
    let each = values.into_values().map(|value| MetadataMatch {
        filter: filter.clone(),
        path: path.clone(),
        value,
    });
    Some(each.collect::<Vec<_>>()).filter(|all| !all.is_empty())
}

/// What a `ValueMatcher` takes, each once.
fn add_values(values: &mut BTreeMap<String, mesh_wire::matcher::StringMatch>, mut matcher: Reader<'_>) {
    if let Some(text) = matcher.message("string_match").and_then(matcher::string) {
        values.insert(format!("{text:?}"), text);
    }
    if let Some(inner) = matcher
        .message("list_match")
        .and_then(|mut list| list.message("one_of"))
    {
        add_values(values, inner);
    }
    if let Some(mut any) = matcher.message("or_match") {
        for inner in any.messages("value_matchers") {
            add_values(values, inner);
        }
    }
}

/// Envoy's `*` and `**` as a whole segment are Istio's `{*}` and `{**}`.
fn template_of(mut extension: Reader<'_>) -> Option<String> {
    extension.skip("name");
    let mut config = extension.message("typed_config")?;
    if !config.is("UriTemplateMatchConfig") {
        config.refuse_all("a match of paths that is not known");
        return None;
    }
    let template = config.text("path_template");
    let segments = template.split('/').map(|segment| match segment {
        "*" | "**" => format!("{{{segment}}}"),
        other => other.to_owned(),
    });
    Some(segments.collect::<Vec<_>>().join("/"))
}
