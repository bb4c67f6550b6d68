//! Existing objects become a spec: what the language says is lifted, what it does not say stays as `raw` files, and
//! what comes out is held against what went in.
//!
//! # Steps
//! 1. [Lift](manifest::lift) all objects, and let the rules look at the spec that this would be.
//! 2. Write its objects, and compare them with those that are there. What would mean something else, or breaks a rule,
//!    is left as it is; once more, until nothing has to be left any more.
//! 3. Write the spec as text, with its `raw` files, and prove the text in the same way.

mod picture;
mod prove;
mod text;

use std::collections::{BTreeMap, BTreeSet};

pub use picture::picture;
use serde_json::Value;

use crate::compile::lifted;
use crate::diag::{Diagnostic, Severity, Sink, Sources, Span, count};
use crate::diff::{self, Change, ChangeKind, Noun};
use crate::emit;
use crate::manifest::{self, Object, Purpose, Unsaid};
use crate::model::{Identity, Mesh};
use crate::{Checked, ObjectOptions, World, check_objects};

/// A spec that was made of objects.
#[derive(Debug)]
pub struct Imported {
    /// The spec, in KDL.
    pub spec: String,
    /// Objects that stay as they are, by paths beside the spec.
    pub raw: BTreeMap<String, String>,
    /// Which those are, and why.
    pub left: Vec<Left>,
    /// What no object says and was taken for granted, in words.
    pub notes: Vec<String>,
    /// What the spec's objects would say otherwise, or not at all. Nothing, if all is well.
    pub lost: Vec<Change>,
    /// What the spec's objects say beyond those that are there, without changing what they mean.
    pub added: Vec<Change>,
    /// Mistakes of the spec; nothing, if all is well.
    pub mistakes: Vec<Diagnostic>,
    /// The texts of the spec and its files, for those.
    pub sources: Sources,
    /// Objects that went in.
    pub objects: usize,
}

/// An object that stays as it is.
#[derive(Clone, Debug)]
pub struct Left {
    /// Which.
    pub identity: Identity,
    /// Why, in words.
    pub why: String,
    /// What of it; a place in the objects.
    pub span: Span,
    /// It is no part of the mesh's configuration, and not kept: somebody else makes it.
    pub elsewhere: bool,
}

/// More rounds than kinds lean on each other.
const ROUNDS: usize = 16;

/// Makes a spec of the objects in `files`.
///
/// # Errors
/// What was found when the objects themselves cannot be read.
pub fn import(
    world: &dyn World,
    files: &[String],
    options: &ObjectOptions,
) -> Result<Imported, Box<Checked>> {
    let checked = check_objects(world, files, options);
    if checked.objects.is_empty() || checked.unreadable() {
        return Err(Box::new(checked));
    }
    // Files of tools are no objects of a cluster.
    let mut objects = checked.objects;
    objects.retain(|object| object.group() != "kustomize.config.k8s.io");
    Ok(of_objects(&objects, options.namespace.as_deref()))
}

fn of_objects(objects: &[Object], applied_to: Option<&str>) -> Imported {
    let there: Vec<Value> = objects
        .iter()
        .map(|object| placed(object.body.json(), applied_to))
        .collect();
    let (outcome, left) = settled(objects, &there);
    let kept = left.iter().filter(|(_, unsaid)| !unsaid.elsewhere);
    let raw = text::raw(objects, kept.map(|(at, _)| *at));
    let spec = text::spec(outcome.nodes, &raw, &outcome.notes);
    let ours = there
        .iter()
        .enumerate()
        .filter(|(at, _)| !left.get(at).is_some_and(|unsaid| unsaid.elsewhere));
    let ours: Vec<Value> = ours.map(|(_, object)| object.clone()).collect();
    let proof = prove::prove(&spec, &raw, &ours, applied_to);
    let left = left.into_iter().filter_map(|(at, unsaid)| {
        let object = objects.get(at)?;
        Some(Left {
            identity: identity(object),
            why: unsaid.why,
            span: unsaid.span,
            elsewhere: unsaid.elsewhere,
        })
    });
    Imported {
        left: left.collect(),
        spec,
        raw,
        notes: outcome.notes,
        lost: proof.lost,
        added: proof.added,
        mistakes: proof.mistakes,
        sources: proof.sources,
        objects: objects.len(),
    }
}

/// Tries until nothing has to be left any more: what it comes to, and what is left.
fn settled(objects: &[Object], there: &[Value]) -> (Round, BTreeMap<usize, Unsaid>) {
    let mut left: BTreeMap<usize, Unsaid> = BTreeMap::new();
    let mut outcome = round(objects, there, &left);
    for _ in 0..ROUNDS {
        if outcome.guilty.is_empty() {
            break;
        }
        left.extend(std::mem::take(&mut outcome.guilty));
        outcome = round(objects, there, &left);
    }
    left.extend(std::mem::take(&mut outcome.unsaid));
    (outcome, left)
}

/// An object that names no namespace is in the one that it is applied to.
fn placed(mut object: Value, applied_to: Option<&str>) -> Value {
    let is_namespace = object.get("kind").is_some_and(|kind| kind == "Namespace");
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    if let (Some(metadata), Some(namespace), false) = (metadata, applied_to, is_namespace) {
        metadata
            .entry("namespace")
            .or_insert_with(|| Value::from(namespace));
    }
    object
}

/// What one try comes to.
struct Round {
    nodes: Vec<crate::syntax::Node>,
    notes: Vec<String>,
    /// The mesh of the nodes.
    mesh: Mesh,
    /// It has no mistakes.
    sound: bool,
    /// What the language does not say.
    unsaid: BTreeMap<usize, Unsaid>,
    /// What must not be said, since it would mean something else.
    guilty: BTreeMap<usize, Unsaid>,
}

fn round(objects: &[Object], there: &[Value], left: &BTreeMap<usize, Unsaid>) -> Round {
    let whole = objects.first().map(|object| object.span).unwrap_or_default();
    let out: Vec<usize> = left.keys().copied().collect();
    let found = manifest::lift(objects, &out, Purpose::Import, whole);
    let unsaid: BTreeMap<usize, Unsaid> = found.unsaid.into_iter().collect();
    let stays = |at: &usize| unsaid.contains_key(at) || left.contains_key(at);
    let mut sink = Sink::default();
    let mesh = lifted(&found.nodes, whole, &mut sink);
    let mut guilty = BTreeMap::new();
    let diagnostics = sink.finish();
    for mistake in diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error)
    {
        let why = format!("the spec would have a mistake: {}", mistake.message);
        let places = std::iter::once(&mistake.primary).chain(&mistake.labels);
        let at = places
            .filter_map(|label| holder(objects, label.span))
            .find(|at| !stays(at));
        if let Some(at) = at {
            guilty.insert(
                at,
                Unsaid {
                    why,
                    span: mistake.primary.span,
                    elsewhere: false,
                },
            );
        }
    }
    let sound = count(&diagnostics, Severity::Error) == 0;
    if sound {
        let raw = there
            .iter()
            .enumerate()
            .filter(|(at, _)| stays(at))
            .map(|(_, value)| value.clone());
        let after: Vec<Value> = written(&mesh).into_iter().chain(raw).collect();
        for (change, culprits) in differences(there, &after) {
            let why = explain(&change);
            for (at, object) in objects.iter().enumerate().filter(|(at, _)| !stays(at)) {
                if culprits.contains(&identity(object)) {
                    guilty.insert(
                        at,
                        Unsaid {
                            why: why.clone(),
                            span: object.span,
                            elsewhere: false,
                        },
                    );
                }
            }
        }
    }
    Round {
        nodes: found.nodes,
        notes: found.notes,
        mesh,
        sound,
        unsaid,
        guilty,
    }
}

/// The objects that a spec becomes.
fn written(mesh: &Mesh) -> Vec<Value> {
    let clusters = mesh.clusters.values();
    clusters
        .flat_map(|cluster| emit::kubernetes::objects(mesh, cluster))
        .collect()
}

/// What would be another, with the objects that it comes from.
fn differences(there: &[Value], after: &[Value]) -> Vec<(Change, BTreeSet<Identity>)> {
    let mut found = Vec::new();
    for traced in diff::traced(there, after) {
        if is_harmless(&traced.change) {
            continue;
        }
        let mut culprits: BTreeSet<Identity> = traced.before.into_iter().collect();
        if traced.change.kind == ChangeKind::Added {
            // It follows from something of its kind there.
            for own in traced.after {
                let same = there.iter().map(diff::identity).filter(|other| {
                    (&other.group, &other.kind, &other.namespace) == (&own.group, &own.kind, &own.namespace)
                });
                culprits.extend(same);
            }
        }
        found.push((traced.change, culprits));
    }
    found
}

/// It is there beyond what was, and changes nothing for what was.
fn is_harmless(change: &Change) -> bool {
    let istiod = change.noun == Noun::Routes && change.name == "*";
    change.kind == ChangeKind::Added
        && (matches!(
            change.noun,
            Noun::Account | Noun::Group | Noun::Namespace | Noun::Gateway
        ) || istiod)
}

fn explain(change: &Change) -> String {
    match &change.kind {
        ChangeKind::Changed { fields } => {
            let first = fields.first().map_or("", |field| field.path.as_str());
            format!("said in the language, `{first}` would be another")
        }
        ChangeKind::Removed => "said in the language, it would be gone".to_owned(),
        ChangeKind::Added => format!("said in the language, there would be more: {}", change.name),
    }
}

/// The object that a place lies in.
fn holder(objects: &[Object], span: Span) -> Option<usize> {
    objects.iter().position(|object| {
        let own = object.body.span;
        own.file == span.file && own.start <= span.start && span.start < own.end
    })
}

fn identity(object: &Object) -> Identity {
    Identity {
        group: object.group().to_owned(),
        kind: object.kind.value.clone(),
        namespace: object
            .namespace
            .as_ref()
            .filter(|_| object.kind.value != "Namespace")
            .map(|namespace| namespace.value.clone()),
        name: object.name.value.clone(),
    }
}
