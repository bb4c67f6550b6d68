//! What labels select, and what selects by labels, found without a look at all others.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::index::{Labels, has};

/// Things with labels.
#[derive(Debug)]
pub(super) struct Labelled<T> {
    all: Vec<(Labels, T)>,
    /// Places in the list, by the hash of every label.
    by_label: HashMap<u64, Vec<usize>>,
}

impl<T> Default for Labelled<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            by_label: HashMap::new(),
        }
    }
}

impl<T> Labelled<T> {
    pub(super) fn push(&mut self, labels: Labels, value: T) {
        for label in &labels {
            self.by_label.entry(hash(label)).or_default().push(self.all.len());
        }
        self.all.push((labels, value));
    }

    /// Those that `selector` asks for, in the order in which they were put; an empty one asks for none.
    pub(super) fn selected<'a>(&'a self, selector: &'a Labels) -> impl Iterator<Item = &'a T> {
        let having = selector
            .iter()
            .map(|label| self.by_label.get(&hash(label)).map_or(&[][..], Vec::as_slice));
        let fewest = having.min_by_key(|some| some.len()).unwrap_or_default();
        let own = fewest.iter().filter_map(|at| self.all.get(*at));
        own.filter(|(labels, _)| has(labels, selector))
            .map(|(_, value)| value)
    }
}

/// Names of what selects by labels.
#[derive(Debug, Default)]
pub(super) struct Selectors(HashMap<u64, Vec<(String, Labels)>>);

impl Selectors {
    /// `name` asks for `selector`; one that is empty asks for nothing.
    pub(super) fn add(&mut self, name: &str, selector: &Labels) {
        if let Some(first) = selector.iter().next() {
            let of_first = self.0.entry(hash(first)).or_default();
            of_first.push((name.to_owned(), selector.clone()));
        }
    }

    /// The first name, of those that ask for exactly these labels.
    pub(super) fn exactly(&self, labels: &Labels) -> Option<&str> {
        let of_first = self.0.get(&hash(labels.iter().next()?))?;
        let same = of_first.iter().filter(|(_, selector)| selector == labels);
        same.map(|(name, _)| name.as_str()).min()
    }

    /// Those that ask for things with these labels, ordered.
    pub(super) fn asking(&self, labels: &Labels) -> Vec<&str> {
        let of_first = labels.iter().filter_map(|label| self.0.get(&hash(label)));
        let asking = of_first.flatten().filter(|(_, selector)| has(labels, selector));
        let mut names: Vec<&str> = asking.map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        // Two labels may have one hash.
        names.dedup();
        names
    }
}

fn hash(label: (&String, &String)) -> u64 {
    let mut hasher = DefaultHasher::new();
    label.hash(&mut hasher);
    hasher.finish()
}
