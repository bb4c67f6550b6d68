use std::sync::Arc;

use serde_json::Value;

use super::{settled, written};
use crate::diag::{FileId, Language, Severity, Sink, Sources, count};
use crate::diff::{BadOutput, Picture};
use crate::emit::{self, Options};
use crate::manifest::{self, Object};
use crate::model::{Engine, Mesh};
use crate::parallel;

/// The mesh that objects in texts of YAML or JSON mean together, to be compared with another; each text has its name.
/// What the language does not say is compared as it is written.
///
/// # Errors
/// When one of them is no YAML.
pub fn picture(texts: &[(&str, &[u8])]) -> Result<Picture, BadOutput> {
    let Some(objects) = read(texts) else {
        return Picture::of_texts(texts.iter().copied());
    };
    let there: Vec<Value> = objects.iter().map(|object| object.body.json()).collect();
    let plain = Picture::of_objects(there.clone());
    let (outcome, left) = settled(&objects, &there);
    if !outcome.sound {
        return Ok(plain);
    }
    let mut meaning = written(&outcome.mesh);
    meaning.extend(left.keys().filter_map(|at| there.get(*at).cloned()));
    Ok(plain.meaning(meaning, emit::emit(&of_istio(outcome.mesh), &options())))
}

/// The objects of all texts; `None` where one of those cannot be understood whole.
fn read(texts: &[(&str, &[u8])]) -> Option<Vec<Object>> {
    let mut sources = Sources::default();
    let mut add = |(name, bytes): &(&str, &[u8])| {
        let text = String::from_utf8_lossy(bytes);
        let language = Language::of_objects(name, &text);
        (sources.add(*name, text.as_ref()), text.into_owned(), language)
    };
    let files: Vec<_> = texts.iter().map(&mut add).collect();
    let parts = parallel::chunks(&files, |part| {
        let mut sink = Sink::default();
        let read = |(file, text, language): &(FileId, String, Language)| {
            manifest::read(text, *language, *file, &mut sink)
        };
        let objects: Vec<Object> = part.iter().flat_map(read).collect();
        let whole = count(&sink.finish(), Severity::Error) == 0;
        whole.then_some(objects)
    });
    let parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
    let mut objects: Vec<_> = parts.into_iter().flatten().collect();
    // Files of tools are no objects of a cluster.
    objects.retain(|object| object.group() != "kustomize.config.k8s.io");
    Some(objects)
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
