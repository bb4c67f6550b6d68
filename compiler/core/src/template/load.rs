use std::collections::{BTreeMap, BTreeSet};

use super::engine::{self, Fault, Program};
use crate::World;
use crate::diag::{Diagnostic, FileId, Sink, Sources, Span, code};
use crate::spec::beside;
use crate::spec::decl::{FileDecl, Spec};

/// What `from=` of all files lead to.
pub(crate) struct Templates {
    /// By the place of `from=`: the path.
    named: BTreeMap<Span, String>,
    /// By path.
    read: BTreeMap<String, Template>,
}

/// A template with those that it includes, or a file that is taken as it is.
pub(super) struct Template {
    /// What it is called for those that it includes.
    pub(super) name: String,
    pub(super) program: Program,
    /// The files of it and of what it includes, by name.
    parts: BTreeMap<String, Part>,
}

struct Part {
    file: FileId,
    text: String,
}

/// Reads every file that `spec` names. One that cannot be read, or whose language is wrong, is told once.
pub(crate) fn load(spec: &Spec, world: &dyn World, sources: &mut Sources, sink: &mut Sink) -> Templates {
    let mut templates = Templates {
        named: BTreeMap::new(),
        read: BTreeMap::new(),
    };
    let mut failed = BTreeSet::new();
    let mut files = BTreeMap::new();
    let on_machines = spec.groups().flat_map(|(.., vms)| &vms.files);
    for decl in spec.files.iter().chain(on_machines) {
        let from = &decl.from;
        let by = sources.get(from.span.file);
        let path = beside(by.map_or("", |source| &source.path), &from.value);
        templates.named.insert(from.span, path.clone());
        if templates.read.contains_key(&path) || failed.contains(&path) {
            continue;
        }
        match template(&path, decl, world, sources, &mut files, sink) {
            Some(template) => {
                templates.read.insert(path, template);
            }
            None => {
                failed.insert(path);
            }
        }
    }
    templates
}

fn template(
    path: &str,
    decl: &FileDecl,
    world: &dyn World,
    sources: &mut Sources,
    files: &mut BTreeMap<String, FileId>,
    sink: &mut Sink,
) -> Option<Template> {
    let unreadable = |cause: &str| {
        let message = format!("{path} cannot be read: {cause}");
        Diagnostic::new(&code::UNREADABLE, decl.from.span, message)
            .help("files are named beside the file that names them")
    };
    let name = path.rsplit('/').next().unwrap_or(path).to_owned();
    let Some(language) = engine::Language::of_path(path) else {
        return match world.bytes(path) {
            Ok(bytes) => Some(Template {
                name,
                program: Program::Verbatim(bytes),
                parts: BTreeMap::new(),
            }),
            Err(cause) => {
                sink.push(unreadable(&cause));
                None
            }
        };
    };
    let text = match world.read(path) {
        Ok(text) => text,
        Err(cause) => {
            sink.push(unreadable(&cause));
            return None;
        }
    };
    let mut parts = BTreeMap::new();
    let mut open = engine::includes(&text);
    parts.insert(name.clone(), part(path, text, sources, files));
    while let Some(include) = open.pop() {
        if parts.contains_key(&include) {
            continue;
        }
        // One that is not there is told by the engine, which knows whether it may be missing.
        let path = beside(path, &include);
        if let Ok(text) = world.read(&path) {
            open.extend(engine::includes(&text));
            parts.insert(include, part(&path, text, sources, files));
        }
    }
    let texts = parts
        .iter()
        .map(|(name, part)| (name.as_str(), part.text.as_str()));
    let program = match Program::new(language, texts) {
        Ok(program) => program,
        Err(faults) => {
            let template = Template {
                name,
                program: Program::Verbatim(Vec::new()),
                parts,
            };
            for fault in faults {
                sink.push(super::told(&template, &fault, decl));
            }
            return None;
        }
    };
    Some(Template { name, program, parts })
}

fn part(path: &str, text: String, sources: &mut Sources, files: &mut BTreeMap<String, FileId>) -> Part {
    let file = *files
        .entry(path.to_owned())
        .or_insert_with(|| sources.add(path, text.as_str()));
    Part { file, text }
}

impl Templates {
    /// There are none.
    pub(super) fn is_empty(&self) -> bool {
        self.read.is_empty()
    }

    /// What `decl` leads to, if it could be read.
    pub(super) fn of(&self, decl: &FileDecl) -> Option<&Template> {
        self.read.get(self.named.get(&decl.from.span)?)
    }

    /// One of them may use `name`.
    pub(crate) fn mention(&self, name: &str) -> bool {
        self.read.values().any(|template| template.reads(name))
    }
}

/// What shows everything that a template could know.
const ALL: [&str; 2] = ["debug", "__tera_context"];

impl Template {
    /// It may use `name`. That a text only looks like it costs no more than an unshared file.
    pub(super) fn reads(&self, name: &str) -> bool {
        let has = |text: &str, word: &str| {
            let inner = |c: char| c.is_alphanumeric() || c == '_';
            text.match_indices(word)
                .any(|(at, _)| !text[..at].ends_with(inner) && !text[at + word.len()..].starts_with(inner))
        };
        self.parts
            .values()
            .any(|part| has(&part.text, name) || ALL.iter().any(|word| has(&part.text, word)))
    }

    /// Where in it `fault` is.
    pub(super) fn place(&self, fault: &Fault) -> Option<Span> {
        let part = self.parts.get(fault.part.as_ref()?)?;
        let text = &part.text;
        let (start, end) = match (&fault.range, fault.line) {
            (Some(range), _) if text.get(range.clone()).is_some() => (range.start, range.end),
            (_, Some(line)) => {
                let starts = text.split_inclusive('\n').map(str::len);
                let start: usize = starts.take(line.saturating_sub(1)).sum();
                let rest = text[start..].lines().next().unwrap_or_default();
                let lead = rest.len() - rest.trim_start().len();
                (start + lead, start + rest.trim_end().len().max(lead))
            }
            _ => (0, 0),
        };
        Some(Span {
            file: part.file,
            start,
            end,
        })
    }
    /// The whole path of what is not known: engines differ in whether they tell the last name alone.
    pub(super) fn widen(&self, fault: Fault) -> Fault {
        let part = fault.part.as_ref().and_then(|part| self.parts.get(part));
        let (Some(part), Some(range), Some(_)) = (part, &fault.range, &fault.unknown) else {
            return fault;
        };
        let Some(before) = part.text.get(..range.start) else {
            return fault;
        };
        let inner = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let start = before.trim_end_matches(inner).len();
        match part.text.get(start..range.end) {
            Some(path) => Fault {
                message: format!("`{path}` is not known"),
                range: Some(start..range.end),
                unknown: Some(path.to_owned()),
                ..fault
            },
            None => fault,
        }
    }
}
