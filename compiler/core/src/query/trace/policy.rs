//! What the workload's own side makes of a call: its tokens and policies.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use mesh_wire::authorizer::{AskedBy, Authorizer};
use mesh_wire::cluster::{Cluster, Transport};
use mesh_wire::jwt::Jwt;
use mesh_wire::listener::{InboundListener, InboundProtocol};
use mesh_wire::policy::{Action, PolicySet};
use serde_json::{Map, Value, json};

use super::peer::Peer;
use super::{ASKED, Hop, Outcome, Step, Unasked, Walk};
use crate::base64;
use crate::diag::{Span, code};
use crate::query::place::PolicyPlace;
use crate::query::wire::policy::{Attempt, Judgement, judge};
use crate::query::{Request, Scheme, place};

/// The claims of a token: it is read, not verified.
pub(super) fn claims(text: &str) -> Result<Value, Unasked> {
    let bad = |why: &str| Unasked::Token { why: why.to_owned() };
    let text = text.trim();
    let text = text.strip_prefix("Bearer ").unwrap_or(text);
    if text.starts_with('{') {
        return serde_json::from_str(text).map_err(|error| bad(&error.to_string()));
    }
    let parts: Vec<_> = text.split('.').collect();
    if let [_, payload, _] = parts.as_slice()
        && !text.contains('=')
    {
        let bytes = base64::url(payload).ok_or_else(|| bad("its second part is no base64url"))?;
        return serde_json::from_slice(&bytes).map_err(|error| bad(&error.to_string()));
    }
    let mut claims = Map::new();
    for pair in text.split(',') {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| bad("it has neither three parts nor claims"))?;
        claims.insert(key.trim().to_owned(), json!(value.trim()));
    }
    Ok(Value::Object(claims))
}

impl<'a> Walk<'_, 'a> {
    /// The hop of the policies, and whether the call is let through.
    pub(super) fn policy(
        &self,
        peer: &Peer<'a>,
        found: &InboundListener,
        identity: Option<&str>,
        cluster: Option<&Cluster>,
    ) -> (Hop, Outcome) {
        let mesh = self.asker.mesh;
        let request = self.visible(found.protocol, cluster);
        let carried = self.claims.as_ref().filter(|_| request.is_some());
        let verified = match self.token(peer, found, carried) {
            Ok(verified) => verified,
            Err(hop) => return (*hop, Outcome::Refused),
        };
        let remote = self.from_ip.unwrap_or_else(|| self.caller.address(mesh));
        let attempt = Attempt {
            destination: SocketAddr::new(peer.address(mesh), peer.port()),
            remote,
            client: remote,
            peer: identity,
            sni: sni(cluster).filter(|_| identity.is_some()),
            request: request.as_ref(),
            claims: verified.as_ref(),
        };
        let places = place::of_policies(mesh, peer.namespace(), &peer.labels());
        let (asked, decided) = apart(found, &places, request.is_some());
        let judgement = judge(&decided, &attempt);
        let asks_address = remote.is_unspecified() && asks_address(found);
        let mut hop = self.verdict(peer, found, &judgement, &places);
        if request.is_none() && found.protocol != InboundProtocol::Tcp {
            hop.add_note(
                "the workload sees bytes, no request: conditions on requests cannot be asked",
                None,
            );
        }
        if asks_address {
            hop.add_note(
                "the address of the caller is not known here: conditions on addresses are taken as not met; give it with \
                 --from-ip",
                None,
            );
        }
        let asked = asked_of(&judge(&asked, &attempt), &places);
        if let (Some((name, place)), true) = (&asked, judgement.allowed) {
            hop.says = format!("asked of {name}; where it agrees, {}", hop.says);
            hop.add_note(
                format!("it is {name} that decides, which is not known here"),
                *place,
            );
            hop.facts.insert(ASKED.to_owned(), json!(name));
        }
        let end = match (judgement.allowed, asked) {
            (false, _) => Outcome::Refused,
            (true, None) => Outcome::Delivered,
            (true, Some(_)) => Outcome::Asked,
        };
        (hop, end)
    }

    /// The request, where the workload's side sees one.
    fn visible(&self, protocol: InboundProtocol, cluster: Option<&Cluster>) -> Option<Request> {
        let foreign = matches!(cluster.map(|cluster| &cluster.transport), Some(Transport::Tls(_)));
        let http = match (self.target.scheme, protocol) {
            (Scheme::Tls | Scheme::Tcp, _) | (_, InboundProtocol::Tcp) => false,
            (_, InboundProtocol::Http) => true,
            (scheme, InboundProtocol::Detect) => scheme == Scheme::Http,
        };
        (http && !foreign).then(|| self.request.clone())
    }

    /// What the request's token is good for; an error is the hop of its refusal.
    fn token(
        &self,
        peer: &Peer<'_>,
        found: &InboundListener,
        carried: Option<&Value>,
    ) -> Result<Option<Value>, Box<Hop>> {
        let Some(claims) = carried.filter(|_| !found.jwt.is_empty()) else {
            return Ok(None);
        };
        let refused = |why: String, help: &str| {
            let hop = Hop::new(Step::Policy, "401: the token is refused").at(peer.place());
            Err(Box::new(hop.fault(&code::TOKEN_REFUSED, why, help)))
        };
        let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
        let Some(jwt) = found.jwt.iter().find(|jwt| jwt.issuer == issuer) else {
            let known: Vec<_> = found.jwt.iter().map(|jwt| jwt.issuer.as_str()).collect();
            return refused(
                format!("tokens of `{issuer}` are not taken, only of {}", known.join(", ")),
                "let the caller get a token of that issuer, or write a `jwt` for its own",
            );
        };
        if !audience_fits(jwt, claims) {
            return refused(
                format!(
                    "the token is for another audience than {}",
                    jwt.audiences.join(", ")
                ),
                "ask the issuer for a token of that audience, or add the token's to `audiences=`",
            );
        }
        Ok(Some(split(claims, &jwt.space_delimited)))
    }

    fn verdict(
        &self,
        peer: &Peer<'_>,
        found: &InboundListener,
        judgement: &Judgement,
        places: &BTreeMap<String, PolicyPlace>,
    ) -> Hop {
        let place_of = |name: &String| places.get(name).map(|place| place.span);
        let deciding = judgement.by.as_ref();
        let says = match (judgement.allowed, deciding) {
            (true, Some(name)) => format!("allowed by {name}"),
            (true, None) => "allowed: no policy refuses it, and none asks for an `allow`".to_owned(),
            (false, Some(name)) => format!("denied by {name}"),
            (false, None) => "denied: there are `allow` rules, and none matches".to_owned(),
        };
        let mut hop = Hop::new(Step::Policy, says)
            .at(deciding.and_then(place_of).or(Some(peer.place())))
            .fact("allowed", judgement.allowed)
            .fact("rule", json!(judgement.by));
        for (name, why) in &judgement.missed {
            let action = found.policy.policies.get(name).map(|policy| policy.action);
            let word = if action == Some(Action::Deny) {
                "deny"
            } else {
                "allow"
            };
            // Why a `deny` did not hit is of no use where it is let through anyway by a rule that is shown.
            if word == "allow" || !judgement.allowed {
                hop.add_note(
                    format!("{word} {name} does not match: it asks for {why}"),
                    place_of(name),
                );
            }
        }
        for name in &judgement.noted {
            hop.add_note(format!("noted by {name}, which decides nothing"), place_of(name));
        }
        if judgement.allowed {
            return hop;
        }
        let (message, help) = match deciding {
            Some(name) => (
                format!("{} refuse it: {name} matches", peer.label()),
                "narrow the `deny` rule, or call otherwise",
            ),
            None => (
                format!("{} refuse it: no `allow` rule matches", peer.label()),
                "add an `allow` for this caller and request, or widen one of those above",
            ),
        };
        hop.fault(&code::ACCESS_REFUSED, message, help)
    }
}

/// The policies that leave the decision to an authorizer, and all others. About bytes only those are asked that speak gRPC.
fn apart(
    found: &InboundListener,
    places: &BTreeMap<String, PolicyPlace>,
    requests: bool,
) -> (PolicySet, PolicySet) {
    let set = &found.policy;
    let asks = |name: &String| places.get(name).is_some_and(|place| place.asks.is_some());
    let of = |wanted: bool| PolicySet {
        policies: set
            .policies
            .iter()
            .filter(|(name, _)| asks(name) == wanted)
            .map(|(name, policy)| (name.clone(), policy.clone()))
            .collect(),
    };
    let mut asked = of(true);
    let can = |one: &&Authorizer| requests || matches!(one.by, AskedBy::Grpc);
    for authorizer in found.authorizers.iter().filter(can) {
        asked.policies.extend(authorizer.policies.clone());
    }
    (asked, of(false))
}

/// The authorizer that is asked about a call, and where that is said.
fn asked_of(judgement: &Judgement, places: &BTreeMap<String, PolicyPlace>) -> Option<(String, Option<Span>)> {
    let place = places.get(judgement.by.as_ref()?)?;
    Some((place.asks.clone()?, Some(place.span)))
}

/// Some policy asks for the address of the caller.
fn asks_address(found: &InboundListener) -> bool {
    use mesh_wire::policy::Principal as P;
    fn asks(principal: &P) -> bool {
        match principal {
            P::All(inner) | P::OneOf(inner) => inner.iter().any(asks),
            P::Not(inner) => asks(inner),
            P::DirectRemoteIp(_) | P::RemoteIp(_) => true,
            P::Any | P::Authenticated(_) | P::Header(_) | P::Metadata(_) => false,
        }
    }
    let asked = found.authorizers.iter().flat_map(|one| one.policies.values());
    let policies = found.policy.policies.values().chain(asked);
    policies.flat_map(|policy| &policy.principals).any(asks)
}

fn sni(cluster: Option<&Cluster>) -> Option<&str> {
    match cluster.map(|cluster| &cluster.transport) {
        Some(Transport::Mesh(tls)) => Some(&tls.sni),
        _ => None,
    }
}

/// Claims that are lists by space, besides those that are said to be (Istio `authn/policy_applier.go`).
const SPACED: [&str; 2] = ["scope", "permission"];

/// The claims with texts that are lists taken apart.
fn split(claims: &Value, spaced: &[String]) -> Value {
    let mut claims = claims.clone();
    for name in spaced.iter().map(String::as_str).chain(SPACED) {
        if let Some(Value::String(text)) = claims.get(name) {
            let parts: Vec<_> = text.split(' ').filter(|part| !part.is_empty()).collect();
            claims[name] = json!(parts);
        }
    }
    claims
}

fn audience_fits(jwt: &Jwt, claims: &Value) -> bool {
    let wanted = |audience: &str| jwt.audiences.iter().any(|own| own == audience);
    jwt.audiences.is_empty()
        || match claims.get("aud") {
            Some(Value::String(audience)) => wanted(audience),
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).any(wanted),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_in_every_form() {
        let wanted = json!({"iss": "https://a.example", "sub": "ada"});
        let token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2EuZXhhbXBsZSIsInN1YiI6ImFkYSJ9.c2ln";
        for text in [
            token,
            &format!("Bearer {token}"),
            &wanted.to_string(),
            "iss=https://a.example, sub=ada",
        ] {
            assert_eq!(claims(text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", "abc", "a.b.c", "{", "a.!!.c"] {
            assert!(claims(text).is_err(), "{text}");
        }
    }
}
