//! Tokens that requests carry: read, verified, and what follows of them (Envoy `jwt_authn`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use http::header::{HeaderName, HeaderValue};
use mesh_http2::Fields;
use mesh_wire::jwt::Jwt;
use serde_json::Value;

mod fault;
mod keys;
mod known;
mod places;
mod remote;
mod token;

pub(crate) use fault::Fault;
pub(crate) use keys::KeySet;
pub(crate) use remote::Remote;
pub(crate) use token::Token;

use known::Known;
use places::{Place, Places};

/// Clocks may differ by so many seconds (Envoy's `clock_skew_seconds`).
const SKEW: u64 = 60;
/// Claims that are lists by space, besides those that are said to be (Istio `authn/policy_applier.go`).
const SPACED: [&str; 2] = ["permission", "scope"];

/// Key sets that lie elsewhere, by address.
pub(crate) type Remotes = BTreeMap<String, Arc<Remote>>;

/// Whose tokens a listener takes.
#[derive(Debug, Default)]
pub(crate) struct Issuers(Vec<Issuer>);

#[derive(Debug)]
struct Issuer {
    name: String,
    audiences: Vec<String>,
    places: Places,
    keys: Keys,
    spaced: Vec<String>,
    forward: bool,
    payload_header: Option<HeaderName>,
    claim_headers: Vec<(HeaderName, String)>,
    known: Known,
}

/// Where an issuer's keys are; `None` where what was given is no key set.
#[derive(Debug)]
enum Keys {
    Given(Option<KeySet>),
    Elsewhere(Arc<Remote>),
}

/// A request as far as tokens are concerned.
pub(crate) struct Carrier<'a> {
    pub(crate) headers: &'a mut Fields,
    pub(crate) query: &'a mut Option<String>,
}

impl Keys {
    fn changes(&self) -> u64 {
        match self {
            Self::Given(_) => 0,
            Self::Elsewhere(remote) => remote.changes(),
        }
    }
}

/// Where the keys of `all` lie elsewhere; what is known of them already is taken from `before`.
pub(crate) fn remotes<'a>(all: impl IntoIterator<Item = &'a Jwt>, before: Option<&Remotes>) -> Remotes {
    let mut remotes = Remotes::new();
    for jwt in all {
        if let (None, Some(uri)) = (&jwt.jwks, &jwt.jwks_uri) {
            let known = before.and_then(|before| before.get(uri)).cloned();
            let timeout = jwt.timeout.map(mesh_wire::Millis::to_duration);
            remotes
                .entry(uri.clone())
                .or_insert_with(|| known.unwrap_or_else(|| Remote::new(uri, timeout)));
        }
    }
    remotes
}

impl Issuers {
    /// `Err` tells what cannot be.
    pub(crate) fn compile(wire: &[Jwt], remotes: &Remotes) -> Result<Self, String> {
        wire.iter()
            .map(|jwt| Issuer::compile(jwt, remotes))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Verifies the tokens of a request and does to it what follows: the token of the first issuer all of whose tokens
    /// hold, `None` where there are none at all.
    ///
    /// As Istio puts it, a token that is there must hold; several issuers may share a place.
    pub(crate) fn check(&self, carrier: &mut Carrier<'_>) -> Result<Option<Arc<Token>>, Fault> {
        for issuer in &self.0 {
            issuer.clear(carrier.headers);
        }
        let mut first = None;
        for issuer in &self.0 {
            match issuer.check(carrier) {
                Ok(Some(token)) => return Ok(Some(token)),
                Ok(None) => {}
                Err(fault) => _ = first.get_or_insert(fault),
            }
        }
        first.map_or(Ok(None), Err)
    }
}

/// A request that asks whether another may be sent carries no credentials (Envoy `bypass_cors_preflight`).
pub(crate) fn is_preflight(method: &Method, headers: &Fields) -> bool {
    let said = |name| {
        headers
            .get(name)
            .is_some_and(|value: &HeaderValue| !value.is_empty())
    };
    method == Method::OPTIONS
        && said(http::header::ORIGIN)
        && said(http::header::ACCESS_CONTROL_REQUEST_METHOD)
}

impl Issuer {
    fn compile(jwt: &Jwt, remotes: &Remotes) -> Result<Self, String> {
        let header = |name: &String| HeaderName::try_from(name).map_err(|_| format!("`{name}` is no header"));
        let keys = match (&jwt.jwks, &jwt.jwks_uri) {
            (Some(text), _) => Keys::Given(KeySet::parse(text)),
            (None, Some(uri)) => match remotes.get(uri) {
                Some(remote) => Keys::Elsewhere(remote.clone()),
                None => Keys::Given(None),
            },
            (None, None) => Keys::Given(None),
        };
        let claim = |(name, claim): (&String, &String)| Ok((header(name)?, claim.clone()));
        let mut spaced = jwt.space_delimited.clone();
        spaced.extend(SPACED.map(str::to_owned));
        Ok(Self {
            name: jwt.issuer.clone(),
            audiences: jwt.audiences.iter().map(|name| bare(name).to_owned()).collect(),
            places: Places::of(jwt).map_err(|name| format!("`{name}` is no header"))?,
            keys,
            spaced,
            forward: jwt.forward,
            payload_header: jwt.payload_header.as_ref().map(header).transpose()?,
            claim_headers: jwt
                .claim_headers
                .iter()
                .map(claim)
                .collect::<Result<_, String>>()?,
            known: Known::default(),
        })
    }

    /// Headers that only a token may fill.
    fn clear(&self, headers: &mut Fields) {
        for name in self.claim_headers.iter().map(|(name, _)| name) {
            headers.remove(name);
        }
        if let Some(name) = &self.payload_header {
            headers.remove(name);
        }
    }

    /// All that it carries must hold: else the application might take the one that does not.
    fn check(&self, carrier: &mut Carrier<'_>) -> Result<Option<Arc<Token>>, Fault> {
        let query = carrier.query.as_deref().unwrap_or_default();
        let tokens = self.places.tokens(carrier.headers, query);
        // Envoy begins with the last.
        let held: Vec<(Place<'_>, Arc<Token>)> = tokens
            .iter()
            .rev()
            .map(|found| Ok((found.place, self.verify(&found.text)?)))
            .collect::<Result<_, Fault>>()?;
        for (place, token) in &held {
            self.follow(*place, token, carrier);
        }
        Ok(held.into_iter().next_back().map(|(_, token)| token))
    }

    fn verify(&self, text: &str) -> Result<Arc<Token>, Fault> {
        let generation = self.keys.changes();
        let known = self.known.get(text, generation);
        let token = match &known {
            Some(token) => token.clone(),
            None => {
                let mut token = Token::parse(text)?;
                token.split(&self.spaced);
                Arc::new(token)
            }
        };
        if !self.name.is_empty() && token.issuer != self.name {
            return Err(Fault::Issuer);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        token.in_time(now.as_secs(), SKEW)?;
        let meant = |audience: &String| self.audiences.iter().any(|own| own == bare(audience));
        if !self.audiences.is_empty() && !token.audiences.iter().any(meant) {
            return Err(Fault::Audience);
        }
        if known.is_none() {
            self.signed(&token, text)?;
            self.known.put(text, &token, generation);
        }
        Ok(token)
    }

    fn signed(&self, token: &Token, text: &str) -> Result<(), Fault> {
        let signed = text.rfind('.').map_or(text, |at| &text[..at]).as_bytes();
        match &self.keys {
            Keys::Given(None) => Err(Fault::NoKeys),
            Keys::Given(Some(keys)) => keys.verify(token, signed),
            Keys::Elsewhere(remote) => remote.keys().ok_or(Fault::NotFetched)?.verify(token, signed),
        }
    }

    /// What the application is told, and that it does not see the token unless it is to.
    fn follow(&self, place: Place<'_>, token: &Token, carrier: &mut Carrier<'_>) {
        if let Some(name) = &self.payload_header
            && let Ok(value) = HeaderValue::try_from(&token.payload)
        {
            carrier.headers.append(name, value);
        }
        for (name, claim) in &self.claim_headers {
            let text = token.claim(claim).and_then(written);
            if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
                carrier.headers.append(name, value);
            }
        }
        if self.forward {
            return;
        }
        match place {
            Place::Header(name) => _ = carrier.headers.remove(name),
            Place::Param(name) => {
                let rest = carrier.query.as_deref().map(|query| places::without(query, name));
                *carrier.query = rest.filter(|query| !query.is_empty());
            }
            // Envoy leaves cookies alone.
            Place::Cookie => {}
        }
    }
}

/// A token and a key set out of the same bytes, the one verified by the other.
#[cfg(fuzzing)]
pub(crate) fn fuzz(read: &[u8]) {
    let Ok(text) = std::str::from_utf8(read) else {
        return;
    };
    let (token, keys) = text.split_once('\n').unwrap_or((text, ""));
    let (token, keys) = (Token::parse(token), KeySet::parse(keys));
    if let (Ok(token), Some(keys)) = (token, keys) {
        let _ = keys.verify(&token, read);
    }
}

/// Audiences are compared without their scheme and last slash, as Envoy compares them.
fn bare(audience: &str) -> &str {
    let rest = audience
        .strip_prefix("https://")
        .or_else(|| audience.strip_prefix("http://"))
        .unwrap_or(audience);
    rest.strip_suffix('/').unwrap_or(rest)
}

/// A claim as a header has it, lists and objects in base64; `None` for what is empty.
fn written(claim: &Value) -> Option<String> {
    let text = match claim {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => match number.as_f64()? {
            whole if whole.fract() == 0.0 && (0.0..18_446_744_073_709_551_615.0).contains(&whole) => {
                format!("{whole:.0}")
            }
            other => format!("{other:.6}"),
        },
        Value::Array(_) | Value::Object(_) => STANDARD.encode(claim.to_string()),
        Value::Null => return None,
    };
    (!text.is_empty()).then_some(text)
}
