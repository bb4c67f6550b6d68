use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::compile::structured;
use crate::diag::{Diagnostic, Severity, Sink, Span, count};
use crate::manifest::{self, Lifted, Object, Purpose, Unsaid};
use crate::model::Mesh;
use crate::rules::{self, told};

/// More rounds than kinds lean on each other.
const ROUNDS: usize = 16;

/// What objects mean together.
#[derive(Debug, Default)]
pub(super) struct Understood {
    /// The mesh; `None` where rules find an error in it.
    pub(super) mesh: Option<Mesh>,
    /// The objects that are no part of it, by their place in the list, and why.
    pub(super) unsaid: BTreeMap<usize, Unsaid>,
    /// What had to be taken for granted, in words.
    pub(super) notes: Vec<String>,
    /// What the rules found that make sense for objects.
    pub(super) found: Vec<Diagnostic>,
}

/// What objects come to without those that are left out.
#[derive(Debug)]
pub(super) struct Round {
    /// Those that are left out, by their places in the list, ordered.
    left: Vec<usize>,
    unsaid: Vec<(usize, Unsaid)>,
    notes: Vec<String>,
    mesh: Mesh,
    found: Vec<Diagnostic>,
}

impl Round {
    /// The first one, if nothing is found but `before`: it need not wait for what is found meanwhile.
    pub(super) fn first(objects: &[Object], before: &[Diagnostic]) -> Option<Self> {
        let whole = objects.first()?.span;
        let left = mistaken(objects, &Holders::of(objects), before);
        Some(Self::of(objects, left.into_keys().collect(), whole))
    }

    fn of(objects: &[Object], left: Vec<usize>, whole: Span) -> Self {
        let Lifted { nodes, unsaid, notes } = manifest::lift(objects, &left, Purpose::Check, whole);
        let mut sink = Sink::default();
        let (spec, mesh) = structured(nodes, whole, &mut sink);
        rules::check(&spec, &mesh, &mut sink);
        Self {
            left,
            unsaid,
            notes,
            mesh,
            found: sink.finish(),
        }
    }
}

/// Says the objects in the words of the language, and lets the rules of meshes look at that. What has a mistake of its
/// own stays out, so that it is told once; so does what only the language would take for one. `guess` is a round that
/// may be the first one.
///
/// # Steps
/// 1. Leave out what `before` says is wrong, and what a later object of the same name replaces.
/// 2. Lift the rest; leave out what does not come to a mesh, until all does.
/// 3. Tell what the rules find that make sense for objects.
pub(super) fn understand(objects: &[Object], before: &[Diagnostic], mut guess: Option<Round>) -> Understood {
    let Some(first) = objects.first() else {
        return Understood::default();
    };
    let holders = Holders::of(objects);
    let mut left = mistaken(objects, &holders, before);
    for _ in 0..ROUNDS {
        let out: Vec<usize> = left.keys().copied().collect();
        let Round {
            unsaid,
            notes,
            mesh,
            found,
            ..
        } = match guess.take() {
            Some(guess) if guess.left == out => guess,
            _ => Round::of(objects, out, first.span),
        };
        let known = left.len();
        for mistake in found.iter().filter(|found| is_of_the_language(found)) {
            let places = std::iter::once(&mistake.primary).chain(&mistake.labels);
            let mut at = places.filter_map(|label| holders.at(label.span));
            if let Some(at) = at.find(|at| !left.contains_key(at)) {
                left.insert(at, because("the language does not take it", mistake));
            }
        }
        if left.len() > known {
            continue;
        }
        left.extend(unsaid);
        let gaps: BTreeSet<usize> = left.keys().copied().collect();
        let sound = !found.iter().any(is_of_the_language);
        let told = found.into_iter().filter_map(|found| {
            let at = holders.at(found.primary.span)?;
            tell(found, objects.get(at)?, objects, &gaps)
        });
        let told: Vec<_> = told.filter(|found| !is_known(found, before)).collect();
        return Understood {
            mesh: (sound && count(&told, Severity::Error) == 0).then_some(mesh),
            unsaid: left,
            notes,
            found: told,
        };
    }
    Understood {
        unsaid: left,
        ..Understood::default()
    }
}

/// What is said cannot be said so: the mesh would lack it, or have it in one of two ways.
fn is_of_the_language(found: &Diagnostic) -> bool {
    found.severity == Severity::Error && found.code.area().is_some_and(|area| area.letter == 'L')
}

/// The same was found where the object itself was looked at.
fn is_known(found: &Diagnostic, before: &[Diagnostic]) -> bool {
    let (own, code) = (found.primary.span, found.code);
    before.iter().any(|other| {
        let other_span = other.primary.span;
        let meet = own.start < other_span.end && other_span.start < own.end;
        other.code == code && own.file == other_span.file && meet
    })
}

/// What a rule found in `holder`, in Istio's words, if it makes sense for objects as far as they are understood; `gaps`
/// are those that are not.
fn tell(
    found: Diagnostic,
    holder: &Object,
    objects: &[Object],
    gaps: &BTreeSet<usize>,
) -> Option<Diagnostic> {
    let told = told(&found)?;
    let met = told.needs.are_met(objects, gaps, holder.namespace());
    met.then(|| told.in_words_of_istio(found))
}

fn because(what: &str, mistake: &Diagnostic) -> Unsaid {
    Unsaid::new(format!("{what}: {}", mistake.message), mistake.primary.span)
}

/// What `before` says is wrong, and what a later object of the same name replaces.
fn mistaken(objects: &[Object], holders: &Holders, before: &[Diagnostic]) -> BTreeMap<usize, Unsaid> {
    let mut left = replaced(objects);
    for mistake in before.iter().filter(|found| found.severity == Severity::Error) {
        if let Some(at) = holders.at(mistake.primary.span) {
            left.insert(at, because("it has a mistake", mistake));
        }
    }
    left
}

/// Objects that a later one of the same name replaces.
fn replaced(objects: &[Object]) -> BTreeMap<usize, Unsaid> {
    let mut last = HashMap::new();
    let mut found = BTreeMap::new();
    for (at, object) in objects
        .iter()
        .enumerate()
        .filter(|(_, one)| !one.name.value.is_empty())
    {
        let name = (
            object.group(),
            &object.kind.value,
            object.namespace(),
            &object.name.value,
        );
        if let Some(before) = last.insert(name, at) {
            let why = "a later object of the same name replaces it";
            found.insert(before, Unsaid::new(why, objects[before].span));
        }
    }
    found
}

/// Which object a place lies in.
struct Holders(Vec<(Span, usize)>);

impl Holders {
    fn of(objects: &[Object]) -> Self {
        let spans = objects.iter().map(|object| object.body.span);
        let mut all: Vec<_> = spans.enumerate().map(|(at, span)| (span, at)).collect();
        all.sort_by_key(|(span, _)| (span.file, span.start));
        Self(all)
    }

    fn at(&self, span: Span) -> Option<usize> {
        let behind = self
            .0
            .partition_point(|(own, _)| (own.file, own.start) <= (span.file, span.start));
        let (own, at) = self.0.get(behind.checked_sub(1)?)?;
        (own.file == span.file && span.start < own.end).then_some(*at)
    }
}
