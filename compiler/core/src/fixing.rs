use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{self, Diagnostic, Edit, Severity, Sources, Span, code, count};
use crate::{Entry, World};

/// What putting right made of the files.
#[derive(Debug, Default)]
pub struct Fixed {
    /// The files that are another now, by their paths.
    pub files: BTreeMap<String, Rewritten>,
    /// What was put right, in the order in which it was.
    pub done: Vec<Done>,
}

/// A file before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// As the user wrote it.
    pub before: String,
    /// With everything put right.
    pub after: String,
}

/// A mistake that was put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The code of the mistake.
    pub code: &'static diag::Code,
    /// Its file.
    pub path: String,
    /// Its line in the file as it was then, from 1.
    pub line: usize,
    /// What was wrong.
    pub message: String,
    /// What was done.
    pub title: String,
}

/// Everything that a check found.
pub type Found = (Vec<Diagnostic>, Sources);

/// What is put right may show what lay behind it; a mistake is rarely deeper than this.
const ROUNDS: usize = 16;

/// Does every fix that is certain, checks again, and goes on until there is none. `check` looks at the files of the
/// world that it is given; nothing is written.
///
/// A fix that does not help, or after which less can be read than before, is left out.
pub fn fix(world: &dyn World, check: impl Fn(&dyn World) -> Found) -> Fixed {
    let mut state = State {
        found: check(world),
        overlay: Overlay {
            world,
            texts: BTreeMap::new(),
        },
        refused: BTreeSet::new(),
    };
    let mut done = Vec::new();
    for _ in 0..ROUNDS {
        let wanted = state.wanted();
        if wanted.is_empty() {
            break;
        }
        let round = match state.attempt(&wanted, &check) {
            true => wanted,
            // One of them does harm: the first that does none is done, and the others in the next round.
            false => state.first_of(wanted, &check),
        };
        if round.is_empty() {
            break;
        }
        done.extend(round.into_iter().map(|one| one.done));
    }
    Fixed {
        files: state.overlay.rewritten(),
        done,
    }
}

/// A fix that may be done, with the files of its edits.
struct Wanted {
    done: Done,
    edits: Vec<(String, Edit)>,
}

type Key = (&'static str, String, String);

impl Wanted {
    fn key(&self) -> Key {
        let Done {
            code, message, path, ..
        } = &self.done;
        (code.id, message.clone(), path.clone())
    }

    fn touches(&self, taken: &[(String, Edit)]) -> bool {
        self.edits.iter().any(|(path, edit)| {
            // One file that is read twice has two numbers and one path.
            let span = |other: &Edit| Span {
                file: edit.span.file,
                ..other.span
            };
            taken
                .iter()
                .any(|(other, before)| other == path && span(before).overlaps(edit.span))
        })
    }

    /// How often it is in `found`: one mistake may be made in several places.
    fn times_in(&self, found: &[Diagnostic]) -> usize {
        let same = |found: &&Diagnostic| found.code == self.done.code && found.message == self.done.message;
        found.iter().filter(same).count()
    }
}

/// How far it is.
struct State<'a> {
    overlay: Overlay<'a>,
    found: Found,
    refused: BTreeSet<Key>,
}

impl State<'_> {
    /// The certain fixes of what is found now that do not touch each other.
    fn wanted(&self) -> Vec<Wanted> {
        let mut taken = Vec::new();
        let mut all = Vec::new();
        for one in self.found.0.iter().filter_map(|found| self.certain(found)) {
            if !one.touches(&taken) && !self.refused.contains(&one.key()) {
                taken.extend(one.edits.iter().cloned());
                all.push(one);
            }
        }
        all
    }

    fn certain(&self, found: &Diagnostic) -> Option<Wanted> {
        let fix = found.certain_fix()?;
        let sources = &self.found.1;
        let in_file = |edit: &Edit| {
            let source = sources.get(edit.span.file)?;
            // What is written in no file (values of the command line) stays as it is.
            let written = self.overlay.read(&source.path).ok()? == source.text;
            written.then(|| (source.path.clone(), edit.clone()))
        };
        let (path, place) = sources.place(found.primary.span);
        Some(Wanted {
            edits: fix.edits.iter().map(in_file).collect::<Option<_>>()?,
            done: Done {
                code: found.code,
                path: path.to_owned(),
                line: place.line,
                message: found.message.clone(),
                title: fix.title.clone(),
            },
        })
    }

    /// Does all of these, unless that makes it worse.
    fn attempt(&mut self, wanted: &[Wanted], check: &impl Fn(&dyn World) -> Found) -> bool {
        let mut by_file: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
        for (path, edit) in wanted.iter().flat_map(|one| &one.edits) {
            by_file.entry(path).or_default().push(edit);
        }
        let mut texts = self.overlay.texts.clone();
        for (path, edits) in by_file {
            let Ok(text) = self.overlay.read(path) else {
                return false;
            };
            texts.insert(path.to_owned(), diag::apply(&text, edits));
        }
        let overlay = Overlay {
            world: self.overlay.world,
            texts,
        };
        let after = check(&overlay);
        // A word that is understood now may have mistakes in its braces: that is no harm.
        let broke = count(&self.found.0, Severity::Error) == 0 && count(&after.0, Severity::Error) > 0;
        let still = wanted
            .iter()
            .any(|one| one.times_in(&after.0) >= one.times_in(&self.found.0));
        if broke || still || unreadable(&after.0) > unreadable(&self.found.0) {
            return false;
        }
        (self.overlay, self.found) = (overlay, after);
        true
    }

    /// The first of these that can be done by itself; those before it are refused.
    fn first_of(&mut self, wanted: Vec<Wanted>, check: &impl Fn(&dyn World) -> Found) -> Vec<Wanted> {
        for one in wanted {
            if self.attempt(std::slice::from_ref(&one), check) {
                return vec![one];
            }
            self.refused.insert(one.key());
        }
        Vec::new()
    }
}

/// How much is no tree at all.
fn unreadable(found: &[Diagnostic]) -> usize {
    let hard = [&code::SYNTAX, &code::UNREADABLE];
    found.iter().filter(|one| hard.contains(&one.code)).count()
}

/// The world with other texts in some of its files.
struct Overlay<'a> {
    world: &'a dyn World,
    texts: BTreeMap<String, String>,
}

impl Overlay<'_> {
    fn rewritten(self) -> BTreeMap<String, Rewritten> {
        let rewritten = |(path, after): (String, String)| {
            let before = self.world.read(&path).ok()?;
            (before != after).then_some((path, Rewritten { before, after }))
        };
        self.texts.into_iter().filter_map(rewritten).collect()
    }
}

impl World for Overlay<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        match self.texts.get(path) {
            Some(text) => Ok(text.clone()),
            None => self.world.read(path),
        }
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        match self.texts.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => self.world.bytes(path),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        self.world.list(folder)
    }
}
