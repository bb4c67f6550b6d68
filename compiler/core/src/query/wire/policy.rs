//! Who may (Envoy `rbac.v3` in Istio's order).

use std::net::{IpAddr, SocketAddr};

use mesh_wire::matcher::HeaderMatch;
use mesh_wire::policy::{Action, MetadataMatch, Permission, Policy, PolicySet, Principal};
use serde_json::Value;

use super::{Request, request, text};

/// What a decision is made on.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The workload's address and port.
    pub destination: SocketAddr,
    /// The other end of the connection.
    pub remote: IpAddr,
    /// The client by X-Forwarded-For, or the other end.
    pub client: IpAddr,
    /// The identity that the client's certificate holds: `spiffe://…`.
    pub peer: Option<&'a str>,
    /// The name that the client's TLS asks for.
    pub sni: Option<&'a str>,
    /// `None` where nothing but bytes is seen.
    pub request: Option<&'a Request>,
    /// What the verified token of the request says.
    pub claims: Option<&'a Value>,
}

/// What is decided, and by which policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// It is let through.
    pub allowed: bool,
    /// The policy that decides; `None` where none does.
    pub by: Option<String>,
    /// The policies that were looked at before, in the order of their names, each with what it lacks.
    pub missed: Vec<(String, String)>,
    /// Policies that match and decide nothing: AUDIT, and dry runs.
    pub noted: Vec<String>,
}

/// AUDIT notes, DENY refuses, then one ALLOW must match if there is any that is enforced.
pub fn judge(set: &PolicySet, attempt: &Attempt<'_>) -> Judgement {
    let mut judgement = Judgement {
        allowed: false,
        by: None,
        missed: Vec::new(),
        noted: Vec::new(),
    };
    let of = |action| {
        set.policies
            .iter()
            .filter(move |(_, policy)| policy.action == action)
    };
    let noted = of(Action::Audit).filter(|(_, policy)| holds(policy, attempt).0 == Some(true));
    judgement.noted.extend(noted.map(|(name, _)| name.clone()));
    for (name, policy) in of(Action::Deny) {
        // What cannot be asked holds: else a client gets around a refusal by another protocol.
        if judgement.meets(name, policy, attempt, |held| held != Some(false)) {
            judgement.by = Some(name.clone());
            return judgement;
        }
    }
    let mut closed = false;
    for (name, policy) in of(Action::Allow) {
        closed |= !policy.dry_run;
        if judgement.meets(name, policy, attempt, |held| held == Some(true)) {
            judgement.by = Some(name.clone());
            judgement.allowed = true;
            return judgement;
        }
    }
    judgement.allowed = !closed;
    judgement
}

impl Judgement {
    /// The policy decides. What matches without being enforced is noted, what does not is remembered with its reason.
    fn meets(
        &mut self,
        name: &str,
        policy: &Policy,
        attempt: &Attempt<'_>,
        counts: impl Fn(Option<bool>) -> bool,
    ) -> bool {
        let (held, why) = holds(policy, attempt);
        if !counts(held) {
            self.missed.push((name.to_owned(), why));
        } else if policy.dry_run {
            self.noted.push(name.to_owned());
        } else {
            return true;
        }
        false
    }
}

/// Whether a policy matches, `None` where it cannot be asked, and the first of its conditions that does not.
fn holds(policy: &Policy, attempt: &Attempt<'_>) -> (Option<bool>, String) {
    let who = any(&policy.principals, |one| who(one, attempt));
    let what = any(&policy.permissions, |one| what(one, attempt));
    let why = if who == Some(true) {
        policy
            .permissions
            .iter()
            .find_map(|one| permission_missed(one, attempt))
    } else {
        policy
            .principals
            .iter()
            .find_map(|one| principal_missed(one, attempt))
    };
    let why = why.unwrap_or_else(|| "it matches nothing".to_owned());
    (all([who, what]), why)
}

fn any<T>(conditions: &[T], held: impl Fn(&T) -> Option<bool>) -> Option<bool> {
    let mut answer = Some(false);
    for condition in conditions {
        match held(condition) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => answer = None,
        }
    }
    answer
}

fn all(answers: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut answer = Some(true);
    for one in answers {
        match one {
            Some(false) => return Some(false),
            Some(true) => {}
            None => answer = None,
        }
    }
    answer
}

fn what(condition: &Permission, attempt: &Attempt<'_>) -> Option<bool> {
    match condition {
        Permission::Any => Some(true),
        Permission::All(inner) => all(inner.iter().map(|one| what(one, attempt))),
        Permission::OneOf(inner) => any(inner, |one| what(one, attempt)),
        Permission::Not(inner) => what(inner, attempt).map(|held| !held),
        Permission::DestinationPort(port) => Some(attempt.destination.port() == *port),
        Permission::DestinationIp(net) => Some(net.contains(&attempt.destination.ip())),
        Permission::RequestedServerName(name) => {
            Some(attempt.sni.is_some_and(|sni| text::matches(name, sni)))
        }
        Permission::Header(header) => attempt.request.map(|request| request.has(header)),
        Permission::Path(path) => attempt.request.map(|request| text::matches(path, &request.path)),
        Permission::PathTemplate(path) => attempt.request.map(|request| template(path, &request.path)),
        Permission::Metadata(value) => metadata(value, attempt),
    }
}

fn who(condition: &Principal, attempt: &Attempt<'_>) -> Option<bool> {
    match condition {
        Principal::Any => Some(true),
        Principal::All(inner) => all(inner.iter().map(|one| who(one, attempt))),
        Principal::OneOf(inner) => any(inner, |one| who(one, attempt)),
        Principal::Not(inner) => who(inner, attempt).map(|held| !held),
        Principal::Authenticated(name) => Some(
            attempt
                .peer
                .is_some_and(|peer| name.as_ref().is_none_or(|name| text::matches(name, peer))),
        ),
        Principal::DirectRemoteIp(net) => Some(net.contains(&attempt.remote)),
        Principal::RemoteIp(net) => Some(net.contains(&attempt.client)),
        Principal::Header(header) => attempt.request.map(|request| request.has(header)),
        Principal::Metadata(value) => metadata(value, attempt),
    }
}

/// Envoy's URI templates: `{*}` is one segment, `{**}` any number of them.
fn template(template: &str, path: &str) -> bool {
    let mut pattern = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("{*") {
        pattern.push_str(&regex::escape(&rest[..at]));
        let tail = &rest[at..];
        let (part, after) = match (tail.strip_prefix("{**}"), tail.strip_prefix("{*}")) {
            (Some(after), _) => (".*", after),
            (None, Some(after)) => ("[^/]+", after),
            // The checker refuses any other operator.
            (None, None) => return false,
        };
        pattern.push_str(part);
        rest = after;
    }
    pattern.push_str(&regex::escape(rest));
    text::whole(&pattern, path)
}

/// The only filter whose words are known, and the key that it writes a token's claims under.
const TOKENS: (&str, &str) = ("envoy.filters.http.jwt_authn", "payload");

/// The claim that `wanted` asks for; `None` where it asks another filter.
fn claim(wanted: &MetadataMatch) -> Option<&[String]> {
    let (filter, payload) = TOKENS;
    let (first, rest) = wanted.path.split_first()?;
    (wanted.filter == filter && first == payload).then_some(rest)
}

/// What a token says. Other filters write nothing down that could be known here.
fn metadata(wanted: &MetadataMatch, attempt: &Attempt<'_>) -> Option<bool> {
    let path = claim(wanted)?;
    attempt.request?;
    let claims = attempt.claims;
    let found = claims.and_then(|claims| path.iter().try_fold(claims, |value, key| value.get(key)));
    Some(found.is_some_and(|found| fits(wanted, found)))
}

fn fits(wanted: &MetadataMatch, found: &Value) -> bool {
    let is = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| text::matches(&wanted.value, text))
    };
    match found {
        Value::Array(entries) => entries.iter().any(is),
        one => is(one),
    }
}

/// The first part of a condition that is not met, for people.
fn permission_missed(condition: &Permission, attempt: &Attempt<'_>) -> Option<String> {
    if what(condition, attempt) == Some(true) {
        return None;
    }
    Some(match condition {
        Permission::All(inner) => return inner.iter().find_map(|one| permission_missed(one, attempt)),
        Permission::OneOf(inner) => one_of(inner.iter().map(asked)),
        Permission::Not(inner) => match inner.as_ref() {
            Permission::OneOf(inner) => format!("none of {}", one_of(inner.iter().map(asked))),
            inner => format!("not {}", asked(inner)),
        },
        other => asked(other),
    })
}

fn principal_missed(condition: &Principal, attempt: &Attempt<'_>) -> Option<String> {
    if who(condition, attempt) == Some(true) {
        return None;
    }
    Some(match condition {
        Principal::All(inner) => return inner.iter().find_map(|one| principal_missed(one, attempt)),
        Principal::OneOf(inner) => one_of(inner.iter().map(asker)),
        Principal::Not(inner) => match inner.as_ref() {
            Principal::OneOf(inner) => format!("none of {}", one_of(inner.iter().map(asker))),
            inner => format!("not {}", asker(inner)),
        },
        other => asker(other),
    })
}

fn one_of(parts: impl Iterator<Item = String>) -> String {
    let mut parts: Vec<_> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    if parts.is_empty() {
        last
    } else {
        format!("{} or {last}", parts.join(", "))
    }
}

fn asked(condition: &Permission) -> String {
    match condition {
        Permission::Any => "anything".to_owned(),
        Permission::All(inner) => inner.iter().map(asked).collect::<Vec<_>>().join(" and "),
        Permission::OneOf(inner) => one_of(inner.iter().map(asked)),
        Permission::Not(inner) => format!("not {}", asked(inner)),
        Permission::DestinationPort(port) => format!("port {port}"),
        Permission::DestinationIp(net) => format!("destination {net}"),
        Permission::RequestedServerName(name) => format!("SNI {}", text::describe(name)),
        Permission::Header(header) => header_asked(header),
        Permission::Path(path) => format!("path {}", text::describe(path)),
        Permission::PathTemplate(path) => format!("path `{path}`"),
        Permission::Metadata(value) => metadata_asked(value),
    }
}

fn asker(condition: &Principal) -> String {
    match condition {
        Principal::Any => "anybody".to_owned(),
        Principal::All(inner) => inner.iter().map(asker).collect::<Vec<_>>().join(" and "),
        Principal::OneOf(inner) => one_of(inner.iter().map(asker)),
        Principal::Not(inner) => format!("not {}", asker(inner)),
        Principal::Authenticated(None) => "a caller with an identity".to_owned(),
        Principal::Authenticated(Some(name)) => format!("caller {}", text::describe(name)),
        Principal::DirectRemoteIp(net) => format!("an address in {net}"),
        Principal::RemoteIp(net) => format!("a client in {net}"),
        Principal::Header(header) => header_asked(header),
        Principal::Metadata(value) => metadata_asked(value),
    }
}

fn header_asked(header: &HeaderMatch) -> String {
    let value = header.value.as_ref().map(text::describe).unwrap_or_default();
    match header.name.as_str() {
        ":method" => format!("method {value}"),
        ":authority" => format!("host {value}"),
        _ => request::wanted(header, "header"),
    }
}

fn metadata_asked(value: &MetadataMatch) -> String {
    let path = claim(value).unwrap_or(&value.path).join(".");
    format!("a token with {path} {}", text::describe(&value.value))
}

/// How much a caller may do, whatever it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum May {
    /// Nothing.
    Nothing,
    /// Something: it depends on the request.
    Something,
    /// Everything.
    Everything,
}

/// What the caller of `attempt`, whose request is not known, may do.
pub fn may(set: &PolicySet, attempt: &Attempt<'_>) -> May {
    let enforced = |action| {
        let all = set.policies.values();
        all.filter(move |policy: &&Policy| policy.action == action && !policy.dry_run)
    };
    let held = |action| enforced(action).map(|policy| holds(policy, attempt).0);
    let denied: Vec<_> = held(Action::Deny).collect();
    if denied.contains(&Some(true)) {
        return May::Nothing;
    }
    let closed = enforced(Action::Allow).next().is_some();
    let allowed: Vec<_> = held(Action::Allow).collect();
    let whole = !closed || allowed.contains(&Some(true));
    match (whole, whole || allowed.contains(&None), denied.contains(&None)) {
        (true, _, false) => May::Everything,
        (_, true, _) => May::Something,
        _ => May::Nothing,
    }
}
