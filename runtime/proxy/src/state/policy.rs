//! Who may do what: Istio's order over Envoy's conditions.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use mesh_wire::policy as wire;
use mesh_wire::policy::Action;
use serde_json::Value;

mod template;

#[cfg(fuzzing)]
pub(crate) use template::fuzz;

use super::jwt::Token;
use super::matcher::{Asked, BadPattern, Header, Text};
use crate::tls::PeerIdentity;

/// What a decision is made on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// The address dialled, before capture.
    pub(crate) destination: SocketAddr,
    /// The other end of the connection.
    pub(crate) remote: IpAddr,
    /// The client by X-Forwarded-For, or the other end.
    pub(crate) client: IpAddr,
    pub(crate) peer: Option<&'a PeerIdentity>,
    pub(crate) sni: Option<&'a str>,
    /// `None` on a TCP connection.
    pub(crate) asked: Option<Asked<'a>>,
    /// The token that was verified.
    pub(crate) token: Option<&'a Token>,
}

/// What became of an attempt, and by which policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict<'a> {
    Allowed(Option<&'a str>),
    Denied(Option<&'a str>),
}

/// The policies of one workload.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies {
    audit: Vec<Rule>,
    deny: Vec<Rule>,
    allow: Vec<Rule>,
    /// There is an ALLOW that is enforced: what none of them matches is refused.
    closed: bool,
}

#[derive(Clone, Debug)]
struct Rule {
    name: String,
    dry_run: bool,
    permissions: Vec<Condition>,
    principals: Vec<Condition>,
}

/// A condition on what is asked for, or on who asks.
#[derive(Clone, Debug)]
enum Condition {
    Any,
    All(Vec<Self>),
    OneOf(Vec<Self>),
    Not(Box<Self>),
    Port(u16),
    DestinationIp(IpNet),
    Sni(Text),
    Header(Header),
    Path(Text),
    Authenticated(Option<Text>),
    DirectRemoteIp(IpNet),
    RemoteIp(IpNet),
    /// A claim of the token: the path to it, outermost key first, and what it, or one of its list, must be.
    Claim(Vec<String>, Text),
    /// What a filter would have to write down that this proxy does not have.
    Unknown,
}

/// The only filter whose words are known, and the key that it writes a token's claims under.
const TOKENS: (&str, &str) = ("envoy.filters.http.jwt_authn", "payload");

impl Policies {
    pub(crate) fn compile(set: &wire::PolicySet) -> Result<Self, BadPattern> {
        let mut compiled = Self::default();
        for (name, policy) in &set.policies {
            let rule = Rule {
                name: name.clone(),
                dry_run: policy.dry_run,
                permissions: policy
                    .permissions
                    .iter()
                    .map(permission)
                    .collect::<Result<_, _>>()?,
                principals: policy
                    .principals
                    .iter()
                    .map(principal)
                    .collect::<Result<_, _>>()?,
            };
            match policy.action {
                Action::Audit => compiled.audit.push(rule),
                Action::Deny => compiled.deny.push(rule),
                Action::Allow => {
                    compiled.closed |= !policy.dry_run;
                    compiled.allow.push(rule);
                }
            }
        }
        Ok(compiled)
    }

    /// Nothing of a request has to be looked at.
    pub(crate) fn let_all_in(&self) -> bool {
        self.audit.is_empty() && self.deny.is_empty() && self.allow.is_empty() && !self.closed
    }

    /// AUDIT notes, DENY refuses, then one ALLOW must match if there is any.
    pub(crate) fn judge(&self, attempt: &Attempt<'_>) -> Verdict<'_> {
        for rule in self.audit.iter().filter(|rule| rule.matches(attempt)) {
            note("audit", &rule.name, attempt);
        }
        if let Some(would) = self.would_deny(attempt) {
            note("would deny", would, attempt);
        }
        let mut denying = self.deny.iter().filter(|rule| !rule.dry_run);
        if let Some(rule) = denying.find(|rule| rule.may_match(attempt)) {
            return Verdict::Denied(Some(&rule.name));
        }
        match self.would_allow(attempt) {
            Some(Some(would)) => note("would allow", would, attempt),
            Some(None) => note("would deny, for none that would allow matches", "", attempt),
            None => {}
        }
        let mut allowing = self.allow.iter().filter(|rule| !rule.dry_run);
        if let Some(rule) = allowing.find(|rule| rule.matches(attempt)) {
            return Verdict::Allowed(Some(&rule.name));
        }
        if self.closed {
            Verdict::Denied(None)
        } else {
            Verdict::Allowed(None)
        }
    }

    /// The DENY that is tried out and would refuse.
    fn would_deny(&self, attempt: &Attempt<'_>) -> Option<&str> {
        let mut dry = self.deny.iter().filter(|rule| rule.dry_run);
        dry.find(|rule| rule.may_match(attempt)).map(|rule| &*rule.name)
    }

    /// What the ALLOWs that are tried out would do together, whatever the others say: which would let it in; `None` within
    /// where none does. Nothing where none is tried out.
    fn would_allow(&self, attempt: &Attempt<'_>) -> Option<Option<&str>> {
        let mut dry = self.allow.iter().filter(|rule| rule.dry_run).peekable();
        dry.peek()?;
        Some(dry.find(|rule| rule.matches(attempt)).map(|rule| &*rule.name))
    }
}

fn note(what: &str, policy: &str, attempt: &Attempt<'_>) {
    tracing::info!(
        target: "rbac",
        policy,
        principal = attempt.peer.map(|peer| &*peer.spiffe),
        remote = %attempt.remote,
        destination = %attempt.destination,
        "{what}"
    );
}

impl Rule {
    fn matches(&self, attempt: &Attempt<'_>) -> bool {
        one_of(&self.permissions, attempt) == Some(true) && one_of(&self.principals, attempt) == Some(true)
    }

    /// As [`Self::matches`], but what cannot be asked holds. A DENY is read like this, as Istio does it: else HTTP
    /// that is sent as bytes, by a client that names another protocol, gets around every path that is refused.
    fn may_match(&self, attempt: &Attempt<'_>) -> bool {
        one_of(&self.permissions, attempt) != Some(false) && one_of(&self.principals, attempt) != Some(false)
    }
}

/// `None` is a condition that cannot be asked here, such as a path on a TCP connection: neither it nor its
/// opposite matches, else `not path /admin` would let all of TCP in.
fn one_of(conditions: &[Condition], attempt: &Attempt<'_>) -> Option<bool> {
    let mut answer = Some(false);
    for condition in conditions {
        match condition.holds(attempt) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => answer = None,
        }
    }
    answer
}

fn all(conditions: &[Condition], attempt: &Attempt<'_>) -> Option<bool> {
    let mut answer = Some(true);
    for condition in conditions {
        match condition.holds(attempt) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => answer = None,
        }
    }
    answer
}

impl Condition {
    fn holds(&self, attempt: &Attempt<'_>) -> Option<bool> {
        match self {
            Self::Any => Some(true),
            Self::All(inner) => all(inner, attempt),
            Self::OneOf(inner) => one_of(inner, attempt),
            Self::Not(inner) => inner.holds(attempt).map(|held| !held),
            Self::Port(port) => Some(attempt.destination.port() == *port),
            Self::DestinationIp(net) => Some(net.contains(&attempt.destination.ip())),
            Self::Sni(text) => Some(attempt.sni.is_some_and(|sni| text.matches(sni))),
            Self::Header(header) => attempt.asked.map(|asked| header.matches(&asked)),
            Self::Path(text) => attempt.asked.map(|asked| text.matches(asked.path)),
            Self::Authenticated(None) => Some(attempt.peer.is_some()),
            Self::Authenticated(Some(text)) => {
                Some(attempt.peer.is_some_and(|peer| text.matches(&peer.spiffe)))
            }
            Self::DirectRemoteIp(net) => Some(net.contains(&attempt.remote)),
            Self::RemoteIp(net) => Some(net.contains(&attempt.client)),
            Self::Claim(path, text) => attempt
                .asked
                .map(|_| attempt.token.is_some_and(|token| claims(token, path, text))),
            Self::Unknown => None,
        }
    }
}

fn permission(wire: &wire::Permission) -> Result<Condition, BadPattern> {
    use wire::Permission as P;
    Ok(match wire {
        P::Any => Condition::Any,
        P::All(inner) => Condition::All(inner.iter().map(permission).collect::<Result<_, _>>()?),
        P::OneOf(inner) => Condition::OneOf(inner.iter().map(permission).collect::<Result<_, _>>()?),
        P::Not(inner) => Condition::Not(Box::new(permission(inner)?)),
        P::DestinationPort(port) => Condition::Port(*port),
        P::DestinationIp(net) => Condition::DestinationIp(*net),
        P::RequestedServerName(text) => Condition::Sni(Text::compile(text)?),
        P::Header(header) => Condition::Header(Header::compile(header)?),
        P::Path(text) => Condition::Path(Text::compile(text)?),
        P::PathTemplate(template) => Condition::Path(Text::Regex(template::pattern(template)?)),
        P::Metadata(metadata) => claim(metadata)?,
    })
}

fn principal(wire: &wire::Principal) -> Result<Condition, BadPattern> {
    use wire::Principal as P;
    Ok(match wire {
        P::Any => Condition::Any,
        P::All(inner) => Condition::All(inner.iter().map(principal).collect::<Result<_, _>>()?),
        P::OneOf(inner) => Condition::OneOf(inner.iter().map(principal).collect::<Result<_, _>>()?),
        P::Not(inner) => Condition::Not(Box::new(principal(inner)?)),
        P::Authenticated(text) => Condition::Authenticated(text.as_ref().map(Text::compile).transpose()?),
        P::DirectRemoteIp(net) => Condition::DirectRemoteIp(*net),
        P::RemoteIp(net) => Condition::RemoteIp(*net),
        P::Header(header) => Condition::Header(Header::compile(header)?),
        P::Metadata(metadata) => claim(metadata)?,
    })
}

/// Whether this proxy knows what `metadata` asks for.
pub(crate) fn is_known(metadata: &wire::MetadataMatch) -> bool {
    let (filter, payload) = TOKENS;
    metadata.filter == filter && metadata.path.first().is_some_and(|key| key == payload)
}

fn claim(metadata: &wire::MetadataMatch) -> Result<Condition, BadPattern> {
    let value = Text::compile(&metadata.value)?;
    Ok(if is_known(metadata) {
        Condition::Claim(metadata.path[1..].to_vec(), value)
    } else {
        Condition::Unknown
    })
}

/// Whether the claim at `path` is a text, or has one in its list, that `wanted` matches.
fn claims(token: &Token, path: &[String], wanted: &Text) -> bool {
    let matches = |value: &Value| value.as_str().is_some_and(|text| wanted.matches(text));
    match token.at(path) {
        Some(Value::Array(list)) => list.iter().any(matches),
        Some(one) => matches(one),
        None => false,
    }
}

#[cfg(test)]
mod tests;
