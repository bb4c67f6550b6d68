pub(crate) mod raw;
mod understood;

use std::collections::BTreeMap;

use crate::diag::{
    Diagnostic, FileId, Language, Severity, Sink, Source, Sources, Span, Spanned, code, count,
};
use crate::host_files::{self, Given, Machine};
use crate::manifest::{self, Object, Unsaid, fields};
use crate::model::Mesh;
use crate::{Allowed, World, levels, parallel};

/// What is said about existing objects beside them.
#[derive(Clone, Debug, Default)]
pub struct ObjectOptions {
    /// The namespace of objects that name none; `default` if it is not said.
    pub namespace: Option<String>,
    /// The minor release of Istio 1 that they are for; the newest if it is not said.
    pub istio: Option<u32>,
}

/// What was found in existing objects.
#[derive(Debug)]
pub struct Checked {
    /// Everything that was found, ordered by place.
    pub diagnostics: Vec<Diagnostic>,
    /// What was found and the objects allow.
    pub allowed: Vec<Allowed>,
    /// The files that places lie in.
    pub sources: Sources,
    /// The objects, in the order of files and documents.
    pub objects: Vec<Object>,
    /// What they mean together, as far as the language says it; `None` where that has an error.
    pub mesh: Option<Mesh>,
    /// The objects that are no part of the mesh, by their places in the list, and why.
    pub unsaid: BTreeMap<usize, Unsaid>,
    /// What no object says and was taken for granted, in words.
    pub notes: Vec<String>,
}

impl Checked {
    /// A file could not be read.
    pub fn unreadable(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|found| found.code == &code::UNREADABLE)
    }

    /// Nothing is wrong.
    pub fn is_sound(&self) -> bool {
        count(&self.diagnostics, Severity::Error) == 0
    }
}

/// Whether a text in YAML or JSON holds objects of Kubernetes: a spec has neither of their keys. What is no YAML at
/// all may still be meant to hold some.
pub fn holds_objects(text: &str) -> bool {
    let first = text.trim_start().chars().next();
    if first == Some('{') {
        let keys = outer_keys(text);
        return keys.contains(&"apiVersion") && keys.contains(&"kind");
    }
    let has = |key: &str| {
        text.lines()
            .any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
    };
    has("kind") && (has("apiVersion") || has("metadata"))
}

/// The texts directly within the outermost braces of a JSON text: its keys, and values that are texts.
fn outer_keys(text: &str) -> Vec<&str> {
    let (mut found, mut depth, mut begun) = (Vec::new(), 0_usize, None);
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (byte, begun) {
            (b'\\', Some(_)) => drop(bytes.next()),
            (b'"', Some(start)) => {
                found.extend((depth == 1).then(|| text.get(start..at)).flatten());
                begun = None;
            }
            (b'"', None) => begun = Some(at + 1),
            (b'{' | b'[', None) => depth += 1,
            (b'}' | b']', None) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

/// Reads the objects in `files` and checks them, each by itself and all together. Every mistake is told in one run.
///
/// # Steps
/// 1. Read every document; a broken one leaves the others.
/// 2. Hold the fields against those of the kinds.
/// 3. Let the rules look at all objects together, and at the files of machines beside them.
/// 4. Say the objects in the words of the language, and let the rules of meshes look at what they mean.
pub fn check_objects(world: &dyn World, files: &[String], options: &ObjectOptions) -> Checked {
    let mut sources = Sources::default();
    let mut sink = Sink::default();
    let (mut texts, mut host_files) = (Vec::new(), Vec::new());
    for path in files {
        match world.read(path) {
            Ok(text) if let Some(kind) = host_files::Kind::of(path, &text) => {
                host_files.push((sources.add(path.as_str(), text), kind));
            }
            Ok(text) => {
                let language = Language::of_objects(path, &text);
                let file = sources.add(path.as_str(), text);
                sink.speak(file, language);
                texts.push((file, language));
            }
            Err(cause) => sink.push(unreadable(path, &cause, &mut sources)),
        }
    }
    let mut objects = read(&texts, &sources, options, &mut sink);
    let given = host_files.iter();
    let given: Vec<_> = given
        .filter_map(|(file, kind)| Given::of(&sources, *file, *kind))
        .collect();
    let machines = host_files::machines(&given, &mut sink);
    objects.extend(applied(&machines, &sources, options, &mut sink));
    // Most objects are right: what they come to is found out while the rules look at them.
    let mut own = sink.beside();
    let aside = || understood::Round::first(&objects, sink.all());
    let guess = parallel::both(aside, || {
        manifest::rules::check(&objects, &sources, &mut own);
        host_files::rules::check(&machines, &objects, options.istio, &mut own);
    });
    sink.take(own);
    let understood = understood::understand(&objects, sink.all(), guess.0);
    understood.found.into_iter().for_each(|found| sink.push(found));
    let mut levels = levels::of_objects(&objects, &mut sink);
    levels.apply(&mut sink);
    levels.unused(&mut sink);
    sink.settle(&sources);
    Checked {
        diagnostics: sink.finish(),
        allowed: levels.into_allowed(),
        sources,
        objects,
        mesh: understood.mesh,
        unsaid: understood.unsaid,
        notes: understood.notes,
    }
}

fn unreadable(path: &str, cause: &str, sources: &mut Sources) -> Diagnostic {
    let span = Span {
        file: sources.add(path, ""),
        start: 0,
        end: 0,
    };
    Diagnostic::new(&code::UNREADABLE, span, format!("{path} cannot be read: {cause}"))
        .help("is the path right?")
}

/// Reads all texts and looks at every object by itself, with all cores.
fn read(
    texts: &[(FileId, Language)],
    sources: &Sources,
    options: &ObjectOptions,
    sink: &mut Sink,
) -> Vec<Object> {
    let parts = parallel::chunks(texts, |part| {
        let mut own = Sink::default();
        let mut objects = Vec::new();
        for (file, language) in part {
            if let Some(source) = sources.get(*file) {
                objects.extend(read_one(source, *file, *language, options, &mut own));
            }
        }
        (objects, own)
    });
    let mut objects = Vec::new();
    for (found, own) in parts {
        objects.extend(found);
        sink.take_shifted(own, 0);
    }
    objects
}

fn read_one(
    source: &Source,
    file: FileId,
    language: Language,
    options: &ObjectOptions,
    sink: &mut Sink,
) -> Vec<Object> {
    let mut objects = manifest::read(&source.text, language, file, sink);
    objects
        .iter_mut()
        .for_each(|object| look(object, source, options, sink));
    objects
}

/// The objects that scripts apply.
fn applied(
    machines: &[Machine<'_>],
    sources: &Sources,
    options: &ObjectOptions,
    sink: &mut Sink,
) -> Vec<Object> {
    let mut objects = host_files::applied(machines, sink);
    for object in &mut objects {
        if let Some(source) = sources.get(object.span.file) {
            look(object, source, options, sink);
        }
    }
    objects
}

/// Looks at an object by itself.
fn look(object: &mut Object, source: &Source, options: &ObjectOptions, sink: &mut Sink) {
    let target = fields::Target {
        text: &source.text,
        istio: options.istio,
    };
    fields::check(object, target, sink);
    place(object, options);
}

/// Puts an object that names no namespace where it is applied.
fn place(object: &mut Object, options: &ObjectOptions) {
    if object.namespace.is_none() {
        object.namespace = options.namespace.as_ref().map(|namespace| Spanned {
            value: namespace.clone(),
            span: object.span,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_known_by_their_outermost_keys() {
        for objects in [
            "apiVersion: v1\nkind: Service\n",
            "# a\n---\nkind: WorkloadGroup\nmetadata:\n  name: a\n",
            "{\"kind\": \"List\", \"apiVersion\": \"v1\"}",
        ] {
            assert!(holds_objects(objects), "{objects}");
        }
        for others in [
            "mesh:\n  kind: a\n",
            "apiVersion: v2\nname: chart\n",
            "{\"listeners\": [{\"kind\": \"a\", \"apiVersion\": \"b\"}]}",
            "{\"a\": \"\\\"kind\"}",
            "",
        ] {
            assert!(!holds_objects(others), "{others}");
        }
    }
}
