use std::sync::Arc;

use serde_json::Value;

use super::{settled, written};
use crate::diag::{Language, Sink, Sources};
use crate::diff::{BadOutput, Picture};
use crate::emit::{self, Options};
use crate::manifest::{self, Object};
use crate::model::{Engine, Mesh};

/// The mesh that objects in texts of YAML or JSON mean together, to be compared with another; each text has its name.
/// What the language does not say is compared as it is written.
///
/// # Errors
/// When one of them is no YAML.
pub fn picture(texts: &[(&str, &[u8])]) -> Result<Picture, BadOutput> {
    let plain = Picture::of_texts(texts.iter().copied())?;
    let objects = read(texts);
    let there: Vec<Value> = objects.iter().map(|object| object.body.json()).collect();
    let (outcome, left) = settled(&objects, &there);
    if !outcome.sound {
        return Ok(plain);
    }
    let mut meaning = written(&outcome.mesh);
    meaning.extend(left.keys().filter_map(|at| there.get(*at).cloned()));
    plain.meaning(meaning, &emit::emit(&of_istio(outcome.mesh), &options()))
}

fn read(texts: &[(&str, &[u8])]) -> Vec<Object> {
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let mut objects = Vec::new();
    for (name, bytes) in texts {
        let text = String::from_utf8_lossy(bytes);
        let language = Language::of_objects(name, &text);
        let file = sources.add(*name, text.as_ref());
        objects.extend(manifest::read(&text, language, file, &mut sink));
    }
    // Files of tools are no objects of a cluster.
    objects.retain(|object| object.group() != "kustomize.config.k8s.io");
    objects
}

/// Machines that objects tell of run Istio's own agent.
fn of_istio(mut mesh: Mesh) -> Mesh {
    for group in &mut mesh.groups {
        Arc::make_mut(group).engine = Engine::Envoy;
    }
    mesh
}

fn options() -> Options {
    Options {
        spec: mesh_wire::Sha256::of(b""),
        credentials: std::collections::BTreeMap::new(),
    }
}
