//! Parameters: values that differ between environments. They are put in their places on the tree, before it is
//! checked, so that every language of specs has them, and every place checks them as if they stood there.

mod declared;
mod text;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use self::declared::Declared;
use crate::diag::{Diagnostic, Edit, Fix, Sink, Sources, Span, certainly, code, did_you_mean, list};
use crate::syntax::{Node, Scalar, Value};

/// What is said about parameters outside of the spec.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `--profile NAME`.
    pub profile: Option<String>,
    /// `--set NAME=VALUE`: names and values. They win over the profile.
    pub set: Vec<(String, String)>,
}

/// The parameters of a spec with their values.
#[derive(Debug, Default)]
pub(crate) struct Params {
    /// Where each is declared: its name, and the whole node.
    names: BTreeMap<String, (Span, Span)>,
    used: BTreeSet<String>,
    /// Where a parameter was put, and where its value is written.
    places: BTreeMap<Span, Origin>,
    /// Places of parameters that have no value.
    open: BTreeSet<Span>,
    values: BTreeMap<String, Scalar>,
}

#[derive(Debug)]
struct Origin {
    name: String,
    value: Span,
}

/// Nodes whose values are no places for parameters: they are read before, or declare them.
pub const BEFORE: [&str; 3] = ["include", "param", "profile"];

/// Finds the values of all parameters and puts them in their places in `nodes`.
pub(crate) fn apply(
    nodes: &mut [Node],
    settings: &Settings,
    sources: &mut Sources,
    sink: &mut Sink,
) -> Params {
    let declared = declared::read(nodes, sink);
    let given = values::of(&declared, nodes, settings, sources, sink);
    let mut params = Params {
        names: declared
            .iter()
            .map(|(name, param)| (name.clone(), (param.span, param.node)))
            .collect(),
        values: given
            .iter()
            .map(|(name, value)| (name.clone(), value.scalar.clone()))
            .collect(),
        ..Params::default()
    };
    let mut put = Put {
        declared: &declared,
        given: &given,
        params: &mut params,
        sources,
        sink,
    };
    for node in nodes
        .iter_mut()
        .filter(|node| !BEFORE.contains(&node.name.value.as_str()))
    {
        put.node(node);
    }
    params
}

/// Where in `nodes` parameters stand. What they will be there is not known from the text alone.
pub(crate) fn places(nodes: &[Node]) -> BTreeSet<Span> {
    fn visit(node: &Node, found: &mut BTreeSet<Span>) {
        let props = node.props.iter().map(|prop| &prop.value);
        let values = node.args.iter().chain(props);
        let stands = |value: &&Value| match &value.scalar {
            Scalar::Text(content) => {
                text::whole(content).is_some()
                    || text::parts(content)
                        .iter()
                        .any(|part| matches!(part, text::Part::Param(_)))
            }
            _ => false,
        };
        found.extend(values.filter(stands).map(|value| value.span));
        node.children.iter().for_each(|child| visit(child, found));
    }
    let mut found = BTreeSet::new();
    nodes.iter().for_each(|node| visit(node, &mut found));
    found
}

/// Where in the text of a value the names of parameters stand.
pub fn params_in(text: &str) -> Vec<std::ops::Range<usize>> {
    text::named(text)
}

struct Put<'a> {
    declared: &'a BTreeMap<String, Declared>,
    given: &'a BTreeMap<String, Value>,
    params: &'a mut Params,
    sources: &'a Sources,
    sink: &'a mut Sink,
}

impl Put<'_> {
    fn node(&mut self, node: &mut Node) {
        let props = node.props.iter_mut().map(|prop| &mut prop.value);
        node.args
            .iter_mut()
            .chain(props)
            .for_each(|value| self.value(value));
        node.children.iter_mut().for_each(|child| self.node(child));
    }

    fn value(&mut self, value: &mut Value) {
        let Scalar::Text(content) = &value.scalar else {
            return;
        };
        if !content.contains('$') {
            return;
        }
        let content = content.clone();
        if let Some(name) = text::whole(&content) {
            if let Some(found) = self.find(name, value.span, true) {
                value.scalar = found.scalar.clone();
                self.place(value, name.to_owned(), found.span);
            }
            return;
        }
        let mut last = None;
        let mut filled = String::with_capacity(content.len());
        for part in text::parts(&content) {
            match part {
                text::Part::Plain(plain) => filled.push_str(plain),
                text::Part::Param(name) => {
                    if let Some(found) = self.find(name, value.span, false) {
                        filled.push_str(&found.scalar.to_string());
                        last = Some((name.to_owned(), found.span));
                    }
                }
            }
        }
        value.scalar = Scalar::Text(filled);
        if let Some((name, origin)) = last {
            self.place(value, name, origin);
        }
    }

    /// The value of `name`, which is all that stands at `place` or a part of it. What has none was said, and is no
    /// mistake of the place.
    fn find(&mut self, name: &str, place: Span, whole: bool) -> Option<Value> {
        if self.declared.contains_key(name) {
            self.params.used.insert(name.to_owned());
        } else {
            let near = certainly(name, self.declared.keys().map(String::as_str));
            self.params.used.extend(near.map(str::to_owned));
            self.sink.push(
                unknown(name, place, self.declared)
                    .note("where a dollar is meant, write `$$`")
                    .fix(near.map(|near| rename(name, near, place, whole))),
            );
        }
        let found = self.given.get(name).cloned();
        if found.is_none() {
            self.params.open.insert(place);
        }
        found
    }

    /// The language finds parts of a list by the length of its text: one of a parameter must not look like one
    /// that stands there.
    fn place(&mut self, value: &mut Value, name: String, origin: Span) {
        let Span { file, start, end } = value.span;
        let alike = |text: &str| text.len() == end - start || text.len() + 2 == end - start;
        let source = self.sources.get(file);
        if let (Scalar::Text(text), Some(source)) = (&value.scalar, source)
            && alike(text)
        {
            value.span.end = source.text.floor_char_boundary(end.saturating_sub(1)).max(start);
        }
        self.params
            .places
            .insert(value.span, Origin { name, value: origin });
    }
}

fn rename(name: &str, near: &str, place: Span, whole: bool) -> Fix {
    let edit = match whole {
        true => Edit::part(place, name, near),
        false => Edit::part(place, &format!("${{{name}}}"), &format!("${{{near}}}")),
    };
    Fix::certain(format!("write `{near}`"), vec![edit])
}

fn unknown(name: &str, place: Span, declared: &BTreeMap<String, Declared>) -> Diagnostic {
    let found = Diagnostic::new(
        &code::UNKNOWN_PARAMETER,
        place,
        format!("there is no parameter `{name}`"),
    );
    match did_you_mean(name, declared.keys().map(String::as_str)) {
        Some(near) => found
            .here(format!("did you mean `{near}`?"))
            .label(
                declared.get(near).map_or(place, |param| param.span),
                "declared here",
            )
            .help(format!("write `{near}`, or declare `param {name}`")),
        None if declared.is_empty() => found.help(format!("declare `param {name}`")),
        None => found.help(format!(
            "write {}, or declare `param {name}`",
            list(declared.keys().map(String::as_str))
        )),
    }
}

impl Params {
    /// Says of what is wrong with a parameter's value where the value comes from. What is wrong where there is no
    /// value follows from that, and goes.
    pub(crate) fn explain(&self, diagnostics: &mut Vec<Diagnostic>) {
        diagnostics.retain(|found| {
            [&code::UNKNOWN_PARAMETER, &code::SYNTAX].contains(&found.code)
                || !self.open.contains(&found.primary.span)
        });
        for found in diagnostics {
            let place = found.primary.span;
            let last = Span {
                end: usize::MAX,
                ..place
            };
            if let Some((span, origin)) = self.places.range(..=last).next_back()
                && span.file == place.file
                && place.end <= span.end
            {
                let label = format!("`{}` has its value from here", origin.name);
                *found = found.clone().label(origin.value, label);
            }
        }
    }

    /// The value of each parameter.
    pub(crate) const fn values(&self) -> &BTreeMap<String, Scalar> {
        &self.values
    }

    /// Warns of what nobody uses. `mentioned` says whether a template may.
    pub(crate) fn unused(&self, mentioned: impl Fn(&str) -> bool, sink: &mut Sink) {
        for (name, (span, node)) in &self.names {
            if !self.used.contains(name) && !mentioned(name) {
                sink.push(
                    Diagnostic::new(
                        &code::PARAMETER_UNUSED,
                        *span,
                        format!("nobody uses the parameter `{name}`"),
                    )
                    .help(format!(
                        "write `${name}` where its value belongs, or leave it out"
                    ))
                    .fix(Fix::certain(
                        format!("leave `param {name}` out"),
                        vec![Edit::without_lines(*node)],
                    )),
                );
            }
        }
    }
}
