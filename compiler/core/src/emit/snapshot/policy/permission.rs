use mesh_wire::policy::{MetadataMatch, Permission};

use super::{Compiler, HttpOnly, add, text};
use crate::model::{Attribute, Rule, When};

impl Compiler<'_> {
    /// What is asked for, in the order of Istio's filters.
    pub(super) fn permission(&self, rule: &Rule) -> Result<Permission, HttpOnly> {
        let mut all = Vec::new();
        self.of_requests(&mut all, &rule.hosts, |host| Permission::Header(text::host(host)))?;
        self.of_requests(&mut all, &rule.methods, |method| {
            Permission::Header(text::header(":method", method))
        })?;
        self.of_requests(&mut all, &rule.paths, |path| self::path(path))?;
        add(&mut all, &rule.ports, |port| {
            vec![Permission::DestinationPort(*port)]
        });
        for when in &rule.when {
            add(&mut all, &when.values, |value| {
                of_attribute(when, value).into_iter().collect()
            });
        }
        Ok(if all.is_empty() {
            Permission::Any
        } else {
            Permission::All(all)
        })
    }
}

fn path(path: &str) -> Permission {
    if path.contains('{') {
        Permission::PathTemplate(path.to_owned())
    } else {
        Permission::Path(text::string(path))
    }
}

/// Attributes of what is asked for; the others are of who asks.
fn of_attribute(when: &When, value: &str) -> Option<Permission> {
    Some(match &when.attribute {
        Attribute::DestinationIp => Permission::DestinationIp(text::net(value)?),
        Attribute::DestinationPort => Permission::DestinationPort(value.parse().ok()?),
        Attribute::ConnectionSni => Permission::RequestedServerName(text::string(value)),
        Attribute::Metadata { filter, key } => Permission::Metadata(MetadataMatch {
            filter: filter.clone(),
            path: vec![key.clone()],
            // `[v]` asks for an entry of a list, which a match looks into by itself.
            value: text::string(
                value
                    .strip_prefix('[')
                    .and_then(|value| value.strip_suffix(']'))
                    .unwrap_or(value),
            ),
        }),
        _ => return None,
    })
}
