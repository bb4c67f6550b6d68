use std::collections::{BTreeMap, BTreeSet};

use mesh_compiler::spec::schema::Kind;

use super::{Mention, Part};

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// The namespace that it is in; empty outside of namespaces.
    pub namespace: String,
    /// Of subsets and ports: the service.
    pub service: String,
    /// Its name.
    pub name: String,
}

/// A name at its place.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'a> {
    /// Which of the files.
    pub file: usize,
    /// What is written there.
    pub mention: &'a Mention,
}

/// The names of several files, which are one spec.
#[derive(Debug, Default)]
pub struct Names<'a> {
    spots: Vec<(Key, Spot<'a>)>,
    declared: BTreeSet<Key>,
}

impl<'a> Names<'a> {
    /// The names that each of the files mentions.
    pub fn of(files: impl IntoIterator<Item = &'a [Mention]>) -> Self {
        let spots: Vec<Spot<'a>> = files
            .into_iter()
            .enumerate()
            .flat_map(|(file, mentions)| mentions.iter().map(move |mention| Spot { file, mention }))
            .collect();
        let declared = spots.iter().filter(|spot| declares(spot.mention));
        let mut names = Self {
            declared: declared
                .filter(|spot| spot.mention.part != Part::Implied)
                .map(|spot| plain(spot.mention))
                .collect(),
            spots: Vec::new(),
        };
        names.spots = spots
            .into_iter()
            .map(|spot| (names.key(spot.mention), spot))
            .collect();
        names
    }

    /// What a mention leads to. Whoever has an identity is a service, a group, a machine or an account; a group without a name of its
    /// own is its service.
    fn key(&self, mention: &Mention) -> Key {
        let own = plain(mention);
        let subset = Key {
            kind: Kind::Subset,
            ..own.clone()
        };
        let as_kind = |kind| Key {
            kind,
            service: String::new(),
            ..own.clone()
        };
        let service = as_kind(Kind::Service);
        let group = as_kind(Kind::Group);
        match mention.kind {
            Kind::Group if mention.part == Part::Implied || !self.declared.contains(&group) => service,
            Kind::Target if self.declared.contains(&subset) => subset,
            Kind::Caller | Kind::Target if self.declared.contains(&service) => service,
            Kind::Caller | Kind::Target if self.declared.contains(&group) => group,
            Kind::Caller | Kind::Target if self.declared.contains(&as_kind(Kind::Machine)) => {
                as_kind(Kind::Machine)
            }
            Kind::Caller => as_kind(Kind::Account),
            _ => own,
        }
    }

    /// The name at byte `at` of a file, and what it leads to.
    pub fn at(&self, file: usize, at: usize) -> Option<(&Key, Spot<'a>)> {
        let here = |spot: &Spot<'_>| {
            spot.file == file && spot.mention.place.touches(at) && spot.mention.part != Part::Implied
        };
        let found = self.spots.iter().filter(|(_, spot)| here(spot));
        // Of two that touch, the later one begins here.
        let found = found.max_by_key(|(_, spot)| spot.mention.place.start);
        found.map(|(key, spot)| (key, *spot))
    }

    /// Where `key` is declared. What nobody declares is declared by all who use it, if that is how it comes to be.
    pub fn declarations(&self, key: &Key) -> Vec<Spot<'a>> {
        let all = self.mentions(key);
        let declared: Vec<_> = all
            .iter()
            .copied()
            .filter(|spot| declares(spot.mention))
            .collect();
        if declared.is_empty() && key.kind == Kind::Account {
            return all;
        }
        let written = declared.iter().any(|spot| spot.mention.part != Part::Implied);
        let shown = |spot: &Spot<'_>| !written || spot.mention.part != Part::Implied;
        declared.into_iter().filter(shown).collect()
    }

    /// Everywhere that `key` is written.
    pub fn mentions(&self, key: &Key) -> Vec<Spot<'a>> {
        let spots = self.spots.iter().filter(|(found, _)| found == key);
        spots.map(|(_, spot)| *spot).collect()
    }

    /// Somebody declares it.
    pub fn is_declared(&self, key: &Key) -> bool {
        self.declared.contains(key)
    }

    /// The names of `kind` that are declared, or used as if they were, in order, with the place that declares each first.
    pub fn all(&self, kind: Kind) -> BTreeMap<&Key, Spot<'a>> {
        let mut found = BTreeMap::new();
        for (key, spot) in &self.spots {
            let comes_to_be = declares(spot.mention) || spot.mention.kind == Kind::Account;
            // Of groups, those that have their service's name too.
            let is_it = key.kind == kind || spot.mention.kind == kind;
            if is_it && comes_to_be {
                found.entry(key).or_insert(*spot);
            }
        }
        found
    }

    /// Every declaration with what it declares.
    pub fn declared(&self) -> impl Iterator<Item = (&Key, Spot<'a>)> {
        let spots = self.spots.iter().filter(|(_, spot)| declares(spot.mention));
        spots
            .filter(|(_, spot)| spot.mention.part != Part::Implied)
            .map(|(key, spot)| (key, *spot))
    }
}

fn declares(mention: &Mention) -> bool {
    mention.whole.is_some()
}

fn plain(mention: &Mention) -> Key {
    Key {
        kind: mention.kind,
        namespace: mention.namespace.clone(),
        service: mention.service.clone(),
        name: mention.name.clone(),
    }
}
