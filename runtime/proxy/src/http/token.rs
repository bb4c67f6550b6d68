//! Tokens that a request carries (Envoy `jwt_authn`).

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use mesh_wire::jwt::Jwt;

use crate::state::matcher::parameter;

/// What stands before a token where nothing else is said.
const BEARER: &str = "Bearer ";
/// The parameter that carries a token where nothing else is said (RFC 6750, section 2.3).
const ACCESS_TOKEN: &str = "access_token";

/// The tokens at the places that `jwt` names.
pub(super) fn tokens<'a>(jwt: &Jwt, headers: &'a HeaderMap, query: &'a str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let nowhere = jwt.headers.is_empty() && jwt.params.is_empty() && jwt.cookies.is_empty();
    if nowhere {
        found.extend(in_header(headers, AUTHORIZATION.as_str(), BEARER));
        found.extend(parameter(query, ACCESS_TOKEN));
    }
    for place in &jwt.headers {
        found.extend(in_header(headers, &place.name, &place.prefix));
    }
    found.extend(jwt.params.iter().filter_map(|name| parameter(query, name)));
    found.extend(jwt.cookies.iter().filter_map(|name| cookie(headers, name)));
    found.retain(|token| !token.is_empty());
    found
}

/// What stands behind `prefix` in each of the headers; one that is no text carries nothing that could hold.
fn in_header<'a>(headers: &'a HeaderMap, name: &str, prefix: &str) -> Vec<&'a str> {
    let values = headers.get_all(name).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .filter_map(|value| {
            let at = value.get(..prefix.len())?;
            at.eq_ignore_ascii_case(prefix)
                .then(|| value[prefix.len()..].trim())
        })
        .collect()
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).iter();
    let mut pairs = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use mesh_wire::jwt::JwtHeader;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<http::HeaderName>().unwrap(),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn tokens_are_where_the_rfc_says_unless_another_place_is_named() {
        let request = headers(&[("authorization", "bearer abc"), ("x-token", "Token def")]);
        let anywhere = Jwt::default();
        assert_eq!(
            tokens(&anywhere, &request, "a=1&access_token=ghi"),
            ["abc", "ghi"]
        );
        let own = Jwt {
            headers: vec![JwtHeader {
                name: "x-token".to_owned(),
                prefix: "Token ".to_owned(),
            }],
            ..Jwt::default()
        };
        assert_eq!(tokens(&own, &request, "access_token=ghi"), ["def"]);
    }

    #[test]
    fn other_credentials_are_no_tokens() {
        let request = headers(&[("authorization", "Basic abc"), ("authorization", "Bearer ")]);
        assert!(tokens(&Jwt::default(), &request, "").is_empty());
    }

    #[test]
    fn cookies_are_found_among_others() {
        let request = headers(&[("cookie", "a=1; session=\"abc\""), ("cookie", "b=2")]);
        let jwt = Jwt {
            cookies: vec!["session".to_owned()],
            ..Jwt::default()
        };
        assert_eq!(tokens(&jwt, &request, ""), ["abc"]);
    }
}
