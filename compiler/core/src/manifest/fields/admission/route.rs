//! Routes and settings of traffic.

use super::{is, key, said, text_that};
use crate::diag::Span;
use crate::syntax::Datum;

pub(super) const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*",
];

/// When Envoy tries again.
const RETRY_ON: &[&str] = &[
    "5xx",
    "cancelled",
    "connect-failure",
    "deadline-exceeded",
    "envoy-ratelimited",
    "gateway-error",
    "http3-post-connect-failure",
    "internal",
    "refused-stream",
    "reset",
    "reset-before-request",
    "resource-exhausted",
    "retriable-4xx",
    "retriable-headers",
    "retriable-status-codes",
    "unavailable",
];

pub(super) fn upgrade(datum: &Datum) -> Option<Span> {
    let both = is(datum, "h2UpgradePolicy", "UPGRADE") && is(datum, "useClientProtocol", "true");
    key(datum, "useClientProtocol").filter(|_| both)
}

pub(super) fn not_prime(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| {
        let Ok(number) = text.parse::<u64>() else {
            return false;
        };
        // Larger ones are told by the range.
        let divides = |divisor: u64| number.is_multiple_of(divisor);
        number < 5_000_012
            && (2..)
                .take_while(|divisor| divisor * divisor <= number)
                .any(divides)
    })
}

pub(super) fn local_origin(datum: &Datum) -> Option<Span> {
    let counted = said(datum, "consecutiveLocalOriginFailures")?;
    let none = counted.value.text().is_some_and(|number| number.value == "0");
    (!none && !is(datum, "splitExternalLocalOriginErrors", "true")).then_some(counted.key.span)
}

fn texts(datum: &Datum, name: &str) -> Vec<crate::diag::Spanned<String>> {
    let items = datum.at(&[name]).map_or(&[][..], Datum::items);
    items.iter().filter_map(Datum::text).collect()
}

pub(super) fn mesh_star(datum: &Datum) -> Option<Span> {
    let gateways = texts(datum, "gateways");
    let in_mesh = gateways.is_empty() || gateways.iter().any(|name| name.value == "mesh");
    texts(datum, "hosts")
        .into_iter()
        .find(|host| in_mesh && host.value == "*")
        .map(|host| host.span)
}

pub(super) fn sni_of_hosts(datum: &Datum) -> Option<Span> {
    let hosts = texts(datum, "hosts");
    let within = |name: &str| {
        hosts.iter().any(|host| match host.value.strip_prefix('*') {
            Some(end) => name.ends_with(end),
            None => name == host.value,
        })
    };
    let routes = datum.at(&["tls"]).map_or(&[][..], Datum::items).iter();
    let matches = routes
        .filter_map(|route| route.at(&["match"]))
        .flat_map(Datum::items);
    let mut names = matches.flat_map(|one| texts(one, "sniHosts"));
    names
        .find(|name| !hosts.is_empty() && !name.value.starts_with("outbound_") && !within(&name.value))
        .map(|name| name.span)
}

pub(super) fn retries_off(datum: &Datum) -> Option<Span> {
    let off = is(datum, "attempts", "0");
    let rest = ["perTryTimeout", "retryOn", "retryRemoteLocalities"];
    rest.iter().find_map(|name| key(datum, name)).filter(|_| off)
}

pub(super) fn retry_on(datum: &Datum) -> Option<Span> {
    let is_status = |word: &str| {
        word.parse::<u16>()
            .is_ok_and(|status| (100..=103).contains(&status) || (200..=511).contains(&status))
    };
    text_that(datum, |text| {
        let mut words = text.split(',').map(str::trim);
        !text.is_empty() && words.any(|word| !RETRY_ON.contains(&word) && !is_status(word))
    })
}

/// Names of a mapping, or texts of a list.
fn wrong_header(datum: &Datum, wrong: impl Fn(&str) -> bool) -> Option<Span> {
    let keys = datum.entries().iter().map(|entry| entry.key.clone());
    let mut all = keys.chain(datum.items().iter().filter_map(Datum::text));
    all.find(|name| wrong(&name.value)).map(|name| name.span)
}

pub(super) fn pseudo(datum: &Datum) -> Option<Span> {
    wrong_header(datum, |name| name.starts_with(':'))
}

/// The host may be set so.
pub(super) fn pseudo_but_authority(datum: &Datum) -> Option<Span> {
    wrong_header(datum, |name| name.starts_with(':') && name != ":authority")
}

pub(super) fn patch_value(datum: &Datum) -> Option<Span> {
    let patch = datum;
    let operation = patch.field_text("operation")?;
    let needs = !["REMOVE", "INVALID"].contains(&operation.value.as_str());
    (needs && said(patch, "value").is_none()).then_some(operation.span)
}

pub(super) fn patch_match(datum: &Datum) -> Option<Span> {
    let place = datum.field_text("applyTo")?;
    let wanted = match place.value.as_str() {
        "LISTENER" | "FILTER_CHAIN" | "NETWORK_FILTER" | "HTTP_FILTER" | "LISTENER_FILTER" => "listener",
        "ROUTE_CONFIGURATION" | "VIRTUAL_HOST" | "HTTP_ROUTE" => "routeConfiguration",
        "CLUSTER" => "cluster",
        _ => return None,
    };
    let one = datum.at(&["match"])?;
    let all = ["listener", "routeConfiguration", "cluster"];
    all.iter()
        .filter(|name| **name != wanted)
        .find_map(|name| key(one, name))
}
