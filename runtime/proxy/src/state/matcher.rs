//! Texts and headers, compared.

use http::HeaderValue;
use http::header::HeaderName;
use mesh_http2::Fields;
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use regex::Regex;

/// A pattern that cannot be compiled.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{pattern}` {why}")]
pub(crate) struct BadPattern {
    pub(crate) pattern: String,
    pub(crate) why: String,
}

/// Compiles an RE2 expression that has to match a whole text; `regex` takes the same linear time as RE2.
pub(crate) fn whole(pattern: &str) -> Result<Regex, BadPattern> {
    Regex::new(&format!("^(?:{pattern})$")).map_err(|error| bad(pattern, &error))
}

/// Compiles an RE2 expression that is searched for.
pub(crate) fn anywhere(pattern: &str) -> Result<Regex, BadPattern> {
    Regex::new(pattern).map_err(|error| bad(pattern, &error))
}

fn bad(pattern: &str, error: &regex::Error) -> BadPattern {
    BadPattern {
        pattern: pattern.to_owned(),
        why: format!("is no usable expression: {error}"),
    }
}

/// How a text is compared.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    Exact(String),
    Prefix(String),
    Suffix(String),
    Contains(String),
    Regex(Regex),
    IgnoreCase(Box<Self>),
}

impl Text {
    pub(crate) fn compile(wire: &StringMatch) -> Result<Self, BadPattern> {
        Ok(match wire {
            StringMatch::Exact(text) => Self::Exact(text.clone()),
            StringMatch::Prefix(text) => Self::Prefix(text.clone()),
            StringMatch::Suffix(text) => Self::Suffix(text.clone()),
            StringMatch::Contains(text) => Self::Contains(text.clone()),
            StringMatch::Regex(pattern) => Self::Regex(whole(pattern)?),
            StringMatch::IgnoreCase(inner) => Self::IgnoreCase(Box::new(Self::compile(inner)?.lower()?)),
        })
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(wanted) => text == wanted,
            Self::Prefix(wanted) => text.starts_with(wanted.as_str()),
            Self::Suffix(wanted) => text.ends_with(wanted.as_str()),
            Self::Contains(wanted) => text.contains(wanted.as_str()),
            Self::Regex(wanted) => wanted.is_match(text),
            Self::IgnoreCase(inner) => inner.matches(&text.to_ascii_lowercase()),
        }
    }

    /// The same for texts that are compared in lower case; expressions are not touched but told to ignore case.
    fn lower(self) -> Result<Self, BadPattern> {
        Ok(match self {
            Self::Exact(text) => Self::Exact(text.to_ascii_lowercase()),
            Self::Prefix(text) => Self::Prefix(text.to_ascii_lowercase()),
            Self::Suffix(text) => Self::Suffix(text.to_ascii_lowercase()),
            Self::Contains(text) => Self::Contains(text.to_ascii_lowercase()),
            Self::Regex(regex) => Self::Regex(anywhere(&format!("(?i){}", regex.as_str()))?),
            inner @ Self::IgnoreCase(_) => inner,
        })
    }
}

/// The part of a request that conditions look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) authority: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) scheme: &'a str,
    pub(crate) headers: &'a Fields,
}

/// How a header is matched, pseudo headers among them.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    place: Place,
    value: Option<Text>,
    invert: bool,
}

#[derive(Clone, Debug)]
enum Place {
    Method,
    Authority,
    Path,
    Scheme,
    Named(HeaderName),
}

impl Header {
    pub(crate) fn compile(wire: &HeaderMatch) -> Result<Self, BadPattern> {
        let place = match wire.name.to_ascii_lowercase().as_str() {
            ":method" => Place::Method,
            ":authority" | "host" => Place::Authority,
            ":path" => Place::Path,
            ":scheme" => Place::Scheme,
            name => Place::Named(HeaderName::try_from(name).map_err(|_| BadPattern {
                pattern: wire.name.clone(),
                why: "is no header name".to_owned(),
            })?),
        };
        let value = wire.value.as_ref().map(Text::compile).transpose()?;
        Ok(Self {
            place,
            value,
            invert: wire.invert,
        })
    }

    pub(crate) fn matches(&self, asked: &Asked<'_>) -> bool {
        let held = match &self.place {
            Place::Method => self.is(asked.method),
            Place::Authority => self.is(asked.authority),
            Place::Path if asked.query.is_empty() => self.is(asked.path),
            Place::Path => self.is(&format!("{}?{}", asked.path, asked.query)),
            Place::Scheme => self.is(asked.scheme),
            Place::Named(name) => self.named(asked.headers, name),
        };
        held != self.invert
    }

    fn is(&self, text: &str) -> bool {
        self.value.as_ref().is_none_or(|value| value.matches(text))
    }

    /// Envoy joins the values of a header that comes several times with a comma. Bytes that are no text stand for
    /// themselves: a value must not get around a refusal by one of them.
    fn named(&self, headers: &Fields, name: &HeaderName) -> bool {
        let mut values = headers.get_all(name);
        let Some(first) = values.next() else { return false };
        let Some(wanted) = &self.value else { return true };
        let Some(second) = values.next() else {
            return wanted.matches(&String::from_utf8_lossy(first.as_bytes()));
        };
        let all: Vec<&[u8]> = [first, second]
            .into_iter()
            .chain(values)
            .map(HeaderValue::as_bytes)
            .collect();
        wanted.matches(&String::from_utf8_lossy(&all.join(&b","[..])))
    }
}

/// The value of a query parameter, as it is written.
pub(crate) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// How a query parameter is matched.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    name: String,
    value: Option<Text>,
    invert: bool,
}

impl Query {
    pub(crate) fn compile(wire: &HeaderMatch) -> Result<Self, BadPattern> {
        let value = wire.value.as_ref().map(Text::compile).transpose()?;
        Ok(Self {
            name: wire.name.clone(),
            value,
            invert: wire.invert,
        })
    }

    pub(crate) fn matches(&self, query: &str) -> bool {
        let found = parameter(query, &self.name);
        let held = found.is_some_and(|found| self.value.as_ref().is_none_or(|value| value.matches(found)));
        held != self.invert
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(wire: StringMatch) -> Text {
        Text::compile(&wire).unwrap()
    }

    proptest! {
        #[test]
        fn every_part_of_a_text_is_found_where_it_is(head in "[a-zA-Z/]{0,8}", middle in "[a-zA-Z/]{0,8}", tail in "[a-zA-Z/]{0,8}") {
            let whole = format!("{head}{middle}{tail}");
            prop_assert!(text(StringMatch::Prefix(head.clone())).matches(&whole));
            prop_assert!(text(StringMatch::Contains(middle.clone())).matches(&whole));
            prop_assert!(text(StringMatch::Suffix(tail.clone())).matches(&whole));
            prop_assert!(text(StringMatch::Exact(whole.clone())).matches(&whole));
            prop_assert!(text(StringMatch::Regex(regex::escape(&whole))).matches(&whole));
            let ignoring = StringMatch::IgnoreCase(Box::new(StringMatch::Exact(whole.to_uppercase())));
            prop_assert!(text(ignoring).matches(&whole));
        }

        #[test]
        fn an_expression_holds_for_the_whole_text_only(part in "[a-z]{1,5}", more in "[a-z]{1,5}") {
            let longer = format!("{part}{more}");
            prop_assert!(!text(StringMatch::Regex(part)).matches(&longer));
        }
    }

    #[test]
    fn alternatives_are_bound_to_the_whole_text_too() {
        assert!(!text(StringMatch::Regex("a|b".to_owned())).matches("ax"));
        let loud = StringMatch::IgnoreCase(Box::new(StringMatch::Regex("FOO.*".to_owned())));
        assert!(text(loud).matches("fooBAR"));
    }

    #[test]
    fn a_header_with_bytes_that_are_no_text_is_matched_by_the_rest() {
        let header = Header::compile(&HeaderMatch {
            name: "x-role".to_owned(),
            value: Some(StringMatch::Prefix("admin".to_owned())),
            invert: false,
        })
        .unwrap();
        let mut headers = Fields::new();
        let values = [&b"admin\xff"[..], b"guest"];
        for value in values {
            headers.append(
                HeaderName::from_static("x-role"),
                HeaderValue::from_bytes(value).unwrap(),
            );
            let asked = Asked {
                method: "GET",
                authority: "forum",
                path: "/",
                query: "",
                scheme: "http",
                headers: &headers,
            };
            assert!(header.matches(&asked));
        }
    }

    #[test]
    fn parameters_are_taken_by_their_whole_name() {
        assert_eq!(parameter("ab=1&a=2&a=3", "a"), Some("2"));
        assert_eq!(parameter("a", "a"), Some(""));
        assert_eq!(parameter("", "a"), None);
    }
}
