//! `envoy.type.matcher.v3` and the addresses of `envoy.config.core.v3`.

use ipnet::IpNet;
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use serde_json::json;

use crate::reader::Reader;

/// `StringMatcher`.
pub(crate) fn string(mut matcher: Reader<'_>) -> Option<StringMatch> {
    let any_case = matcher.flag("ignore_case") == Some(true);
    let found = if matcher.has("exact") {
        StringMatch::Exact(matcher.text("exact"))
    } else if matcher.has("prefix") {
        StringMatch::Prefix(matcher.text("prefix"))
    } else if matcher.has("suffix") {
        StringMatch::Suffix(matcher.text("suffix"))
    } else if matcher.has("contains") {
        StringMatch::Contains(matcher.text("contains"))
    } else {
        StringMatch::Regex(regex(matcher.message("safe_regex")?))
    };
    Some(if any_case {
        StringMatch::IgnoreCase(Box::new(found))
    } else {
        found
    })
}

/// `RegexMatcher`; RE2 is the only engine.
pub(crate) fn regex(mut matcher: Reader<'_>) -> String {
    if let Some(mut engine) = matcher.message("google_re2") {
        // Bounds of the engine that other engines do not have.
        engine.skip("max_program_size");
    }
    matcher.text("regex")
}

/// `CidrRange`.
pub(crate) fn range(mut range: Reader<'_>) -> Option<IpNet> {
    let length: u8 = range.number("prefix_len").unwrap_or(0);
    let address = range.address("address_prefix")?;
    let net = IpNet::new(address, length).ok();
    if net.is_none() {
        range.tell("prefix_len", &json!(length), "longer than the address");
    }
    net
}

/// `HeaderMatcher` of a route or a policy.
pub(crate) fn header(mut matcher: Reader<'_>) -> Option<HeaderMatch> {
    let name = matcher.text("name").to_lowercase();
    let invert = matcher.flag("invert_match") == Some(true);
    // Where it has no regard for what is asked, it is asked whether the header is there.
    let plain = ["exact_match", "prefix_match", "suffix_match", "contains_match"];
    let plain = plain.into_iter().find(|kind| matcher.has(kind));
    let value = if let Some(text) = matcher.message("string_match") {
        Some(string(text)?)
    } else if let Some(pattern) = matcher.message("safe_regex_match") {
        Some(StringMatch::Regex(regex(pattern)))
    } else if let Some(kind) = plain {
        let text = matcher.text(kind);
        Some(match kind {
            "exact_match" => StringMatch::Exact(text),
            "prefix_match" => StringMatch::Prefix(text),
            "suffix_match" => StringMatch::Suffix(text),
            _ => StringMatch::Contains(text),
        })
    } else if matcher.has("range_match") {
        matcher.refuse("range_match", "headers are not compared as numbers");
        return None;
    } else {
        None
    };
    // Where it is asked that a value is not so, an absent header is an empty one; else it matches nothing.
    let empty = matcher.flag("treat_missing_header_as_empty") == Some(true);
    if value.is_some() && empty != invert {
        let why = "absent headers are empty where the match is inverted, and nowhere else";
        matcher.tell("treat_missing_header_as_empty", &json!(empty), why);
    }
    let absent =
        value.is_none() && matcher.has("present_match") && matcher.flag("present_match") == Some(false);
    Some(HeaderMatch {
        name,
        value,
        invert: invert != absent,
    })
}

/// `QueryParameterMatcher`.
pub(crate) fn parameter(mut matcher: Reader<'_>) -> Option<HeaderMatch> {
    let name = matcher.text("name");
    let value = match matcher.message("string_match") {
        Some(text) => Some(string(text)?),
        None => None,
    };
    let absent = matcher.has("present_match") && matcher.flag("present_match") == Some(false);
    Some(HeaderMatch {
        name,
        value,
        invert: absent,
    })
}
