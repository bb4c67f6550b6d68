//! A spec of several files: each `include` brings the nodes of other files, as if they stood in this one.

use std::collections::BTreeSet;

use super::{files, kind, parse};
use crate::World;
use crate::diag::{Diagnostic, FileId, Language, Sink, Sources, Span, code};
use crate::syntax::{Node, Scalar, Value};

/// Files that lead to a file, each included by the one before: links between folders give a file ever new paths.
const DEEPEST: usize = 32;

/// Files of one spec: two links that lead in circles make more of them than anybody can read.
const MOST: usize = 10_000;

/// The nodes of all files.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// In the order of the files; `include`s are still there.
    pub(crate) nodes: Vec<Node>,
    /// The first line of the first file: what a spec lacks is said there.
    pub(crate) whole: Span,
}

/// Reads the spec at `path` and all that it includes. A file that cannot be read, or is no tree at all, ends it
/// once the other files have been looked at: what is missing then is no mistake of the user's.
pub(crate) fn load(world: &dyn World, path: &str, sources: &mut Sources, sink: &mut Sink) -> Option<Loaded> {
    let mut loader = Loader {
        world,
        sources,
        sink,
        seen: BTreeSet::new(),
        open: Vec::new(),
        nodes: Vec::new(),
        whole: true,
        endless: false,
    };
    let file = loader.first(path)?;
    let text = &loader.sources.get(file)?.text;
    let whole = Span {
        file,
        start: 0,
        end: text.find('\n').unwrap_or(text.len()),
    };
    let nodes = loader.nodes;
    loader.whole.then_some(Loaded { nodes, whole })
}

struct Loader<'a> {
    world: &'a dyn World,
    sources: &'a mut Sources,
    sink: &'a mut Sink,
    /// Files that were read: one that several files include is there once.
    seen: BTreeSet<String>,
    /// The file that is read now, and those that led to it, with the place of the `include`.
    open: Vec<(String, Option<Span>)>,
    nodes: Vec<Node>,
    whole: bool,
    /// It was said that this does not end.
    endless: bool,
}

impl Loader<'_> {
    fn first(&mut self, path: &str) -> Option<FileId> {
        match self.world.read(path) {
            Ok(text) if text.trim().is_empty() => {
                let file = self.sources.add(path, "");
                let start = Span {
                    file,
                    start: 0,
                    end: 0,
                };
                self.sink.speak(file, Language::of_path(path));
                let found = Diagnostic::new(&code::MISSING, start, format!("{path} is empty"));
                self.sink
                    .push(found.help("a spec begins with `mesh NAME`; `meshc init` writes a first one"));
                None
            }
            Ok(text) => {
                let file = self.file(path, &text, None);
                let broken = self
                    .sink
                    .all()
                    .iter()
                    .any(|found| found.primary.span.file == file && found.code == &code::SYNTAX);
                if let (true, Some(kind)) = (broken, kind::of(path)) {
                    self.sink.retain(|found| found.primary.span.file != file);
                    self.sink.push(kind::told(path, kind, file));
                    self.whole = false;
                }
                Some(file)
            }
            Err(cause) => {
                let file = self.sources.add(path, "");
                let start = Span {
                    file,
                    start: 0,
                    end: 0,
                };
                self.sink.push(
                    Diagnostic::new(
                        &code::UNREADABLE,
                        start,
                        format!("{path} cannot be read: {cause}"),
                    )
                    .help("name a spec, or a folder with a `spec.kdl`, `spec.yaml` or `spec.json` in it"),
                );
                None
            }
        }
    }

    fn file(&mut self, path: &str, text: &str, by: Option<Span>) -> FileId {
        let file = self.sources.add(path, text);
        let plain = files::beside("", path);
        self.seen.insert(plain.clone());
        self.open.push((plain, by));
        match parse(text, Language::of_path(path), file, self.sink) {
            Some(nodes) => nodes.into_iter().for_each(|node| self.node(node, path)),
            None => self.whole = false,
        }
        self.open.pop();
        file
    }

    fn node(&mut self, node: Node, path: &str) {
        let include = node.name.value == "include";
        let at = self.nodes.len();
        self.nodes.push(node);
        if include {
            let named = self.nodes[at].args.clone();
            named.iter().for_each(|value| self.named(value, path));
        }
    }

    /// One argument of an `include`; what is no text is said when the nodes are checked.
    fn named(&mut self, value: &Value, by: &str) {
        let Scalar::Text(named) = &value.scalar else {
            return;
        };
        match files::find(self.world, by, named) {
            // A pattern that fits its own file means the others.
            Ok(mut paths) => {
                let own = files::beside("", by);
                paths.retain(|path| !(files::is_pattern(named) && *path == own));
                paths.iter().for_each(|path| self.include(path, value.span));
            }
            Err(cause) => self.missing(named, &cause, value.span),
        }
    }

    fn include(&mut self, path: &str, place: Span) {
        if let Some(at) = self.open.iter().position(|(open, _)| open == path) {
            self.cycle(path, at, place);
            return;
        }
        if self.seen.contains(path) {
            return;
        }
        if self.endless || self.open.len() == DEEPEST || self.seen.len() == MOST {
            self.endless(path, place);
            return;
        }
        match self.world.read(path) {
            Ok(text) => {
                self.file(path, &text, Some(place));
            }
            Err(cause) => self.missing(path, &cause, place),
        }
    }

    fn cycle(&mut self, path: &str, at: usize, place: Span) {
        let through: Vec<_> = self.open[at + 1..].iter().collect();
        let way = match through.as_slice() {
            [] => String::new(),
            files => {
                let names: Vec<_> = files.iter().map(|(path, _)| format!("`{path}`")).collect();
                format!(" through {}", names.join(", "))
            }
        };
        let mut found = Diagnostic::new(
            &code::INCLUDE_CYCLE,
            place,
            format!("`{path}` includes itself{way}"),
        )
        .here("and so on for ever")
        .help("take one of the includes out: a file that is included once is there for all");
        for (path, by) in through {
            if let Some(by) = by {
                found = found.label(*by, format!("`{path}` is included here"));
            }
        }
        self.sink.push(found);
    }

    /// Said once: what leads here leads to the same over and over.
    fn endless(&mut self, path: &str, place: Span) {
        self.whole = false;
        if std::mem::replace(&mut self.endless, true) {
            return;
        }
        let message = if self.open.len() == DEEPEST {
            format!("`{path}` is included through {DEEPEST} files, one by the other")
        } else {
            format!("a spec has {MOST} files at most, and this is one more")
        };
        let mut found = Diagnostic::new(&code::INCLUDE_CYCLE, place, message)
            .here("this seems to go on for ever")
            .help("a link may lead back to its own folder: include the files by the paths that they really have");
        if let Some((first, Some(by))) = self.open.get(1) {
            found = found.label(*by, format!("`{first}` is included here first"));
        }
        self.sink.push(found);
    }

    fn missing(&mut self, named: &str, cause: &str, place: Span) {
        self.whole = false;
        let help = if named.contains('$') {
            "write the name out: files are included before parameters have values"
        } else {
            "files are named beside the file that includes them"
        };
        self.sink.push(
            Diagnostic::new(
                &code::UNREADABLE,
                place,
                format!("{named} cannot be read: {cause}"),
            )
            .help(help),
        );
    }
}
