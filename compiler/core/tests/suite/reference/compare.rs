use std::collections::BTreeSet;

use super::facts::Facts;

/// A difference that is known: lines that differ, or that one side alone has.
pub(crate) struct Deviation {
    path: &'static str,
    why: &'static str,
}

impl Deviation {
    pub(crate) const fn differs(path: &'static str, why: &'static str) -> Self {
        Self { path, why }
    }

    fn text(&self) -> String {
        format!("{}, since {}", self.path, self.why)
    }
}

/// Fails with all differences that `deviations` do not explain, and with all deviations that explain nothing.
pub(crate) fn compare(theirs: &Facts, ours: &Facts, deviations: &[Deviation]) {
    assert!(!theirs.is_empty() && !ours.is_empty());
    let mut used = BTreeSet::new();
    let paths: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let mut unexplained = Vec::new();
    for path in paths {
        let (istiod, meshc) = (theirs.get(path), ours.get(path));
        if istiod == meshc {
            continue;
        }
        match deviations.iter().position(|deviation| explains(deviation, path)) {
            Some(index) => _ = used.insert(index),
            None => unexplained.push(format!("{path}\n    istiod: {istiod:?}\n    meshc:  {meshc:?}")),
        }
    }
    for (index, deviation) in deviations.iter().enumerate() {
        if !used.contains(&index) {
            unexplained.push(format!(
                "no difference needs this deviation any more: {}",
                deviation.text()
            ));
        }
    }
    assert!(
        unexplained.is_empty(),
        "{} differences:\n  {}",
        unexplained.len(),
        unexplained.join("\n  ")
    );
}

fn explains(deviation: &Deviation, path: &str) -> bool {
    match deviation.path.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == deviation.path,
    }
}
