use crate::World;
use crate::diag::{Diagnostic, Language, Severity, Sink, Sources, Spanned, code, count};
use crate::manifest::{self, Object};
use crate::model::Mesh;

/// What is said about existing objects beside them.
#[derive(Clone, Debug, Default)]
pub struct ObjectOptions {
    /// The namespace of objects that name none; `default` if it is not said.
    pub namespace: Option<String>,
    /// The Istio that they are for, such as `1.31`.
    pub istio_version: Option<String>,
}

/// What was found in existing objects.
#[derive(Debug)]
pub struct Checked {
    /// Everything that was found, ordered by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that places lie in.
    pub sources: Sources,
    /// The objects, in the order of files and documents.
    pub objects: Vec<Object>,
    /// What they mean together; `None` where there is an error.
    pub mesh: Option<Mesh>,
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

/// Reads the objects in `files` and checks them, each by itself and all together. Every mistake is told in one run.
///
/// # Steps
/// 1. Read every document; a broken one leaves the others.
/// 2. Hold the fields against those of the kinds.
/// 3. Let the rules look at all objects together.
pub fn check_objects(world: &dyn World, files: &[String], options: &ObjectOptions) -> Checked {
    let mut sources = Sources::default();
    let mut sink = Sink::default();
    let mut objects = Vec::new();
    for path in files {
        match world.read(path) {
            Ok(text) => {
                let language = Language::of_objects(path, &text);
                let file = sources.add(path.as_str(), text.as_str());
                let mut found = manifest::read(&text, language, file, &mut sink);
                found.iter_mut().for_each(|object| place(object, options));
                objects.extend(found);
            }
            Err(cause) => {
                let file = sources.add(path.as_str(), "");
                let message = format!("{path} cannot be read: {cause}");
                let span = crate::diag::Span {
                    file,
                    start: 0,
                    end: 0,
                };
                sink.push(Diagnostic::new(&code::UNREADABLE, span, message).help("is the path right?"));
            }
        }
    }
    sink.settle(&sources);
    Checked {
        diagnostics: sink.finish(),
        sources,
        objects,
        mesh: None,
    }
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
