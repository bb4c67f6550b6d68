//! What a name means (Istio's agent, `LookupTable.lookupHost`).

use mesh_wire::NameTable;
use mesh_wire::snapshot::NameEntry;

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The host in the table: it may be longer than the name, or a wildcard.
    pub host: &'a str,
    /// What it resolves to.
    pub entry: &'a NameEntry,
}

/// The host that `name` means; `None` where the table does not have it, and other servers are asked.
pub fn find<'a>(table: &'a NameTable, name: &str) -> Option<Found<'a>> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if let Some(found) = plain(table, &name) {
        return Some(found);
    }
    // A resolver may try its first search domain before the name itself.
    let first = table.search.first().map(|domain| format!(".{domain}"));
    let short = first.and_then(|domain| name.strip_suffix(&domain).map(str::to_owned));
    let expanded = short.and_then(|short| plain(table, &short).or_else(|| wildcard(table, &short)));
    expanded.or_else(|| wildcard(table, &name))
}

/// The domain whose own servers are asked for `name`: the longest that it lies in.
pub fn forwarded<'a>(table: &'a NameTable, name: &str) -> Option<&'a str> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let inside = |domain: &&String| {
        let rest = name.strip_suffix(domain.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let domains = table.forward.keys().filter(inside);
    domains.max_by_key(|domain| domain.len()).map(String::as_str)
}

/// The host of this very name, or of the Kubernetes service that it is short for.
fn plain<'a>(table: &'a NameTable, name: &str) -> Option<Found<'a>> {
    exact(table, name).or_else(|| service(table, name))
}

fn exact<'a>(table: &'a NameTable, name: &str) -> Option<Found<'a>> {
    let (host, entry) = table.hosts.get_key_value(name)?;
    Some(Found { host, entry })
}

/// `name` in the caller's own namespace, `name.ns` and `name.ns.svc` everywhere.
fn service<'a>(table: &'a NameTable, name: &str) -> Option<Found<'a>> {
    let first = table.search.first()?;
    let (_, services) = first.split_once('.')?;
    let (_, cluster) = services
        .strip_prefix("svc")
        .and_then(|_| services.split_once('.'))?;
    let domain = match name.split('.').count() {
        1 => first,
        2 => services,
        3 if name.ends_with(".svc") => cluster,
        _ => return None,
    };
    exact(table, &format!("{name}.{domain}")).filter(|found| found.entry.kubernetes)
}

/// The host of the longest wildcard that covers `name`.
fn wildcard<'a>(table: &'a NameTable, name: &str) -> Option<Found<'a>> {
    let mut rest = name;
    while let Some((_, parent)) = rest.split_once('.') {
        if let Some(found) = exact(table, &format!("*.{parent}")) {
            return Some(found);
        }
        rest = parent;
    }
    None
}
