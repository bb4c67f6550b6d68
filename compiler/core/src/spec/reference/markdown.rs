use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::diag::{FileId, Language, Sink};
use crate::spec::schema::{Child, Field, NodeSpec, SPEC, Times};
use crate::spec::shape;
use crate::syntax::{Document, Node, Scalar, parse, print};

/// The reference of the language: `docs/spec.md`.
pub fn markdown() -> String {
    let mut book = Book::default();
    book.collect(SPEC, "");
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n## Contents\n\n");
    contents(SPEC, 0, "", &book, &mut text);
    for (anchor, spec) in &book.sections {
        section(spec, anchor, &book, &mut text);
    }
    text
}

const INTRODUCTION: &str = r#"# The language of specs

A spec says what is in a mesh: networks, clusters, namespaces, services, and the machines that serve them. It is
written in [KDL](https://kdl.dev), YAML or JSON, which say the same; the end of the file's name tells which.

```kdl
service cart {
    port 8080 http
    allow from=web methods="GET,POST"
}
```

```yaml
service:
  name: cart
  port: {number: 8080, protocol: http}
  allow: {from: web, methods: [GET, POST]}
```

In KDL a node has a name, values in their order (`8080 http`), properties (`from=web`) and children in braces. In YAML
and JSON all of these are keys of one mapping: values by the names below, properties by theirs, children by the names
of their nodes. Of what there may be several is a list, or one of them alone; a node with one value and nothing else is
that value (`mtls: strict`); labels stand under `labels`, where a node has something else too.

`meshc convert` writes one language in another, `meshc fmt` puts a spec in order, and `meshc schema` prints a JSON Schema
for editors: with the YAML extension of most editors, the first line
`# yaml-language-server: $schema=…/schemas/spec.json` of a spec completes and explains every key.

*This page is made from the table that the compiler checks specs with: `cargo xtask generate`.*
"#;

/// Every node once, where it stands first.
#[derive(Default)]
struct Book {
    sections: Vec<(String, &'static NodeSpec)>,
    /// Anchors, by where the table keeps the node.
    anchors: BTreeMap<usize, String>,
    /// What a node may stand in.
    parents: BTreeMap<usize, Vec<usize>>,
}

fn place(spec: &'static NodeSpec) -> usize {
    std::ptr::from_ref(spec).addr()
}

impl Book {
    fn collect(&mut self, children: &'static [Child], parent: &str) {
        for child in children {
            if self.anchors.contains_key(&place(child.node)) {
                continue;
            }
            let taken = |name: &str| self.sections.iter().any(|(anchor, _)| anchor == name);
            let name = child.node.name;
            let anchor = if taken(name) {
                format!("{parent}-{name}")
            } else {
                name.to_owned()
            };
            self.anchors.insert(place(child.node), anchor.clone());
            self.sections.push((anchor.clone(), child.node));
            self.collect(child.node.children, &anchor);
        }
        for child in children {
            for inner in child.node.children {
                let parents = self.parents.entry(place(inner.node)).or_default();
                if !parents.contains(&place(child.node)) {
                    parents.push(place(child.node));
                }
            }
        }
    }

    fn link(&self, spec: &'static NodeSpec) -> String {
        let anchor = self.anchors.get(&place(spec)).map_or(spec.name, String::as_str);
        format!("[`{}`](#{anchor})", spec.name)
    }

    /// Links to what `spec` may stand in, in the order of the page.
    fn homes(&self, spec: &'static NodeSpec) -> Vec<String> {
        let parents = self.parents.get(&place(spec)).map_or(&[][..], Vec::as_slice);
        let home = |(_, section): &(String, &'static NodeSpec)| {
            parents.contains(&place(section)).then(|| self.link(section))
        };
        self.sections.iter().filter_map(home).collect()
    }
}

fn contents(children: &'static [Child], depth: usize, parent: &str, book: &Book, text: &mut String) {
    for child in children {
        let anchor = book.anchors.get(&place(child.node)).map_or("", String::as_str);
        // Where it stands again, its own children are not told again.
        let first = anchor == child.node.name && !text.contains(&format!("(#{anchor})"))
            || anchor == format!("{parent}-{}", child.node.name);
        let indent = "  ".repeat(depth);
        let _ = writeln!(
            text,
            "{indent}- {}: {}",
            book.link(child.node),
            first_sentence(child.node.about)
        );
        if first {
            contents(child.node.children, depth + 1, anchor, book, text);
        }
    }
}

fn first_sentence(about: &str) -> &str {
    about
        .find(". ")
        .or_else(|| about.find(": `"))
        .map_or(about.trim_end_matches('.'), |end| &about[..end])
}

fn section(spec: &'static NodeSpec, anchor: &str, book: &Book, text: &mut String) {
    let title = if anchor == spec.name {
        format!("`{}`", spec.name)
    } else {
        format!("`{}` ({anchor})", spec.name)
    };
    let _ = write!(
        text,
        "\n<a id=\"{anchor}\"></a>\n\n## {title}\n\n{}\n",
        spec.about
    );
    let homes = book.homes(spec);
    if !homes.is_empty() {
        let _ = writeln!(text, "\nIn {}.", homes.join(", "));
    }
    let _ = write!(text, "\n```kdl\n{}\n```\n", usage(spec));
    examples(spec, text);
    let rows: Vec<_> = spec
        .args
        .iter()
        .enumerate()
        .map(|(at, field)| {
            row(
                field,
                if spec.repeat_last && at + 1 == spec.args.len() {
                    "values"
                } else {
                    "value"
                },
            )
        })
        .chain(spec.props.iter().map(|field| row(field, "property")))
        .collect();
    if !rows.is_empty() {
        text.push_str("\n| | | what it is | meaning |\n|---|---|---|---|\n");
        rows.iter().for_each(|row| text.push_str(row));
    }
    if spec.labels {
        text.push_str("\nFurther properties are labels, `key=value`.\n");
    }
    if !spec.children.is_empty() {
        text.push_str("\n| in its braces | how often | |\n|---|---|---|\n");
        for child in spec.children {
            let about = first_sentence(child.node.about);
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                book.link(child.node),
                often(child.times),
                cell(about)
            );
        }
    }
}

fn often(times: Times) -> &'static str {
    match times {
        Times::Optional => "once or not at all",
        Times::Once => "once",
        Times::Any => "any number",
        Times::Some => "one or more",
    }
}

fn row(field: &Field, kind: &str) -> String {
    let what = field.ty.describe();
    let needed = if field.required { ", needed" } else { "" };
    format!(
        "| `{}` | {kind}{needed} | {} | {} |\n",
        field.name,
        cell(&what),
        cell(field.about)
    )
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// `service NAME account=… { … }`.
pub fn usage(spec: &NodeSpec) -> String {
    let mut text = spec.name.to_owned();
    for field in spec.args {
        let name = field.name.to_uppercase();
        text.push_str(&if field.required {
            format!(" {name}")
        } else {
            format!(" [{name}]")
        });
    }
    if spec.repeat_last {
        text.push('…');
    }
    for field in spec.props {
        text.push_str(&if field.required {
            format!(" {}=…", field.name)
        } else {
            format!(" [{}=…]", field.name)
        });
    }
    if spec.labels {
        text.push_str(" key=value…");
    }
    if !spec.children.is_empty() {
        text.push_str(" { … }");
    }
    text
}

/// The pieces of KDL in the text about the node that are this node, and how they look in YAML.
fn examples(spec: &'static NodeSpec, text: &mut String) {
    let pieces = spec.about.split('`').skip(1).step_by(2);
    let nodes = pieces.filter(|piece| piece.contains(' ')).filter_map(|piece| {
        let mut sink = Sink::default();
        match parse(piece, Language::Kdl, FileId::default(), &mut sink)? {
            Document::Nodes(nodes) if sink.is_empty() => nodes.into_iter().next(),
            _ => None,
        }
    });
    let shown: Vec<Node> = nodes
        .filter(|node| node.name.value == spec.name)
        .filter(|node| {
            !node
                .args
                .iter()
                .any(|arg| matches!(&arg.scalar, Scalar::Text(text) if is_placeholder(text)))
        })
        .collect();
    for node in shown {
        let yaml = print::flow(&[shape::entry(&node, spec)], Language::Yaml);
        let _ = writeln!(text, "\nIn YAML: `{yaml}`");
    }
}

/// `NAME`: a word for what stands there.
fn is_placeholder(text: &str) -> bool {
    text.len() > 1 && text.chars().all(|c| c.is_ascii_uppercase() || c == '-')
}
