//! What is said about words that the language does not have.

use crate::diag::{Code, Diagnostic, Fix, Language, Span, Spanned, code, list, word_meant};
use crate::spec::schema::{self, Child, Field, NodeSpec};
use crate::spec::shape::LABELS;
use crate::syntax::{Node, Property, Scalar, Value};

pub(super) fn unknown_node(
    node: &Node,
    known: &[Child],
    parent: Option<&NodeSpec>,
    language: Language,
) -> Diagnostic {
    if language != Language::Kdl {
        return unknown_key(&node.name, &code::UNKNOWN_NODE, known, parent);
    }
    let name = &node.name.value;
    let place = parent.map_or_else(|| "a spec".to_owned(), |parent| format!("`{}`", parent.name));
    let found = Diagnostic::new(
        &code::UNKNOWN_NODE,
        node.name.span,
        format!("{place} has no node `{name}`"),
    );
    if let Some(field) =
        parent.and_then(|parent| parent.props.iter().find(|field| field.name == name.as_str()))
    {
        return found.help(format!(
            "it is a property: write `{}=` behind `{}`",
            field.name,
            place.trim_matches('`')
        ));
    }
    let homes = schema::parents_of(name);
    if !homes.is_empty() {
        return found.help(format!("`{name}` is written in {}", list(homes.iter().copied())));
    }
    let names = known.iter().map(|child| child.node.name);
    if let Some(near) = word_meant(name, names.clone()) {
        return found
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`"))
            .fix(meant(&node.name, near, names));
    }
    match known {
        [] => found.help(format!("{place} takes no braces")),
        _ => found.help(format!(
            "it takes {}",
            list(known.iter().map(|child| child.node.name))
        )),
    }
}

pub(super) fn unknown_property(prop: &Property, spec: &NodeSpec, language: Language) -> Diagnostic {
    if language != Language::Kdl {
        return unknown_key(&prop.key, &code::UNKNOWN_PROPERTY, spec.children, Some(spec));
    }
    let key = &prop.key.value;
    let found = Diagnostic::new(
        &code::UNKNOWN_PROPERTY,
        prop.key.span,
        format!("`{}` has no property `{key}`", spec.name),
    );
    if let Some(child) = spec.children.iter().find(|child| child.node.name == key.as_str()) {
        return found.help(format!(
            "it is a node: write `{} {{ {} }}`",
            spec.name,
            usage(child.node)
        ));
    }
    let names = spec.props.iter().map(|field| field.name);
    if let Some(near) = word_meant(key, names.clone()) {
        return found
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `{near}=`"))
            .fix(meant(&prop.key, near, names));
    }
    if spec.args.iter().any(|field| field.name == key.as_str()) {
        return found.help(format!("its {key} is written without a key: `{}`", usage(spec)));
    }
    match spec.props {
        [] => found.help(format!("it takes no properties: `{}`", usage(spec))),
        props => found.help(format!("it takes {}", list(props.iter().map(|field| field.name)))),
    }
}

/// In YAML and JSON, arguments, properties and children are all keys of one mapping.
fn unknown_key(
    key: &Spanned<String>,
    code: &'static Code,
    known: &[Child],
    parent: Option<&NodeSpec>,
) -> Diagnostic {
    let name = key.value.as_str();
    let place = parent.map_or_else(|| "a spec".to_owned(), |parent| format!("`{}`", parent.name));
    let found = Diagnostic::new(code, key.span, format!("{place} has no key `{name}`"));
    let fields = parent
        .iter()
        .flat_map(|spec| spec.args.iter().chain(spec.props))
        .map(|field| field.name);
    let labels = parent.filter(|spec| spec.labels).map(|_| LABELS);
    let keys: Vec<_> = fields
        .chain(labels)
        .chain(known.iter().map(|child| child.node.name))
        .collect();
    if let Some(near) = word_meant(name, keys.iter().copied()) {
        return found
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `{near}=`"))
            .fix(meant(key, near, keys.iter().copied()));
    }
    if let Some(labels) = labels {
        return found.help(format!("if it is a label, write it under `{labels}=`"));
    }
    let homes = schema::parents_of(name);
    if !homes.is_empty() {
        return found.help(format!("`{name}` is written in {}", list(homes.iter().copied())));
    }
    found.help(format!("it takes {}", list(keys)))
}

/// `near` instead of the word; certain only where it is a slip.
fn meant<'a>(word: &Spanned<String>, near: &str, known: impl IntoIterator<Item = &'a str>) -> Fix {
    let near = Fix::rename(word.span, &word.value, near).offered();
    Fix::meant(word.span, &word.value, known).unwrap_or(near)
}

pub(super) fn superfluous(node: &Node, spec: &NodeSpec, value: &Value, language: Language) -> Diagnostic {
    let message = format!(
        "`{}` does not take {} here",
        node.name.value,
        value.scalar.describe()
    );
    let found = Diagnostic::new(&code::TOO_MANY, value.span, message);
    if language != Language::Kdl && !spec.only_labels() {
        let fields = spec.args.iter().chain(spec.props).map(|field| field.name);
        let keys = list(fields.chain(spec.children.iter().map(|child| child.node.name)));
        return found.help(format!("it takes a mapping, with the keys {keys}"));
    }
    let lacks =
        |field: &&Field| field.required && !node.props.iter().any(|prop| prop.key.value == field.name);
    let meant = spec
        .props
        .iter()
        .filter(lacks)
        .find(|field| field.ty.read(value).is_ok());
    match (meant, &value.scalar) {
        (Some(field), Scalar::Text(text)) => {
            found.help(format!("write its key too: `{}=\"{text}\"`", field.name))
        }
        _ => found.help(format!("write `{}`", usage(spec))),
    }
}

pub(in crate::spec) fn twice(span: Span, before: Span, what: &str) -> Diagnostic {
    Diagnostic::new(&code::DUPLICATE, span, format!("{what} is written twice"))
        .here("here again")
        .label(before, "first here")
        .help("keep one of them")
}

/// What a field means, as a sentence about it.
pub(super) fn meaning(field: &Field) -> String {
    let mut chars = field.about.trim_end_matches('.').chars();
    let first = chars
        .next()
        .map(|first| first.to_lowercase().collect::<String>())
        .unwrap_or_default();
    format!("`{}` is {first}{}", field.name, chars.as_str())
}

/// `port NUMBER PROTOCOL`.
pub(super) fn usage(spec: &NodeSpec) -> String {
    let args = spec
        .args
        .iter()
        .map(|field| format!(" {}", field.name.to_uppercase()));
    let props = spec
        .props
        .iter()
        .filter(|field| field.required)
        .map(|field| format!(" {}=…", field.name));
    let labels = if spec.labels { " key=value" } else { "" };
    format!(
        "{}{}{}{labels}",
        spec.name,
        args.collect::<String>(),
        props.collect::<String>()
    )
}
