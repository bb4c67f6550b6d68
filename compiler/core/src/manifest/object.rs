use crate::diag::{Diagnostic, FileId, Language, Sink, Span, Spanned, code};
use crate::syntax::{self, Datum, Entry, Kind, Scalar};

/// One object of Kubernetes as it is written, with places. Lists of objects are taken apart.
#[derive(Clone, Debug)]
pub struct Object {
    /// Such as `networking.istio.io/v1`.
    pub api_version: Spanned<String>,
    /// Such as `Gateway`.
    pub kind: Spanned<String>,
    /// `metadata.name`; empty where it is missing, which is told.
    pub name: Spanned<String>,
    /// `metadata.namespace`; where it is not written, who applies the object says it.
    pub namespace: Option<Spanned<String>>,
    /// All of it.
    pub body: Datum,
    /// Its first line.
    pub span: Span,
}

impl Object {
    /// The group of its API; empty for the core's.
    pub fn group(&self) -> &str {
        self.api_version
            .value
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// The version of its API, such as `v1beta1`.
    pub fn version(&self) -> &str {
        let api = self.api_version.value.as_str();
        api.split_once('/').map_or(api, |(_, version)| version)
    }

    /// It is one of `kind` in the group of APIs `group`, of any version.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.kind.value == kind && self.group() == group
    }

    /// Its namespace; `default` where none is said.
    pub fn namespace(&self) -> &str {
        self.namespace
            .as_ref()
            .map_or("default", |namespace| namespace.value.as_str())
    }

    /// Moves all its places `by` bytes on in its file.
    pub(crate) fn shift(&mut self, by: usize) {
        self.body.shift(by);
        let texts = [&mut self.api_version, &mut self.kind, &mut self.name];
        let texts = texts.into_iter().chain(&mut self.namespace);
        texts.for_each(|text| text.span.shift(by));
        self.span.shift(by);
    }

    /// What stands at `path`, by the keys of mappings.
    pub fn at(&self, path: &[&str]) -> Option<&Datum> {
        self.body.at(path)
    }

    /// What stands at `path`, with its key.
    pub fn entry(&self, path: &[&str]) -> Option<&Entry> {
        let (last, before) = path.split_last()?;
        self.body.at(before)?.entry(last)
    }

    /// The text at `path`, and what stands for one: `80` and `true` are read as they are written.
    pub fn text(&self, path: &[&str]) -> Option<Spanned<String>> {
        self.body.at(path)?.text()
    }

    /// The labels at `path`, or what is like them: keys and texts.
    pub fn labels_at(&self, path: &[&str]) -> Vec<(String, String)> {
        let entries = self.body.at(path).map_or(&[][..], Datum::entries);
        let label = |entry: &Entry| Some((entry.key.value.clone(), entry.value.text()?.value));
        entries.iter().filter_map(label).collect()
    }

    /// The list at `path`; empty where there is none.
    pub fn items(&self, path: &[&str]) -> &[Datum] {
        self.body.at(path).map_or(&[], Datum::items)
    }
}

/// The objects of `text`, which is YAML or JSON as the name of its file says. What is no object is told, and what is
/// broken leaves the others.
pub fn read(text: &str, language: Language, file: FileId, sink: &mut Sink) -> Vec<Object> {
    let mut found = Vec::new();
    for document in syntax::documents(text, language, file, sink) {
        take(document, text, &mut found, sink);
    }
    found
}

fn take(datum: Datum, text: &str, found: &mut Vec<Object>, sink: &mut Sink) {
    let span = first_line(&datum, text);
    let (api, kind) = (datum.field_text("apiVersion"), datum.field_text("kind"));
    if let (Some("v1"), Some(kind)) = (value(&api), value(&kind))
        && (kind == "List" || kind.ends_with("List") && datum.at(&["items"]).is_some())
    {
        let Kind::Mapping(entries) = datum.kind else {
            return;
        };
        for entry in entries.into_iter().filter(|entry| entry.key.value == "items") {
            if let Kind::List(items) = entry.value.kind {
                items.into_iter().for_each(|item| take(item, text, found, sink));
            }
        }
        return;
    }
    if matches!(datum.kind, Kind::Scalar(Scalar::Null)) {
        return;
    }
    // What is only read by tools needs no name: kustomize's files, istioctl's, a kubeconfig.
    let ours =
        value(&api).is_none_or(|api| !api.contains('/') && value(&kind) != Some("Config") || is_istios(api));
    let name = datum.at(&["metadata"]).and_then(|metadata| {
        metadata
            .field_text("name")
            .or_else(|| metadata.field_text("generateName"))
    });
    let wanted = [
        ("apiVersion", &api, true),
        ("kind", &kind, true),
        ("metadata.name", &name, ours),
    ];
    for (what, there, needed) in wanted {
        if needed && there.is_none() {
            sink.push(
                Diagnostic::new(&code::RAW_OBJECT, span, format!("the object has no `{what}`"))
                    .help("each document is an object of Kubernetes: apiVersion, kind and metadata.name"),
            );
        }
    }
    let (Some(api_version), Some(kind)) = (api, kind) else {
        return;
    };
    let namespace = datum.at(&["metadata", "namespace"]).and_then(Datum::text);
    found.push(Object {
        api_version,
        kind,
        name: name.unwrap_or(Spanned {
            value: String::new(),
            span,
        }),
        namespace: namespace.filter(|namespace| !namespace.value.is_empty()),
        body: datum,
        span,
    });
}

fn is_istios(api: &str) -> bool {
    let group = api.split('/').next().unwrap_or_default();
    let name = group.strip_suffix(".istio.io").unwrap_or_default();
    ["networking", "security", "telemetry", "extensions"].contains(&name)
}

fn value(text: &Option<Spanned<String>>) -> Option<&str> {
    text.as_ref().map(|text| text.value.as_str())
}

fn first_line(datum: &Datum, text: &str) -> Span {
    let Span { file, start, end } = datum.span;
    let line = text.get(start..end).and_then(|text| text.lines().next());
    let length = line.map_or(0, |line| line.trim_end().len());
    Span {
        file,
        start,
        end: start + length,
    }
}
