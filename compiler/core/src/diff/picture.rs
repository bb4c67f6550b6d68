use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_json::Value;

use super::machine::{self, Files, Machine};
use super::objects::Objects;
use crate::emit::{BuildRecord, Output};

/// A mesh as it will be seen: the objects of its clusters and the files of its VMs.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// By cluster; objects of nobody knows which are those of the empty name.
    pub(super) clusters: BTreeMap<String, Vec<Value>>,
    /// Values for charts, by path below `out/`.
    pub(super) settings: BTreeMap<String, Value>,
    /// By `NAMESPACE/VM`.
    pub(super) machines: BTreeMap<String, Machine>,
    /// All files, by path below `out/`; none where there are only objects.
    pub(super) files: Files,
    /// The same objects as the language says them, where they were written by others.
    meaning: Option<Vec<Value>>,
}

/// Why an output cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum BadOutput {
    /// `build.json` is none of ours.
    #[error("its build.json is not of this version of meshc, or damaged: {0}")]
    Record(serde_json::Error),
    /// A file that the build wrote is gone.
    #[error("it lacks `{0}`, which its build.json lists: {1}")]
    Gone(String, String),
    /// A manifest is no YAML.
    #[error("`{0}` is no YAML: {1}")]
    Manifest(String, serde_yaml::Error),
}

/// What a build says of itself.
const RECORD: &str = "build.json";

impl Picture {
    /// Of what the compiler has just written.
    ///
    /// # Errors
    /// When hand-written objects among it are no YAML.
    pub fn of_output(output: &Output) -> Result<Self, BadOutput> {
        let files = output
            .iter()
            .map(|(path, file)| (path.clone(), file.bytes.clone()));
        Self::of_files(files.collect())
    }

    /// Of `out/` as it lies somewhere: `record` is its `build.json`, and `read` reads a file below it.
    ///
    /// # Errors
    /// When it is no output, or not whole.
    pub fn of_record(
        record: &[u8],
        mut read: impl FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Self, BadOutput> {
        let record: BuildRecord = serde_json::from_slice(record).map_err(BadOutput::Record)?;
        let mut files = Files::new();
        for file in record.files {
            let bytes = read(&file.path).map_err(|cause| BadOutput::Gone(file.path.clone(), cause))?;
            files.insert(file.path, bytes);
        }
        Self::of_files(files)
    }

    /// Of the objects in texts of YAML or JSON.
    ///
    /// # Errors
    /// When one of them, by its name, is no YAML.
    pub fn of_texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, BadOutput> {
        let mut objects = Vec::new();
        for (name, bytes) in texts {
            let found = documents(bytes).map_err(|error| BadOutput::Manifest(name.to_owned(), error))?;
            objects.extend(found.into_iter().filter(|object| object.get("kind").is_some()));
        }
        Ok(Self::of_objects(objects))
    }

    /// Of objects alone.
    pub fn of_objects(objects: Vec<Value>) -> Self {
        Self {
            clusters: BTreeMap::from([(String::new(), flat(objects))]),
            ..Self::default()
        }
    }

    /// The same, with what the objects mean: in the language's own words, with what it does not say; and `output`, what
    /// a spec of them comes to.
    pub(crate) fn meaning(mut self, objects: Vec<Value>, output: Output) -> Self {
        let files = output.into_iter().map(|(path, file)| (path, file.bytes));
        self.files = files.filter(|(path, _)| path != RECORD).collect();
        self.machines = machine::of(&self.files);
        self.meaning = Some(flat(objects));
        self
    }

    fn of_files(mut files: Files) -> Result<Self, BadOutput> {
        files.remove(RECORD);
        let mut picture = Self::default();
        for (path, bytes) in &files {
            let Some((cluster, name)) = path
                .strip_prefix("kubernetes/")
                .and_then(|rest| rest.split_once('/'))
            else {
                continue;
            };
            if !name.ends_with(".yaml") || name.ends_with("kustomization.yaml") {
                continue;
            }
            let documents = documents(bytes).map_err(|error| BadOutput::Manifest(path.clone(), error))?;
            if name.ends_with(".values.yaml") {
                let values = documents.into_iter().next().unwrap_or_default();
                picture.settings.insert(path.clone(), values);
            } else {
                picture
                    .clusters
                    .entry(cluster.to_owned())
                    .or_default()
                    .extend(flat(documents));
            }
        }
        picture.machines = machine::of(&files);
        picture.files = files;
        Ok(picture)
    }

    /// It is made of objects that others wrote.
    pub(super) fn is_of_objects(&self) -> bool {
        self.files.is_empty() || self.meaning.is_some()
    }

    /// What its objects mean.
    pub(super) fn meant(&self) -> Objects {
        match &self.meaning {
            Some(objects) => Objects::of(objects),
            None => Objects::of(self.all_objects()),
        }
    }

    /// The objects of all clusters; what is in several is there once.
    pub(super) fn all_objects(&self) -> Vec<&Value> {
        let mut seen = std::collections::BTreeSet::new();
        let all = self.clusters.values().flatten();
        all.filter(|object| seen.insert(object.to_string())).collect()
    }

    /// The objects of `cluster`.
    pub(super) fn objects_of(&self, cluster: &str) -> Objects {
        Objects::of(self.clusters.get(cluster).into_iter().flatten())
    }
}

/// The objects of a text that is known to be YAML.
pub(crate) fn objects_of(bytes: &[u8]) -> Vec<Value> {
    flat(documents(bytes).unwrap_or_default())
}

/// The documents of a text.
pub(super) fn documents(bytes: &[u8]) -> Result<Vec<Value>, serde_yaml::Error> {
    let documents = serde_yaml::Deserializer::from_slice(bytes).map(Value::deserialize);
    documents.filter(|one| !matches!(one, Ok(Value::Null))).collect()
}

/// The objects, those of Lists taken out of them. Files of tools are none.
fn flat(objects: Vec<Value>) -> Vec<Value> {
    let mut found = Vec::new();
    for mut object in objects {
        let api = object
            .get("apiVersion")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if api.starts_with("kustomize.config.k8s.io/") {
            continue;
        }
        let is_list = object
            .get("kind")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.ends_with("List"));
        match object.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) if is_list => found.extend(flat(items)),
            _ => found.push(object),
        }
    }
    found
}
