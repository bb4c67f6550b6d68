//! Where requests carry tokens.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, COOKIE, HeaderName};
use mesh_http2::Fields;
use mesh_wire::jwt::Jwt;

use crate::state::matcher::parameter;

/// What stands before a token where nothing else is said.
const BEARER: &str = "Bearer ";
/// The parameter that carries a token where nothing else is said (RFC 6750, section 2.3).
const ACCESS_TOKEN: &str = "access_token";

/// The places of one issuer's tokens.
#[derive(Clone, Debug)]
pub(super) struct Places {
    headers: Vec<(HeaderName, String)>,
    params: Vec<String>,
    cookies: Vec<String>,
}

/// A token, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found<'p, 'r> {
    pub(super) text: Cow<'r, str>,
    pub(super) place: Place<'p>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    Header(&'a HeaderName),
    Param(&'a str),
    Cookie,
}

impl Places {
    /// Those that `jwt` names; `Err` is a header that cannot be one.
    pub(super) fn of(jwt: &Jwt) -> Result<Self, String> {
        let nowhere = jwt.headers.is_empty() && jwt.params.is_empty() && jwt.cookies.is_empty();
        if nowhere {
            return Ok(Self {
                headers: vec![(AUTHORIZATION, BEARER.to_owned())],
                params: vec![ACCESS_TOKEN.to_owned()],
                cookies: Vec::new(),
            });
        }
        let header = |place: &mesh_wire::jwt::JwtHeader| {
            let name = HeaderName::try_from(&place.name).map_err(|_| place.name.clone())?;
            Ok::<_, String>((name, place.prefix.clone()))
        };
        Ok(Self {
            headers: jwt.headers.iter().map(header).collect::<Result<_, _>>()?,
            params: jwt.params.clone(),
            cookies: jwt.cookies.clone(),
        })
    }

    /// The tokens that a request carries there.
    pub(super) fn tokens<'p, 'r>(&'p self, headers: &'r Fields, query: &'r str) -> Vec<Found<'p, 'r>> {
        let mut found = Vec::new();
        for (name, prefix) in &self.headers {
            for value in values(headers, name) {
                let text = match &value {
                    Cow::Borrowed(value) => behind(value, prefix).map(Cow::Borrowed),
                    Cow::Owned(value) => behind(value, prefix).map(|text| Cow::Owned(text.to_owned())),
                };
                let place = Place::Header(name);
                found.extend(text.map(|text| Found { text, place }));
            }
        }
        for name in &self.params {
            if let Some(value) = parameter(query, name) {
                let (text, place) = (unescaped(value), Place::Param(name));
                found.push(Found { text, place });
            }
        }
        for name in &self.cookies {
            if let Some(text) = cookie(headers, name) {
                let (text, place) = (Cow::Borrowed(text), Place::Cookie);
                found.push(Found { text, place });
            }
        }
        found
    }
}

/// The values of a header. What is no text carries nothing that could hold, but it carries something.
fn values<'r>(headers: &'r Fields, name: &HeaderName) -> Vec<Cow<'r, str>> {
    let all = headers.get_all(name);
    let all: Vec<&str> = all.map(|value| value.to_str().unwrap_or("")).collect();
    // There is one `authorization`; several are one with a comma, and no token.
    if *name == AUTHORIZATION && all.len() > 1 {
        return vec![Cow::Owned(all.join(","))];
    }
    all.into_iter().map(Cow::Borrowed).collect()
}

/// What begins like a token behind `prefix`, wherever that stands; Envoy is as forgiving.
fn behind<'a>(value: &'a str, prefix: &str) -> Option<&'a str> {
    if prefix.is_empty() {
        return Some(value);
    }
    let rest = &value[value.find(prefix)? + prefix.len()..];
    let token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let at = rest.bytes().position(token);
    Some(at.map_or(value, |at| &rest[at..]))
}

fn cookie<'a>(headers: &'a Fields, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE);
    let mut pairs = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim_matches('"'))
}

/// Percent signs resolved; a text that is none then stays as it is.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        match (*first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &after[2..];
            }
            (byte, ..) => {
                out.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// `query` without the parameter `name`.
pub(super) fn without(query: &str, name: &str) -> String {
    let rest = query.split('&').filter(|pair| {
        let key = pair.split_once('=').map_or(*pair, |(key, _)| key);
        key != name
    });
    rest.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use mesh_wire::jwt::JwtHeader;
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> Fields {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    fn texts(jwt: &Jwt, request: &Fields, query: &str) -> Vec<String> {
        let places = Places::of(jwt).unwrap();
        let found = places.tokens(request, query);
        found.into_iter().map(|found| found.text.into_owned()).collect()
    }

    #[test]
    fn tokens_are_where_the_rfc_says_unless_another_place_is_named() {
        let request = headers(&[("authorization", "Bearer abc"), ("x-token", "Token def")]);
        let found = texts(&Jwt::default(), &request, "a=1&access_token=g%68i");
        assert_eq!(found, ["abc", "ghi"]);
        let own = Jwt {
            headers: vec![JwtHeader {
                name: "x-token".to_owned(),
                prefix: "Token ".to_owned(),
            }],
            ..Jwt::default()
        };
        assert_eq!(texts(&own, &request, "access_token=ghi"), ["def"]);
    }

    #[test]
    fn other_credentials_are_no_tokens() {
        let request = headers(&[("authorization", "Basic abc"), ("authorization", "bearer abc")]);
        assert!(texts(&Jwt::default(), &request, "").is_empty());
    }

    #[test]
    fn cookies_are_found_among_others() {
        let request = headers(&[("cookie", "a=1; session=\"abc\""), ("cookie", "b=2")]);
        let jwt = Jwt {
            cookies: vec!["session".to_owned()],
            ..Jwt::default()
        };
        assert_eq!(texts(&jwt, &request, ""), ["abc"]);
    }

    #[test]
    fn a_parameter_is_taken_out_wherever_it_stands() {
        assert_eq!(without("t=1&a=2&t=3&b", "t"), "a=2&b");
        assert_eq!(without("t", "t"), "");
    }

    proptest! {
        #[test]
        fn no_value_is_too_strange(value in "\\PC{0,40}", prefix in "\\PC{0,3}", query in "[%a-f0-9=&é]{0,40}") {
            let _ = behind(&value, &prefix);
            let _ = unescaped(&query);
            prop_assert!(parameter(&without(&query, "a"), "a").is_none());
        }
    }
}
