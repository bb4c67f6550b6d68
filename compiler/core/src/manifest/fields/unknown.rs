//! Fields that a kind does not have at their place.

use super::nearby::{self, Place};
use super::table::Fields;
use super::walk::Walk;
use crate::diag::{Diagnostic, Fix, code, did_you_mean, list};
use crate::syntax::Entry;

/// Names that are often written for others: where, what is written, what is meant.
const OFTEN: &[(&str, &str, &str)] = &[
    ("tcp", "keepAlive", "tcpKeepalive"),
    ("tcp", "keepalive", "tcpKeepalive"),
    ("http", "maxRetry", "maxRetries"),
    ("http", "maxPendingRequests", "http1MaxPendingRequests"),
    ("http", "maxRequests", "http2MaxRequests"),
    ("outlierDetection", "consecutive5xx", "consecutive5xxErrors"),
    (
        "outlierDetection",
        "consecutiveGatewayFailure",
        "consecutiveGatewayErrors",
    ),
    ("route", "percentage", "weight"),
    ("source", "serviceAccount", "serviceAccounts"),
    ("mtls", "strict", "mode"),
];

/// Says what is meant, where that is to be seen.
pub(super) fn tell<'a>(walk: &mut Walk<'a, '_>, entry: &'a Entry, fields: &Fields) {
    let name = entry.key.value.as_str();
    let around = walk.path.iter().rev().nth(1).copied();
    let owner = around.map_or_else(|| format!("a {}", walk.kind.kind), |around| format!("`{around}`"));
    let known = || fields.by_name.keys().copied();
    let plain = |name: &str| name.to_lowercase().replace(['_', '-'], "");
    let often = OFTEN
        .iter()
        .find(|(of, written, _)| around == Some(of) && *written == name);
    let meant = often
        .map(|(_, _, meant)| *meant)
        .filter(|meant| fields.by_name.contains_key(meant));
    let same = meant.or_else(|| known().find(|other| plain(other) == plain(name)));
    let slip = || known().find(|other| name.len() > 4 && strsim::damerau_levenshtein(name, other) <= 2);
    let found = |code, message: String| Diagnostic::new(code, entry.key.span, message);
    if let Some(near) = same.or_else(slip) {
        let message = format!("{owner} has no field `{name}`");
        walk.sink.push(
            found(&code::FIELD_NAME, message)
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`"))
                .fix(Fix::rename(entry.key.span, name, near)),
        );
        return;
    }
    if let Some(place) = nearby::find(walk, name) {
        walk.sink.push(misplaced(walk, entry, &owner, &place));
        return;
    }
    let message = format!("{owner} has no field `{name}`");
    let diagnostic = match did_you_mean(name, known()) {
        Some(near) => found(&code::FIELD_NAME, message)
            .here(format!("did you mean `{near}`?"))
            .help(format!(
                "write `{near}`; there are {}",
                list(known()).replace(" or ", " and ")
            )),
        None => found(&code::FIELD_NAME, message)
            .help(format!("it has {}", list(known()).replace(" or ", " and "))),
    };
    walk.sink.push(diagnostic);
}

fn misplaced(walk: &Walk<'_, '_>, entry: &Entry, owner: &str, place: &Place) -> Diagnostic {
    let name = &entry.key.value;
    let home = place.path.last().map_or_else(
        || format!("the {} itself", walk.kind.kind),
        |home| format!("`{home}`"),
    );
    let message = format!("`{name}` stands in {owner}, and belongs to {home}");
    let diagnostic = Diagnostic::new(&code::OUTLIER_NESTING, entry.key.span, message);
    let path = place.path.join(".");
    match place.written {
        Some(span) => diagnostic
            .label(span, "it belongs in here")
            .help(format!("move it to `{path}`")),
        None if place.path.is_empty() => {
            diagnostic.help("move it to the beginning of the line, beside `kind`")
        }
        None => diagnostic.help(format!("move it to `{path}.{name}`")),
    }
}
