//! One token, read but not yet believed (RFC 7519, RFC 7515).

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::Fault;

/// base64url, with padding or without.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How a token is signed (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs(Digest),
    Rs(Digest),
    Ps(Digest),
    Es(Digest),
    EdDsa,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    pub(super) fn named(name: &str) -> Option<Self> {
        if name == "EdDSA" {
            return Some(Self::EdDsa);
        }
        let (family, digest) = name.split_at_checked(2)?;
        let digest = match digest {
            "256" => Digest::Sha256,
            "384" => Digest::Sha384,
            "512" => Digest::Sha512,
            _ => return None,
        };
        Some(match family {
            "HS" => Self::Hs(digest),
            "RS" => Self::Rs(digest),
            "PS" => Self::Ps(digest),
            "ES" => Self::Es(digest),
            _ => return None,
        })
    }
}

/// What a token says.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(super) algorithm: Algorithm,
    /// Empty where it names no key.
    pub(super) key_id: String,
    pub(super) issuer: String,
    pub(super) audiences: Vec<String>,
    /// Seconds since 1970; 0 is always.
    pub(super) not_before: u64,
    /// Seconds since 1970; 0 is never.
    pub(super) expires: u64,
    pub(super) signature: Vec<u8>,
    /// In base64url, as it came.
    pub(super) payload: String,
    pub(super) claims: Map<String, Value>,
}

impl Token {
    /// Out of `HEADER.PAYLOAD.SIGNATURE`.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Fault::Form);
        };
        if header.is_empty() || payload.is_empty() || signature.is_empty() {
            return Err(Fault::Form);
        }
        let head = object(header, Fault::HeaderBase64, Fault::HeaderJson)?;
        let Some(Value::String(algorithm)) = head.get("alg") else {
            return Err(Fault::NoAlgorithm);
        };
        let algorithm = Algorithm::named(algorithm).ok_or(Fault::Algorithm)?;
        let key_id = text_of(&head, "kid").ok_or(Fault::KeyId)?;
        let claims = object(payload, Fault::PayloadBase64, Fault::PayloadJson)?;
        let issuer = text_of(&claims, "iss").ok_or(Fault::NotText("iss"))?;
        text_of(&claims, "sub").ok_or(Fault::NotText("sub"))?;
        seconds(&claims, "iat")?;
        let (not_before, expires) = (seconds(&claims, "nbf")?, seconds(&claims, "exp")?);
        text_of(&claims, "jti").ok_or(Fault::NotText("jti"))?;
        Ok(Self {
            algorithm,
            key_id: key_id.to_owned(),
            issuer: issuer.to_owned(),
            audiences: audiences(&claims)?,
            not_before,
            expires,
            signature: BASE64.decode(signature).map_err(|_| Fault::SignatureBase64)?,
            payload: payload.to_owned(),
            claims,
        })
    }

    /// Whether it holds at `now`, give or take `skew`; all in seconds.
    pub(super) fn in_time(&self, now: u64, skew: u64) -> Result<(), Fault> {
        if now.saturating_add(skew) < self.not_before {
            return Err(Fault::TooEarly);
        }
        if self.expires != 0 && now > self.expires.saturating_add(skew) {
            return Err(Fault::Expired);
        }
        Ok(())
    }

    /// All that it claims.
    pub(crate) const fn all(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// What a path of keys leads to, outermost first.
    pub(crate) fn at<K: AsRef<str>>(&self, path: impl IntoIterator<Item = K>) -> Option<&Value> {
        let mut keys = path.into_iter();
        let first = self.claims.get(keys.next()?.as_ref())?;
        keys.try_fold(first, |value, key| value.as_object()?.get(key.as_ref()))
    }

    /// What a dotted path leads to.
    pub(super) fn claim(&self, path: &str) -> Option<&Value> {
        self.at(path.split('.'))
    }

    /// Makes lists of texts by space.
    pub(super) fn split(&mut self, claims: &[String]) {
        for claim in claims {
            if let Some(value) = self.claims.get_mut(claim)
                && let Value::String(text) = value
            {
                *value = text.split(' ').filter(|part| !part.is_empty()).collect();
            }
        }
    }
}

fn object(text: &str, encoding: Fault, json: Fault) -> Result<Map<String, Value>, Fault> {
    let bytes = BASE64.decode(text).map_err(|_| encoding)?;
    serde_json::from_slice(&bytes).map_err(|_| json)
}

/// A text, empty where there is none; `None` for what is something else.
fn text_of<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key).map_or(Some(""), Value::as_str)
}

fn seconds(claims: &Map<String, Value>, key: &'static str) -> Result<u64, Fault> {
    let Some(value) = claims.get(key) else {
        return Ok(0);
    };
    if let Some(whole) = value.as_u64() {
        return Ok(whole);
    }
    let number = value.as_f64().ok_or(Fault::NotInteger(key))?;
    // Doubles hold all of u64 but its last few; what is beyond is refused, not cut off.
    if !(0.0..18_446_744_073_709_551_615.0).contains(&number) {
        return Err(Fault::NotPositive(key));
    }
    Ok(number as u64)
}

fn audiences(claims: &Map<String, Value>) -> Result<Vec<String>, Fault> {
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or(Fault::AudienceForm);
    match claims.get("aud") {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().map(text).collect(),
        Some(one) => Ok(vec![text(one)?]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(header: &str, payload: &str) -> Result<Token, Fault> {
        Token::parse(&format!(
            "{}.{}.c2ln",
            BASE64.encode(header),
            BASE64.encode(payload)
        ))
    }

    const HEADER: &str = r#"{"alg":"RS256","kid":"a"}"#;

    #[test]
    fn what_is_no_token_is_told_as_envoy_does() {
        for (text, fault) in [
            ("", Fault::Form),
            ("a.b", Fault::Form),
            ("a.b.", Fault::Form),
            ("a.b.c.d", Fault::Form),
            ("!.b.c", Fault::HeaderBase64),
            ("e30.e30.c2ln", Fault::NoAlgorithm),
            ("W10.e30.c2ln", Fault::HeaderJson),
        ] {
            assert_eq!(Token::parse(text).unwrap_err(), fault, "{text}");
        }
        for (header, payload, fault) in [
            (r#"{"alg":"none"}"#, "{}", Fault::Algorithm),
            (r#"{"alg":"RS257"}"#, "{}", Fault::Algorithm),
            (r#"{"alg":1}"#, "{}", Fault::NoAlgorithm),
            (r#"{"alg":"RS256","kid":1}"#, "{}", Fault::KeyId),
            (HEADER, "[]", Fault::PayloadJson),
            (HEADER, r#"{"iss":1}"#, Fault::NotText("iss")),
            (HEADER, r#"{"exp":"1"}"#, Fault::NotInteger("exp")),
            (HEADER, r#"{"nbf":-1}"#, Fault::NotPositive("nbf")),
            (HEADER, r#"{"iat":1e40}"#, Fault::NotPositive("iat")),
            (HEADER, r#"{"aud":[1]}"#, Fault::AudienceForm),
        ] {
            assert_eq!(token(header, payload).unwrap_err(), fault, "{header} {payload}");
        }
    }

    #[test]
    fn times_may_be_off_by_the_skew() {
        let token = token(HEADER, r#"{"nbf":1000,"exp":2000.0}"#).unwrap();
        assert_eq!(token.in_time(939, 60), Err(Fault::TooEarly));
        assert_eq!(token.in_time(940, 60), Ok(()));
        assert_eq!(token.in_time(2060, 60), Ok(()));
        assert_eq!(token.in_time(2061, 60), Err(Fault::Expired));
    }

    #[test]
    fn dots_lead_into_claims() {
        let mut token = token(HEADER, r#"{"a":{"b":7},"scope":" read  write"}"#).unwrap();
        assert_eq!(token.claim("a.b"), Some(&7.into()));
        assert_eq!(token.claim("a.b.c"), None);
        token.split(&["scope".to_owned(), "a".to_owned()]);
        assert_eq!(token.claim("scope"), Some(&vec!["read", "write"].into()));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in ".{0,200}", header in "[ -~]{0,60}", payload in "\\PC{0,60}") {
            let _ = Token::parse(&text);
            let _ = token(&header, &payload);
            let _ = token(HEADER, &payload);
        }
    }
}
