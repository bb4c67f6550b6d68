//! Diagnostics are written in KDL's words: `` write `port 8080 http` ``. For a file in another language, what
//! stands between backticks is put into that one's, by the table: `` write `port: {number: 8080, …}` ``. No rule
//! has to know of it.

use super::schema::{Child, NodeSpec, SPEC};
use super::shape;
use crate::diag::{FileId, Language, Sink, Span, Spanned};
use crate::syntax::{self, Datum, Document, Entry, Kind, Node, Scalar};

/// `text` in the words of `language`.
pub(crate) fn say(language: Language, text: &str) -> String {
    if language == Language::Kdl || !text.contains(['`', '#']) {
        return text.to_owned();
    }
    let mut said = String::with_capacity(text.len());
    let parts: Vec<_> = text.split('`').collect();
    for (at, part) in parts.iter().enumerate() {
        let quoted = at % 2 == 1 && at + 1 < parts.len();
        if at > 0 {
            said.push('`');
        }
        match quoted {
            true => said.push_str(&snippet(language, part)),
            false => said.push_str(&plain(part)),
        }
    }
    said
}

fn plain(text: &str) -> String {
    ["true", "false", "null"]
        .iter()
        .fold(text.to_owned(), |text, word| {
            text.replace(&format!("#{word}"), word)
        })
}

fn snippet(language: Language, text: &str) -> String {
    if !text.contains([' ', '=', '{', '"', '#']) {
        return text.to_owned();
    }
    let entries = match text.strip_suffix('=') {
        Some(key) if is_word(key) => return key_only(language, key),
        Some(_) => entries(&format!("{text}…")),
        None => entries(text),
    };
    match entries {
        Some(entries) => syntax::print::flow(&entries, language),
        None => plain(text),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn key_only(language: Language, key: &str) -> String {
    match language {
        Language::Json => format!("\"{key}\":"),
        _ => format!("{key}:"),
    }
}

/// What a piece of KDL says: nodes of the table, or properties of one that is not named.
fn entries(text: &str) -> Option<Vec<Entry>> {
    if let Some(nodes) = read(text) {
        return nodes
            .iter()
            .map(|node| spec_of(node, SPEC).map(|spec| shape::entry(node, spec)))
            .collect();
    }
    let nodes = read(&format!("node {text}"))?;
    let [node] = nodes.as_slice() else { return None };
    if !node.args.is_empty() || !node.children.is_empty() || node.props.is_empty() {
        return None;
    }
    let entry = |prop: &syntax::Property| Entry {
        key: Spanned {
            value: prop.key.value.clone(),
            span: Span::default(),
        },
        value: Datum {
            kind: Kind::Scalar(prop.value.scalar.clone()),
            span: Span::default(),
        },
    };
    Some(node.props.iter().map(entry).collect())
}

fn read(text: &str) -> Option<Vec<Node>> {
    let mut sink = Sink::default();
    match syntax::parse(text, Language::Kdl, FileId::default(), &mut sink)? {
        Document::Nodes(nodes) if sink.is_empty() && !nodes.is_empty() => Some(nodes),
        _ => None,
    }
}

/// The place in the table that fits the node: several have the same name.
fn spec_of(node: &Node, known: &'static [Child]) -> Option<&'static NodeSpec> {
    known.iter().find_map(|child| {
        let here = (child.node.name == node.name.value && fits(node, child.node)).then_some(child.node);
        here.or_else(|| spec_of(node, child.node.children))
    })
}

fn fits(node: &Node, spec: &'static NodeSpec) -> bool {
    let known = |key: &str| spec.labels || spec.props.iter().any(|field| field.name == key);
    let child = |node: &Node| {
        let child = spec
            .children
            .iter()
            .find(|child| child.node.name == node.name.value);
        child.is_some_and(|child| fits(node, child.node))
    };
    let texts = node.args.iter().all(|arg| arg.scalar != Scalar::Null);
    (node.args.len() <= spec.args.len() || spec.repeat_last)
        && texts
        && node.props.iter().all(|prop| known(&prop.key.value))
        && node.children.iter().all(child)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_kdl_become_those_of_the_language() {
        for (kdl, yaml) in [
            ("write `name=`", "write `name:`"),
            (
                "write `port NUMBER PROTOCOL`",
                "write `port: {number: NUMBER, protocol: PROTOCOL}`",
            ),
            (
                "write `gateway address=\"…\"` in it",
                "write `gateway: {address: …}` in it",
            ),
            ("write `http=PORT path=\"/…\"`", "write `http: PORT, path: /…`"),
            ("`inbound=all` beside it", "`inbound: all` beside it"),
            ("write `mtls strict`", "write `mtls: strict`"),
            (
                "write `subset v1 version=…`",
                "write `subset: {name: v1, labels: {version: …}}`",
            ),
            (
                "write `ssh host=` in each `vm`",
                "write `ssh: {host: …}` in each `vm`",
            ),
            ("write #true", "write true"),
            (
                "found #null, not `least-request`",
                "found null, not `least-request`",
            ),
            ("a `lonely backtick", "a `lonely backtick"),
            ("`banana split=1`", "`banana split=1`"),
        ] {
            assert_eq!(say(Language::Yaml, kdl), yaml);
            assert_eq!(say(Language::Kdl, kdl), kdl);
        }
        assert_eq!(
            say(Language::Json, "write `allow from=a headless=#true` or `port=`"),
            "write `allow from=a headless=true` or `\"port\":`"
        );
        assert_eq!(
            say(Language::Json, "`allow from=a`"),
            "`\"allow\": {\"from\": \"a\"}`"
        );
    }
}
