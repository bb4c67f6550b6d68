//! The differences that docs/conformance.md lists.

use std::fmt;

use crate::Seen;

/// What the two do otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    scene: String,
    what: String,
    envoy: String,
    ours: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scene,
            what,
            envoy,
            ours,
        } = self;
        write!(f, "| {scene} | {what} | {envoy} | {ours} | |")
    }
}

impl Difference {
    pub fn between(envoy: &Seen, ours: &Seen) -> Vec<Self> {
        let keys: std::collections::BTreeSet<_> = envoy.keys().chain(ours.keys()).collect();
        let told = |seen: &Seen, key| {
            seen.get(key)
                .map_or_else(|| "(none)".to_owned(), |value| cell(value))
        };
        keys.into_iter()
            .map(|key| Self {
                scene: key.0.clone(),
                what: key.1.clone(),
                envoy: told(envoy, key),
                ours: told(ours, key),
            })
            .filter(|one| one.envoy != one.ours)
            .collect()
    }
}

/// As it stands in a table.
fn cell(value: &str) -> String {
    let text: String = value.replace('|', "/").replace('\n', " ");
    let text = text.trim();
    if text.is_empty() {
        "(empty)".to_owned()
    } else {
        text.to_owned()
    }
}

/// Rows with a reason in their last column; one without is none.
pub fn listed() -> Vec<Difference> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance.md");
    let text = std::fs::read_to_string(file).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line
            .strip_prefix('|')?
            .strip_suffix('|')?
            .split('|')
            .map(str::trim)
            .collect();
        let [scene, what, envoy, ours, reason] = cells[..] else {
            return None;
        };
        (!reason.is_empty() && reason != "reason" && !scene.starts_with('-')).then(|| Difference {
            scene: scene.to_owned(),
            what: what.to_owned(),
            envoy: envoy.to_owned(),
            ours: ours.to_owned(),
        })
    };
    text.lines().filter_map(row).collect()
}
