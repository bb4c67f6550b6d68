//! Conditions of policies, and whether they hold.

use ipnet::IpNet;
use mesh_wire::policy as wire;
use serde_json::Value;

use super::{Attempt, template};
use crate::state::matcher::{BadPattern, Header, Text};
use crate::written::{PAYLOAD, TOKENS, Written};

/// The filters of authorizers, which write down what those say.
pub(crate) const AUTHORIZERS: [&str; 2] = ["envoy.filters.http.ext_authz", "envoy.filters.network.ext_authz"];

/// What conditions look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    pub(super) attempt: &'a Attempt<'a>,
    pub(super) written: &'a Written,
}

/// A condition on what is asked for, or on who asks.
#[derive(Clone, Debug)]
pub(super) enum Condition {
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
    /// What a filter wrote down: its name, the path of keys, outermost first, and what the value, or one of its list, must
    /// be.
    Written(String, Vec<String>, Text),
    /// What a filter would have to write down that this proxy does not have.
    Unknown,
}

/// `None` is a condition that cannot be asked here, such as a path on a TCP connection: neither it nor its
/// opposite matches, else `not path /admin` would let all of TCP in.
pub(super) fn one_of(conditions: &[Condition], at: Look<'_>) -> Option<bool> {
    let mut answer = Some(false);
    for condition in conditions {
        match condition.holds(at) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => answer = None,
        }
    }
    answer
}

fn all(conditions: &[Condition], at: Look<'_>) -> Option<bool> {
    let mut answer = Some(true);
    for condition in conditions {
        match condition.holds(at) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => answer = None,
        }
    }
    answer
}

impl Condition {
    fn holds(&self, at: Look<'_>) -> Option<bool> {
        let attempt = at.attempt;
        match self {
            Self::Any => Some(true),
            Self::All(inner) => all(inner, at),
            Self::OneOf(inner) => one_of(inner, at),
            Self::Not(inner) => inner.holds(at).map(|held| !held),
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
            Self::Written(filter, path, text) => match of_requests(filter) == attempt.asked.is_some() {
                true => Some(
                    at.written
                        .at(filter, path)
                        .is_some_and(|value| says(&value, text)),
                ),
                // What is written of requests is not known of bytes; nothing else is there of requests.
                false => attempt.asked.map(|_| false),
            },
            Self::Unknown => None,
        }
    }
}

pub(super) fn permission(wire: &wire::Permission) -> Result<Condition, BadPattern> {
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
        P::Metadata(metadata) => written(metadata)?,
    })
}

pub(super) fn principal(wire: &wire::Principal) -> Result<Condition, BadPattern> {
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
        P::Metadata(metadata) => written(metadata)?,
    })
}

/// Whether this proxy knows what `metadata` asks for.
pub(crate) fn is_known(metadata: &wire::MetadataMatch) -> bool {
    match metadata.filter.as_str() {
        TOKENS => metadata.path.first().is_some_and(|key| key == PAYLOAD),
        filter => AUTHORIZERS.contains(&filter),
    }
}

fn of_requests(filter: &str) -> bool {
    filter.starts_with("envoy.filters.http.")
}

fn written(metadata: &wire::MetadataMatch) -> Result<Condition, BadPattern> {
    let value = Text::compile(&metadata.value)?;
    Ok(if is_known(metadata) {
        Condition::Written(metadata.filter.clone(), metadata.path.clone(), value)
    } else {
        Condition::Unknown
    })
}

/// Whether the value is a text, or has one in its list, that `wanted` matches.
fn says(value: &Value, wanted: &Text) -> bool {
    let matches = |value: &Value| value.as_str().is_some_and(|text| wanted.matches(text));
    match value {
        Value::Array(list) => list.iter().any(matches),
        one => matches(one),
    }
}
