//! Where a request goes (Envoy `RouteConfiguration`).

use mesh_wire::route::{PathMatch, Route, RouteTable, VirtualHost};

use super::{Request, request, text};

/// What was chosen in a table, and why nothing before it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<'a> {
    /// The names that serve.
    pub host: &'a VirtualHost,
    /// The route and its place among those of the host; `None` is an answer of 404.
    pub route: Option<(usize, &'a Route)>,
    /// The routes before it, each with what they lack.
    pub missed: Vec<String>,
}

/// The first route of the host that takes the request; `None` where no host serves its name.
pub fn choose<'a>(table: &'a RouteTable, request: &Request) -> Option<Choice<'a>> {
    let host = host(table, &request.authority)?;
    let mut missed = Vec::new();
    for (index, route) in host.routes.iter().enumerate() {
        match misses(route, request) {
            None => {
                return Some(Choice {
                    host,
                    route: Some((index, route)),
                    missed,
                });
            }
            Some(why) => missed.push(why),
        }
    }
    Some(Choice {
        host,
        route: None,
        missed,
    })
}

/// The host for an authority, whose port does not count (Istio sets `ignorePortInHostMatching`): the exact name, then
/// the longest `*.suffix`, the longest `prefix.*`, then `*`. Of two that claim one name, the first has it.
pub fn host<'a>(table: &'a RouteTable, authority: &str) -> Option<&'a VirtualHost> {
    let name = without_port(authority).to_ascii_lowercase();
    let mut best: Option<((u8, usize), &VirtualHost)> = None;
    for host in &table.virtual_hosts {
        for domain in &host.domains {
            let rank = rank(&domain.to_ascii_lowercase(), &name);
            if rank > best.map(|(rank, _)| rank) {
                best = rank.map(|rank| (rank, host));
            }
        }
    }
    best.map(|(_, host)| host)
}

/// How well a domain fits: its kind, then its length. A wildcard stands for at least one character.
fn rank(domain: &str, name: &str) -> Option<(u8, usize)> {
    let longer = |part: &str| name.len() > part.len();
    if domain == "*" {
        Some((0, 0))
    } else if let Some(suffix) = domain.strip_prefix('*') {
        (longer(suffix) && name.ends_with(suffix)).then_some((2, suffix.len()))
    } else if let Some(prefix) = domain.strip_suffix('*') {
        (longer(prefix) && name.starts_with(prefix)).then_some((1, prefix.len()))
    } else {
        (domain == name).then_some((3, 0))
    }
}

/// `host` of `host:port`, `[v6]` of `[v6]:port`.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port))
            if port.bytes().all(|byte| byte.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => authority,
    }
}

/// What the request lacks for the route; `None` where it is taken.
fn misses(route: &Route, request: &Request) -> Option<String> {
    let matches = &route.matches;
    if !takes_path(&matches.path, matches.ignore_case, &request.path) {
        return Some(format!(
            "{}, and it is `{}`",
            path_wanted(&matches.path),
            request.path
        ));
    }
    if let Some(header) = matches.headers.iter().find(|header| !request.has(header)) {
        let wanted = request::wanted(header, "the header");
        return Some(format!("{wanted}, and it is {}", request.at(header)));
    }
    let query = matches.query.iter().find(|query| !request.asks(query))?;
    let wanted = request::wanted(query, "the parameter");
    let found = request.parameter(&query.name);
    let found = found.map_or_else(|| "not there".to_owned(), |found| format!("`{found}`"));
    Some(format!("{wanted}, and it is {found}"))
}

fn takes_path(wanted: &PathMatch, ignore_case: bool, path: &str) -> bool {
    let fold = |text: &str| {
        if ignore_case {
            text.to_ascii_lowercase()
        } else {
            text.to_owned()
        }
    };
    let path = fold(path);
    match wanted {
        PathMatch::Prefix(prefix) => path.starts_with(&fold(prefix)),
        PathMatch::PathPrefix(prefix) => path
            .strip_prefix(fold(prefix).trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        PathMatch::Exact(exact) => path == fold(exact),
        PathMatch::Regex(pattern) => text::whole(pattern, &path),
    }
}

fn path_wanted(wanted: &PathMatch) -> String {
    match wanted {
        PathMatch::Prefix(text) | PathMatch::PathPrefix(text) => {
            format!("the path has to begin with `{text}`")
        }
        PathMatch::Exact(text) => format!("the path has to be `{text}`"),
        PathMatch::Regex(pattern) => format!("the path has to match `{pattern}`"),
    }
}
