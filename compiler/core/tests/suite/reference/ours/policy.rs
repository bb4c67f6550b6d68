use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::policy::{Action, MetadataMatch, Permission, Policy, Principal};

use crate::reference::facts::combined;

pub(crate) fn text(policy: &Policy) -> String {
    let action = match policy.action {
        Action::Allow => "allow",
        Action::Deny => "deny",
        Action::Audit => "audit",
    };
    let permissions = policy.permissions.iter().map(permission).collect();
    let principals = policy.principals.iter().map(principal).collect();
    let word = if policy.dry_run { "dry-run " } else { "" };
    format!(
        "{word}{action} {} by {}",
        combined("any-of", permissions),
        combined("any-of", principals)
    )
}

fn permission(permission: &Permission) -> String {
    let each = |all: &[Permission]| all.iter().map(self::permission).collect();
    match permission {
        Permission::Any => "any".to_owned(),
        Permission::All(all) => combined("all-of", each(all)),
        Permission::OneOf(all) => combined("any-of", each(all)),
        Permission::Not(one) => format!("not({})", self::permission(one)),
        Permission::DestinationPort(port) => format!("port={port}"),
        Permission::DestinationIp(net) => format!("destination={net}"),
        Permission::RequestedServerName(name) => format!("sni {}", string(name)),
        Permission::Header(matching) => header(matching),
        Permission::Path(path) => format!("path {}", string(path)),
        Permission::PathTemplate(template) => {
            format!(
                "path template:{}",
                template.replace("{*}", "*").replace("{**}", "**")
            )
        }
        Permission::Metadata(asked) => metadata(asked),
    }
}

fn principal(principal: &Principal) -> String {
    let each = |all: &[Principal]| all.iter().map(self::principal).collect();
    match principal {
        Principal::Any => "any".to_owned(),
        Principal::All(all) => combined("all-of", each(all)),
        Principal::OneOf(all) => combined("any-of", each(all)),
        Principal::Not(one) => format!("not({})", self::principal(one)),
        Principal::Authenticated(None) => "authenticated".to_owned(),
        Principal::Authenticated(Some(name)) => format!("authenticated {}", string(name)),
        Principal::DirectRemoteIp(net) => format!("direct-remote={net}"),
        Principal::RemoteIp(net) => format!("remote={net}"),
        Principal::Header(matching) => header(matching),
        Principal::Metadata(asked) => metadata(asked),
    }
}

fn metadata(asked: &MetadataMatch) -> String {
    let path = asked.path.join(".");
    format!("metadata {}/{path} {}", asked.filter, string(&asked.value))
}

pub(crate) fn header(matching: &HeaderMatch) -> String {
    let value = matching
        .value
        .as_ref()
        .map_or_else(|| "present".to_owned(), string);
    format!(
        "{}{} {value}",
        if matching.invert { "not " } else { "" },
        matching.name.to_lowercase()
    )
}

pub(crate) fn string(matching: &StringMatch) -> String {
    match matching {
        StringMatch::Exact(text) => format!("exact:{text}"),
        StringMatch::Prefix(text) => format!("prefix:{text}"),
        StringMatch::Suffix(text) => format!("suffix:{text}"),
        StringMatch::Contains(text) => format!("contains:{text}"),
        StringMatch::Regex(text) => format!("regex:{text}"),
        StringMatch::IgnoreCase(inner) => format!("ignore-case {}", string(inner)),
    }
}
