use std::collections::BTreeMap;

use crate::manifest::Object;
use crate::syntax::{self, Node, Scalar, print};

/// The objects at these places, as they are written, a file for each namespace.
pub(super) fn raw(objects: &[Object], places: impl Iterator<Item = usize>) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for object in places.filter_map(|at| objects.get(at)) {
        let name = object
            .namespace
            .as_ref()
            .map_or("cluster", |namespace| namespace.value.as_str());
        files
            .entry(format!("raw/{name}.yaml"))
            .or_default()
            .push(print::yaml(&object.body));
    }
    files
        .into_iter()
        .map(|(path, texts)| (path, texts.join("---\n")))
        .collect()
}

/// The spec as people write it: a paragraph for every thing.
pub(super) fn spec(mut nodes: Vec<Node>, raw: &BTreeMap<String, String>, notes: &[String]) -> String {
    nodes.iter_mut().for_each(escape);
    let mut text = String::new();
    if !notes.is_empty() {
        text.push_str("// What the objects leave open:\n");
        text.extend(notes.iter().map(|note| format!("// - {note}\n")));
        text.push('\n');
    }
    let mut before = "";
    for node in &nodes {
        let name = node.name.value.as_str();
        if !before.is_empty() && (before != name || !node.children.is_empty()) {
            text.push('\n');
        }
        text.push_str(&print::kdl(std::slice::from_ref(node)));
        before = name;
    }
    if !raw.is_empty() {
        text.push_str("\n// What the language does not say.\nraw \"raw/*.yaml\"\n");
    }
    syntax::format(&paragraphs(&text))
}

/// In a text, a dollar begins the name of a parameter.
fn escape(node: &mut Node) {
    let args = node.args.iter_mut();
    let props = node.props.iter_mut().map(|prop| &mut prop.value);
    for value in args.chain(props) {
        if let Scalar::Text(text) = &mut value.scalar
            && text.contains('$')
        {
            *text = text.replace('$', "$$");
        }
    }
    node.children.iter_mut().for_each(escape);
}

/// What lives in a namespace stands apart.
fn paragraphs(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    let mut before = "";
    for line in text.lines() {
        let stands = ["service", "external", "vms"];
        let own = line.strip_prefix("    ").and_then(|rest| rest.split(' ').next());
        if own.is_some_and(|word| stands.contains(&word)) && !before.ends_with('{') {
            spaced.push('\n');
        }
        spaced.push_str(line);
        spaced.push('\n');
        before = line;
    }
    spaced
}
