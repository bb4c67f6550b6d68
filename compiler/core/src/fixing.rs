use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{self, Diagnostic, Edit, Severity, Sources, count};
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
/// A fix after which more would be wrong than before is left out, so that no text that could be read ends as one that
/// cannot.
pub fn fix(world: &dyn World, check: impl Fn(&dyn World) -> Found) -> Fixed {
    let mut overlay = Overlay {
        world,
        texts: BTreeMap::new(),
    };
    let mut fixed = Fixed::default();
    let mut refused: BTreeSet<Key> = BTreeSet::new();
    let mut found = check(&overlay);
    for _ in 0..ROUNDS {
        let wanted = wanted(&found, world, &overlay, &refused);
        if wanted.is_empty() {
            break;
        }
        if let Some((texts, after)) = attempt(&overlay, &wanted, &found, &check) {
            fixed.done.extend(wanted.into_iter().map(|one| one.done));
            overlay.texts = texts;
            found = after;
            continue;
        }
        // One of them does harm: one by one, which is that?
        let mut any = false;
        for one in wanted {
            match attempt(&overlay, std::slice::from_ref(&one), &found, &check) {
                Some((texts, after)) => {
                    fixed.done.push(one.done);
                    (overlay.texts, found, any) = (texts, after, true);
                    // Places behind it have moved.
                    break;
                }
                None => {
                    refused.insert(one.key());
                }
            }
        }
        if !any {
            break;
        }
    }
    fixed.files = overlay
        .texts
        .into_iter()
        .filter_map(|(path, after)| {
            let before = world.read(&path).ok()?;
            (before != after).then_some((path, Rewritten { before, after }))
        })
        .collect();
    fixed
}

/// A fix that may be done.
struct Wanted {
    done: Done,
    edits: Vec<(String, Edit)>,
}

type Key = (&'static str, String, String);

impl Wanted {
    fn key(&self) -> Key {
        (
            self.done.code.id,
            self.done.message.clone(),
            self.done.path.clone(),
        )
    }
}

/// The certain fixes of what was found that do not touch each other.
fn wanted(found: &Found, world: &dyn World, overlay: &Overlay<'_>, refused: &BTreeSet<Key>) -> Vec<Wanted> {
    let (diagnostics, sources) = found;
    let mut taken: Vec<(String, Edit)> = Vec::new();
    let mut all = Vec::new();
    for diagnostic in diagnostics {
        let Some(fix) = diagnostic.certain_fix() else {
            continue;
        };
        let named = |edit: &Edit| {
            let path = &sources.get(edit.span.file)?.path;
            // What the user did not write in a file (values of the command line) stays as it is.
            let written =
                world.read(path).is_ok() && overlay.read(path).ok()? == sources.get(edit.span.file)?.text;
            written.then(|| (path.clone(), edit.clone()))
        };
        let Some(edits) = fix.edits.iter().map(named).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let touches = |(path, edit): &(String, Edit)| {
            let same = |(other, before): &(String, Edit)| {
                let span = diag::Span {
                    file: edit.span.file,
                    ..before.span
                };
                other == path && span.overlaps(edit.span)
            };
            taken.iter().any(same)
        };
        let (path, place) = sources.place(diagnostic.primary.span);
        let one = Wanted {
            done: Done {
                code: diagnostic.code,
                path: path.to_owned(),
                line: place.line,
                message: diagnostic.message.clone(),
                title: fix.title.clone(),
            },
            edits,
        };
        if !one.edits.iter().any(touches) && !refused.contains(&one.key()) {
            taken.extend(one.edits.iter().cloned());
            all.push(one);
        }
    }
    all
}

/// The texts after these fixes and what is found in them; `None` if that is worse than what was found before.
fn attempt(
    overlay: &Overlay<'_>,
    wanted: &[Wanted],
    before: &Found,
    check: &impl Fn(&dyn World) -> Found,
) -> Option<(BTreeMap<String, String>, Found)> {
    let mut by_file: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    for (path, edit) in wanted.iter().flat_map(|one| &one.edits) {
        by_file.entry(path).or_default().push(edit);
    }
    let mut texts = overlay.texts.clone();
    for (path, edits) in by_file {
        let text = overlay.read(path).ok()?;
        texts.insert(path.to_owned(), diag::apply(&text, edits));
    }
    let after = check(&Overlay {
        world: overlay.world,
        texts: texts.clone(),
    });
    // A word that is understood now may have mistakes of its own in its braces: that is no harm. A text that is no
    // tree any more is, and so is a mistake that is still there.
    let unreadable = |found: &Found| {
        let hard = [&diag::code::SYNTAX, &diag::code::UNREADABLE];
        found.0.iter().filter(|one| hard.contains(&one.code)).count()
    };
    let still = wanted.iter().all(|one| {
        after
            .0
            .iter()
            .any(|found| found.code == one.done.code && found.message == one.done.message)
    });
    let worse = unreadable(&after) > unreadable(before)
        || count(&before.0, Severity::Error) == 0 && count(&after.0, Severity::Error) > 0
        || still;
    (!worse).then_some((texts, after))
}

/// The world with other texts in some of its files.
struct Overlay<'a> {
    world: &'a dyn World,
    texts: BTreeMap<String, String>,
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
