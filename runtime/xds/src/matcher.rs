//! `envoy.type.matcher.v3` and the addresses of `envoy.config.core.v3`.

use ipnet::IpNet;
use mesh_wire::matcher::StringMatch;
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
