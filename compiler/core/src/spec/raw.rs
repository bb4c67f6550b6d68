//! Objects of Kubernetes that are written by hand, for what the language does not say. Their texts stay as they are;
//! what they are is read, to hold it against the rest.

use serde::Deserialize as _;
use serde_json::Value;

use super::item::Item;
use super::{decl, files};
use crate::World;
use crate::diag::{Diagnostic, FileId, Sink, Sources, Span, Spanned, code};

/// Reads the files that `items` name with `raw`.
pub(crate) fn read(
    items: &[Item],
    world: &dyn World,
    sources: &mut Sources,
    sink: &mut Sink,
) -> Vec<decl::RawDecl> {
    let mut found = Vec::new();
    for item in items.iter().filter(|item| item.spec.name == "raw") {
        let by = sources.get(item.span.file);
        let by = by.map_or_else(String::new, |source| source.path.clone());
        for named in item.all::<String>("file") {
            let paths = files::find(world, &by, &named.value).unwrap_or_else(|cause| {
                sink.push(unreadable(&named, &named.value, &cause));
                Vec::new()
            });
            for path in paths {
                match world.read(&path) {
                    Ok(text) => {
                        let file = sources.add(path.as_str(), text.as_str());
                        found.push(decl::RawDecl {
                            name: name(&path, sources),
                            cluster: item.spanned("cluster"),
                            objects: objects(&text, file, sink),
                            span: named.span,
                        });
                    }
                    Err(cause) => sink.push(unreadable(&named, &path, &cause)),
                }
            }
        }
    }
    found
}

fn unreadable(named: &Spanned<String>, path: &str, cause: &str) -> Diagnostic {
    Diagnostic::new(
        &code::UNREADABLE,
        named.span,
        format!("{path} cannot be read: {cause}"),
    )
    .help("files are named beside the file that names them")
}

/// What the file is called below `out/`: its path beside the spec, wherever that is.
fn name(path: &str, sources: &Sources) -> String {
    let spec = sources.get(FileId(0)).map_or("", |source| source.path.as_str());
    let spec = files::beside("", spec);
    let folder = spec.rsplit_once('/').map_or("", |(folder, _)| folder);
    let below = path.strip_prefix(folder).filter(|_| !folder.is_empty());
    let below = below.map_or(path, |rest| rest.trim_start_matches('/'));
    let own = if below.starts_with('/') || below.starts_with("..") {
        below.rsplit('/').next().unwrap_or(below)
    } else {
        below
    };
    let stem = own.rsplit_once('.').map_or(own, |(stem, _)| stem);
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    stem.chars().map(plain).collect()
}

/// The objects of a text, a document each; what is none is told.
fn objects(text: &str, file: FileId, sink: &mut Sink) -> Vec<decl::RawObject> {
    let mut found = Vec::new();
    for (start, document) in documents(text) {
        let lead: usize = document
            .split_inclusive('\n')
            .take_while(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
            .map(str::len)
            .sum();
        let first = document[lead..].lines().next().unwrap_or_default();
        let place = Span {
            file,
            start: start + lead,
            end: start + lead + first.trim_end().len(),
        };
        match value(document) {
            Ok(Value::Null) => {}
            Ok(value) => {
                let identities = identities(&value, place, sink);
                found.push(decl::RawObject {
                    text: document.trim_end().to_owned(),
                    identities,
                    span: place,
                });
            }
            Err(error) => {
                let at = error
                    .location()
                    .map_or(place.start, |at| start + at.index().min(document.len()));
                let line = text[..text.floor_char_boundary(at)]
                    .rfind('\n')
                    .map_or(0, |end| end + 1);
                let end = text[line..].find('\n').map_or(text.len(), |end| line + end);
                let span = Span {
                    file,
                    start: line,
                    end,
                };
                let help = if document.contains("{{") {
                    "templates are rendered first: `helm template … > file.yaml`"
                } else {
                    "each document is an object of Kubernetes, in YAML or JSON"
                };
                sink.push(
                    Diagnostic::new(&code::RAW_OBJECT, span, format!("this is no YAML: {error}")).help(help),
                );
            }
        }
    }
    found
}

fn value(document: &str) -> Result<Value, serde_yaml::Error> {
    Value::deserialize(serde_yaml::Deserializer::from_str(document))
}

/// The documents of a text and where they begin; `---` stands between them.
fn documents(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let marks = line.trim_end() == "---" || line.starts_with("--- ");
        if marks {
            found.push((start, &text[start..at]));
            start = at + 3;
        }
        at += line.len();
    }
    found.push((start, &text[start..]));
    found
}

fn text_of(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// What `value` is; a `List` is what is in it.
fn identities(value: &Value, place: Span, sink: &mut Sink) -> Vec<decl::Identity> {
    let text = text_of;
    let (api, kind) = (text(value.get("apiVersion")), text(value.get("kind")));
    if let (Some("v1"), Some("List"), Some(items)) = (api, kind, value.get("items").and_then(Value::as_array))
    {
        return items
            .iter()
            .flat_map(|item| identities(item, place, sink))
            .collect();
    }
    let name = text(value.pointer("/metadata/name"));
    for (what, there) in [("apiVersion", api), ("kind", kind), ("metadata.name", name)] {
        if there.is_none() {
            sink.push(
                Diagnostic::new(&code::RAW_OBJECT, place, format!("the object has no `{what}`"))
                    .help("each document is an object of Kubernetes: apiVersion, kind and metadata.name"),
            );
        }
    }
    let identity = |(api, kind, name): (&str, &str, &str)| decl::Identity {
        group: api.rsplit_once('/').map_or("", |(group, _)| group).to_owned(),
        kind: kind.to_owned(),
        namespace: text(value.pointer("/metadata/namespace")).map(str::to_owned),
        name: name.to_owned(),
    };
    let whole = api
        .zip(kind)
        .zip(name)
        .map(|((api, kind), name)| (api, kind, name));
    whole.map(identity).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_begin_behind_their_marks() {
        let text = "a: 1\n---\n# b\nb: 2\n--- # c\nc: |\n  ---\n";
        let found: Vec<_> = documents(text).into_iter().map(|(_, text)| text).collect();
        assert_eq!(found, ["a: 1\n", "\n# b\nb: 2\n", " # c\nc: |\n  ---\n"]);
    }

    #[test]
    fn names_do_not_depend_on_where_the_spec_lies() {
        for (spec, path) in [
            ("spec.kdl", "extra/Gate way.yaml"),
            ("a/b/spec.kdl", "a/b/extra/Gate way.yaml"),
            ("/a/b/spec.kdl", "/a/b/extra/Gate way.yaml"),
            ("../spec.kdl", "../extra/Gate way.yaml"),
        ] {
            let mut sources = Sources::default();
            sources.add(spec, "");
            assert_eq!(name(path, &sources), "extra-gate-way", "{spec}");
        }
        let mut sources = Sources::default();
        sources.add("a/spec.kdl", "");
        assert_eq!(name("/elsewhere/x.yaml", &sources), "x");
    }
}
