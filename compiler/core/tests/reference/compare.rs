use std::collections::BTreeSet;

use super::facts::Facts;

/// A difference that is known.
pub(crate) enum Deviation {
    /// Lines that differ, or that one side alone has.
    Differs { path: &'static str, why: &'static str },
    /// A name on istiod's side that is another on ours. What is behind it is compared.
    Renamed {
        theirs: &'static str,
        ours: &'static str,
        why: &'static str,
    },
}

impl Deviation {
    pub(crate) const fn differs(path: &'static str, why: &'static str) -> Self {
        Self::Differs { path, why }
    }

    fn text(&self) -> String {
        match self {
            Self::Differs { path, why } => format!("{path}, since {why}"),
            Self::Renamed { theirs, ours, why } => format!("{theirs} -> {ours}, since {why}"),
        }
    }

    pub(crate) const fn renamed(theirs: &'static str, ours: &'static str, why: &'static str) -> Self {
        Self::Renamed { theirs, ours, why }
    }
}

/// Fails with all differences that `deviations` do not explain, and with all deviations that explain nothing.
pub(crate) fn compare(theirs: &Facts, ours: &Facts, deviations: &[Deviation]) {
    assert!(!theirs.is_empty() && !ours.is_empty());
    let mut used = BTreeSet::new();
    let theirs = renamed(theirs, deviations, &mut used);
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
    match deviation {
        Deviation::Differs { path: pattern, .. } => match pattern.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == *pattern,
        },
        Deviation::Renamed { .. } => false,
    }
}

fn renamed(theirs: &Facts, deviations: &[Deviation], used: &mut BTreeSet<usize>) -> Facts {
    let mut all = theirs.clone();
    for (index, deviation) in deviations.iter().enumerate() {
        if let Deviation::Renamed { theirs, ours, .. } = deviation {
            let before = all.clone();
            let swap = |text: String| text.replace(theirs, ours);
            all = all
                .into_iter()
                .map(|(path, value)| (swap(path), swap(value)))
                .collect();
            if all != before {
                used.insert(index);
            }
        }
    }
    all
}
