//! The objects that a spec takes over as they are, among those that it becomes.

use std::collections::BTreeSet;

use super::understood;
use crate::diag::{Diagnostic, FileId, Language, Sink, Sources, Span, code};
use crate::emit;
use crate::handwritten;
use crate::manifest::{self, Object, fields};
use crate::model::{Cluster, Mesh};
use crate::spec::decl::RawDecl;

/// Looks at the objects by themselves and at all of them together; with what the spec becomes beside them where `mesh`
/// is there. That they are objects, and are there once, is told where they are read.
pub(crate) fn check(raw: &[RawDecl], mesh: Option<&Mesh>, sources: &Sources, sink: &mut Sink) {
    if raw.is_empty() {
        return;
    }
    let mut own = Sink::default();
    for file in files(raw.iter()) {
        each(file, sources, &mut own);
    }
    let mut told = own.finish();
    let together = match mesh {
        Some(mesh) => mesh
            .clusters
            .values()
            .flat_map(|cluster| among(raw, mesh, cluster, sources))
            .collect(),
        None => alone(raw, sources),
    };
    for found in together {
        let is_new = |other: &Diagnostic| {
            (other.code, other.primary.span, &other.message)
                != (found.code, found.primary.span, &found.message)
        };
        if found.code != &code::OBJECT_TWICE && told.iter().all(is_new) {
            told.push(found);
        }
    }
    told.into_iter().for_each(|found| sink.push(found));
}

/// The files of objects, each once: several patterns may name it.
fn files<'raw>(raw: impl Iterator<Item = &'raw RawDecl>) -> BTreeSet<FileId> {
    raw.flat_map(|file| &file.objects)
        .map(|object| object.span.file)
        .collect()
}

fn read(file: FileId, sources: &Sources) -> Vec<Object> {
    sources.get(file).map_or_else(Vec::new, |source| {
        let language = Language::of_objects(&source.path, &source.text);
        manifest::read(&source.text, language, file, &mut Sink::default())
    })
}

/// Looks at every object of a file by itself.
fn each(file: FileId, sources: &Sources, sink: &mut Sink) {
    let Some(source) = sources.get(file) else { return };
    let target = fields::Target {
        text: &source.text,
        istio: None,
    };
    for object in read(file, sources) {
        fields::check(&object, target, sink);
    }
}

/// What rules of objects find in those that are written by hand.
fn alone(raw: &[RawDecl], sources: &Sources) -> Vec<Diagnostic> {
    let objects: Vec<_> = files(raw.iter())
        .into_iter()
        .flat_map(|file| read(file, sources))
        .collect();
    let mut sink = Sink::default();
    manifest::rules::check(&objects, sources, &mut sink);
    let mut found = sink.finish();
    // What they lead to may be in the spec, which has mistakes of its own.
    found.retain(|found| found.code != &code::UNKNOWN_REFERENCE);
    found
}

/// What rules find in the objects of a cluster, and that takes one that is written by hand.
///
/// What the spec becomes is written down and read again, as it will lie beside the others; what a rule says of it is
/// said of the place in the spec that it comes from.
fn among(raw: &[RawDecl], mesh: &Mesh, cluster: &Cluster, sources: &Sources) -> Vec<Diagnostic> {
    let name = &cluster.name;
    let by_hand = files(
        raw.iter()
            .filter(|file| file.cluster.as_ref().is_none_or(|wanted| wanted.value == *name)),
    );
    if by_hand.is_empty() {
        return Vec::new();
    }
    let mut sources = sources.clone();
    let written = sources.add(
        format!("kubernetes/{name}.yaml"),
        emit::kubernetes::text(mesh, cluster),
    );
    // What is written by hand comes last: it is what a rule calls one too many.
    let all = std::iter::once(written).chain(by_hand);
    let objects: Vec<_> = all.flat_map(|file| read(file, &sources)).collect();
    let mut sink = Sink::default();
    manifest::rules::check(&objects, &sources, &mut sink);
    let understood = understood::understand(&objects, sink.all(), None);
    understood.found.into_iter().for_each(|found| sink.push(found));
    let origin = Origin {
        mesh,
        written,
        objects: &objects,
    };
    sink.finish()
        .into_iter()
        .filter_map(|found| origin.trace(found))
        .collect()
}

/// Where in the spec the objects come from that it becomes.
struct Origin<'mesh> {
    mesh: &'mesh Mesh,
    /// The file of what the spec becomes.
    written: FileId,
    objects: &'mesh [Object],
}

impl Origin<'_> {
    /// `found` with places that users know; nothing where it is not about what they wrote by hand.
    fn trace(&self, mut found: Diagnostic) -> Option<Diagnostic> {
        let mut labels = std::iter::once(&found.primary).chain(&found.labels);
        if labels.all(|label| label.span.file == self.written) {
            return None;
        }
        found.fixes.clear();
        for label in std::iter::once(&mut found.primary).chain(&mut found.labels) {
            if label.span.file == self.written {
                label.span = self.place(label.span);
            }
        }
        Some(found)
    }

    fn place(&self, span: Span) -> Span {
        let holds = |object: &&Object| {
            let own = object.body.span;
            own.file == span.file && own.start <= span.start && span.start < own.end
        };
        self.objects.iter().find(holds).map_or(self.mesh.span, |object| {
            let namespace = object
                .namespace
                .as_ref()
                .map(|namespace| namespace.value.as_str());
            handwritten::place(self.mesh, namespace, &object.name.value)
        })
    }
}
