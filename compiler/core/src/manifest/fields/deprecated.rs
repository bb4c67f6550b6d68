//! Fields and values that Istio gives up.

use super::walk::Walk;
use crate::diag::{Code, Diagnostic, Fix, Span, code};
use crate::syntax::{Entry, Scalar};

/// What is given up: in what it stands, what it is called, since which minor release of Istio 1, what to write.
struct Old {
    within: &'static str,
    name: &'static str,
    since: u32,
    instead: &'static str,
    code: &'static Code,
}

const FIELDS: &[Old] = &[
    Old {
        within: "outlierDetection",
        name: "consecutiveErrors",
        since: 5,
        instead: "consecutive5xxErrors",
        code: &code::OUTLIER_DEPRECATED,
    },
    Old {
        within: "loadBalancer",
        name: "warmupDurationSecs",
        since: 25,
        instead: "warmup: {duration: …}",
        code: &code::FIELD_DEPRECATED,
    },
    Old {
        within: "consistentHash",
        name: "minimumRingSize",
        since: 15,
        instead: "ringHash: {minimumRingSize: …}",
        code: &code::FIELD_DEPRECATED,
    },
    Old {
        within: "corsPolicy",
        name: "allowOrigin",
        since: 6,
        instead: "allowOrigins",
        code: &code::FIELD_DEPRECATED,
    },
    Old {
        within: "delay",
        name: "percent",
        since: 0,
        instead: "percentage: {value: …}",
        code: &code::FIELD_DEPRECATED,
    },
    Old {
        within: "http",
        name: "mirrorPercent",
        since: 3,
        instead: "mirrorPercentage: {value: …}",
        code: &code::FIELD_DEPRECATED,
    },
    Old {
        within: "http",
        name: "mirror_percent",
        since: 3,
        instead: "mirrorPercentage: {value: …}",
        code: &code::FIELD_DEPRECATED,
    },
];

const VALUES: &[Old] = &[Old {
    within: "simple",
    name: "LEAST_CONN",
    since: 14,
    instead: "LEAST_REQUEST",
    code: &code::LB_DEPRECATED,
}];

fn is_old(old: &Old, within: &str, name: &str, release: Option<u32>) -> bool {
    old.within == within && old.name == name && release.is_none_or(|release| release >= old.since)
}

/// Says if a field is given up.
pub(super) fn field(walk: &mut Walk<'_, '_>, entry: &Entry) {
    let within = walk.path.iter().rev().nth(1).copied().unwrap_or_default();
    tell(walk, FIELDS, within, &entry.key.value, entry.key.span);
}

/// Says if a value is given up.
pub(super) fn value(walk: &mut Walk<'_, '_>, scalar: &Scalar, span: Span) {
    let within = walk.path.last().copied().unwrap_or_default();
    if let Scalar::Text(text) = scalar {
        tell(walk, VALUES, within, text, span);
    }
}

fn tell(walk: &mut Walk<'_, '_>, table: &[Old], within: &str, name: &str, span: Span) {
    if !walk.kind.group.ends_with("istio.io") {
        return;
    }
    let Some(old) = table
        .iter()
        .find(|old| is_old(old, within, name, walk.target.istio))
    else {
        return;
    };
    let message = format!("`{name}` is deprecated");
    // Where the name alone is new, it can be put right by itself; a value that only has another name, for certain.
    let renamed = !old.instead.contains(':');
    let same = old.code == &code::LB_DEPRECATED;
    walk.sink.push(
        Diagnostic::new(old.code, span, message)
            .help(format!("write `{}`", old.instead))
            .fix(renamed.then(|| match Fix::rename(span, name, old.instead) {
                fix if same => fix,
                fix => fix.offered(),
            })),
    );
}
