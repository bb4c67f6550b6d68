//! One mesh in three languages: KDL, YAML and JSON say the same, and mistakes in them are told alike.

use std::collections::BTreeMap;

use crate::common;
use mesh_compiler::diag::render;
use mesh_compiler::diag::{FileId, Language, Severity, Sink};
use mesh_compiler::emit::{Options, Output, emit};
use mesh_compiler::spec::schema::{Child, Field, NodeSpec, SPEC, Times};
use mesh_compiler::syntax::{Node, Property, Scalar, Value, print};
use mesh_compiler::{Compiled, World, compile, spec};
use mesh_wire::Sha256;
use proptest::prelude::*;

struct One<'a>(&'a str);

impl World for One<'_> {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

const LANGUAGES: [(Language, &str); 3] = [
    (Language::Kdl, "spec.kdl"),
    (Language::Yaml, "spec.yaml"),
    (Language::Json, "spec.json"),
];

fn nodes(text: &str, language: Language) -> Vec<Node> {
    let mut sink = Sink::default();
    let nodes = spec::parse(text, language, FileId(0), &mut sink);
    let found: Vec<_> = sink.finish().into_iter().map(|found| found.message).collect();
    assert!(found.is_empty(), "{found:?} in\n{text}");
    nodes.expect("a text without mistakes is a tree")
}

fn printed(nodes: &[Node], language: Language) -> String {
    match language {
        Language::Kdl => print::kdl(nodes),
        Language::Yaml => print::yaml(&spec::data(nodes)),
        Language::Json => print::json(&spec::data(nodes)),
    }
}

fn output(text: &str, path: &str) -> Output {
    let compiled = compile(&One(text), path);
    let shown = render::short(&compiled.diagnostics, &compiled.sources);
    let mesh = compiled.model.unwrap_or_else(|| panic!("{shown}\n{text}"));
    let options = Options {
        spec: Sha256::of(b"the same"),
        credentials: BTreeMap::new(),
    };
    emit(&mesh, &options)
}

/// Tree without places.
fn plain(nodes: &[Node]) -> String {
    let mut text = String::new();
    for node in nodes {
        let args: Vec<_> = node.args.iter().map(|arg| &arg.scalar).collect();
        let props: Vec<_> = node
            .props
            .iter()
            .map(|prop| (&prop.key.value, &prop.value.scalar))
            .collect();
        text.push_str(&format!(
            "{} {args:?} {props:?} {{{}}}\n",
            node.name.value,
            plain(&node.children)
        ));
    }
    text
}

#[test]
fn the_examples_say_the_same_in_every_language() {
    let folder = common::root().join("examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the examples are there") {
        let spec = entry.expect("examples can be listed").path().join("spec.kdl");
        if !spec.exists() {
            continue;
        }
        let text = common::read(&spec);
        // What lies beside the spec is not there.
        if ["include ", "inventory ", "raw "]
            .iter()
            .any(|word| text.contains(word))
        {
            continue;
        }
        let tree = nodes(&text, Language::Kdl);
        let before = output(&text, "spec.kdl");
        for (language, path) in LANGUAGES {
            let after = output(&printed(&tree, language), path);
            assert!(before == after, "{} as {}", spec.display(), language.name());
        }
        seen += 1;
    }
    assert!(seen > 1);
}

/// A tree that the table knows, from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn scalar(&mut self) -> Scalar {
        const TEXTS: &[&str] = &[
            "a",
            "forum-vm",
            "10.0.0.1",
            "true",
            "no",
            "",
            " ",
            "a: b",
            "- a",
            "#x",
            "é\n\"\\\t",
            "0x1f",
            "1.5",
            "~",
            "null",
            "*a",
            "&a",
            "{}",
            "[x]",
            "a,b",
            "yes",
            "$gateway",
            "\u{2028}\u{85}\u{feff}",
            "%",
            "@x",
            "`",
            "!t",
            "|",
            ">",
            "? a",
            "=",
            "<<",
            "8080",
            "\u{1}",
            "/api/*",
            "😀",
            "a #b",
            "'q'",
            "---",
            "...",
            "\r\n",
            "-1",
            "_",
        ];
        match self.below(6) {
            0 => Scalar::Integer(self.below(70_000) as i128 - 10),
            1 => Scalar::Float(format!("{}.{}", self.below(100), self.below(100))),
            2 => Scalar::Bool(self.below(2) == 0),
            _ => Scalar::Text(TEXTS[self.below(TEXTS.len())].to_owned()),
        }
    }

    fn value(&mut self) -> Value {
        Value {
            scalar: self.scalar(),
            span: mesh_compiler::diag::Span::default(),
        }
    }

    fn prop(&mut self, key: &str) -> Property {
        Property {
            key: word(key),
            value: self.value(),
        }
    }

    fn props(&mut self, fields: &[Field]) -> Vec<Property> {
        let mut props = Vec::new();
        for field in fields {
            let most = if field.ty.is_list() { 4 } else { 2 };
            props.extend(
                (0..self.below(most))
                    .map(|_| self.prop(field.name))
                    .collect::<Vec<_>>(),
            );
        }
        props
    }

    fn node(&mut self, spec: &'static NodeSpec, depth: usize) -> Node {
        let most = spec.args.len() + if spec.repeat_last { 3 } else { 0 };
        let args = (0..self.below(most + 1)).map(|_| self.value()).collect();
        let mut props = self.props(spec.props);
        if spec.labels {
            let keys = [
                "version",
                "name",
                "example.com/a",
                "true",
                "1",
                "a b",
                "labels",
                "é",
            ];
            let keys = keys
                .iter()
                .filter(|key| spec.props.iter().all(|field| field.name != **key));
            props.extend(
                keys.take(self.below(9))
                    .map(|key| self.prop(key))
                    .collect::<Vec<_>>(),
            );
        }
        let children = if depth == 0 {
            Vec::new()
        } else {
            self.nodes(spec.children, depth - 1)
        };
        let span = mesh_compiler::diag::Span::default();
        Node {
            name: word(spec.name),
            args,
            props,
            children,
            span,
        }
    }

    fn nodes(&mut self, known: &'static [Child], depth: usize) -> Vec<Node> {
        let mut nodes = Vec::new();
        // The table grows, a tree should not: half of what may be there is left out.
        let known: Vec<_> = known.iter().filter(|_| self.below(2) == 0).collect();
        for child in known {
            let most = if matches!(child.times, Times::Any | Times::Some) {
                4
            } else {
                2
            };
            for _ in 0..self.below(most) {
                nodes.push(self.node(child.node, depth));
            }
        }
        nodes
    }
}

fn word(text: &str) -> mesh_compiler::diag::Spanned<String> {
    mesh_compiler::diag::Spanned {
        value: text.to_owned(),
        span: mesh_compiler::diag::Span::default(),
    }
}

/// Compiles and renders in every form: places have to lie inside of the text for that.
fn compiled(text: &str, path: &str) -> Compiled {
    let compiled = compile(&One(text), path);
    let spans = compiled
        .diagnostics
        .iter()
        .flat_map(|one| one.labels.iter().chain([&one.primary]));
    for span in spans.map(|label| label.span) {
        assert!(text.get(span.start..span.end).is_some(), "{span:?} in {text:?}");
    }
    render::human(
        &compiled.diagnostics,
        &compiled.sources,
        render::Style {
            color: true,
            width: 80,
        },
    );
    let errors = compiled
        .diagnostics
        .iter()
        .any(|one| one.severity == Severity::Error);
    assert_eq!(compiled.model.is_none(), errors);
    compiled
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_as_the_same_tree(seed in any::<u64>()) {
        let tree = Chance(seed).nodes(SPEC, 4);
        for (language, _) in LANGUAGES {
            let text = printed(&tree, language);
            let again = nodes(&text, language);
            prop_assert_eq!(plain(&tree), plain(&again), "{}", text);
        }
    }

    #[test]
    fn any_text_ends_in_diagnostics(text in "\\PC{0,120}") {
        compiled(&text, "spec.yaml");
        compiled(&text, "spec.json");
    }

    #[test]
    fn any_text_of_the_language_s_words_ends_in_diagnostics(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "mesh", "network", "cluster", "namespace", "service", "vms", "vm", "port", "allow", "health", ": ",
                ":\n", "\n", "\n  ", "\n    ", "- ", "{", "}", "[", "]", ",", "\"", "'", "8080", "http", "name",
                "address", "10.0.0.1", "true", "~", "&a ", "*a", "!t ", "\t", "#", " # ", "|", ">", "é", "---", "label",
                "<<", "? ", "\r\n", "\"mesh\":", "\"name\": ", "%", "\u{feff}", "\u{2028}",
            ]),
            0..60,
        ),
    ) {
        let text = words.concat();
        compiled(&text, "spec.yaml");
        compiled(&text, "spec.json");
    }

    #[test]
    fn a_damaged_spec_ends_in_diagnostics(start in 0..6000_usize, length in 0..40_usize, with in "\\PC{0,6}") {
        let forum = common::read(&common::root().join("examples/forum/spec.kdl"));
        let tree = nodes(&forum, Language::Kdl);
        for (language, path) in &LANGUAGES[1..] {
            let text = printed(&tree, *language);
            let start = text.floor_char_boundary(start.min(text.len()));
            let end = text.ceil_char_boundary((start + length).min(text.len()));
            compiled(&format!("{}{with}{}", &text[..start], &text[end..]), path);
        }
    }
}

/// The mistakes of a newcomer, each once in every language, in what must be one file: code, and the text at its place.
#[test]
fn the_same_mistake_is_told_alike_in_every_language() {
    const KDL: &str = "mesh m\nnetwork kube\ncluster c network=kube\nnamespace shop {\n";
    const YAML: &str =
        "mesh: m\nnetwork: kube\ncluster: {name: c, network: kube}\nnamespace:\n  name: shop\n";
    // Code, KDL in the namespace, YAML in the namespace, what is marked.
    let cases: &[(&str, &str, &str, &str)] = &[
        (
            "MC-L002",
            "servise a { port 1 http }",
            "servise: {name: a}",
            "servise",
        ),
        (
            "MC-L003",
            "service a acount=b { port 80 http }",
            "service: {name: a, acount: b, port: {number: 80, protocol: http}}",
            "acount",
        ),
        (
            "MC-L004",
            "service a { port 80 htpp }",
            "service: {name: a, port: {number: 80, protocol: htpp}}",
            "htpp",
        ),
        (
            "MC-L004",
            "service a { port 99999 http }",
            "service: {name: a, port: {number: 99999, protocol: http}}",
            "99999",
        ),
        (
            "MC-L004",
            "service a headless=yes { port 80 http }",
            "service: {name: a, headless: yes, port: {number: 80, protocol: http}}",
            "yes",
        ),
        (
            "MC-K002",
            "service A { port 80 http }",
            "service: {name: A, port: {number: 80, protocol: http}}",
            "A",
        ),
        (
            "MC-L006",
            "service a { port 80 http; balance random; balance random }",
            "service: {name: a, port: {number: 80, protocol: http}, balance: random, balance: random}",
            "balance",
        ),
        (
            "MC-L006",
            "service a { port 80 http }\nservice a { port 80 http }",
            "service: [{name: a, port: {number: 80, protocol: http}}, {name: a, port: {number: 80, protocol: http}}]",
            "a",
        ),
        (
            "MC-S002",
            "service a { port 80 http; allow from=bb }",
            "service: {name: a, port: {number: 80, protocol: http}, allow: {from: bb}}",
            "bb",
        ),
        (
            "MC-L004",
            "service a { port 80 http; eject at-most=50 }",
            "service: {name: a, port: {number: 80, protocol: http}, eject: {at-most: 50}}",
            "50",
        ),
    ];
    for (code, kdl, yaml, marked) in cases {
        let text = format!("{YAML}  {yaml}\n");
        let json = as_json(&text);
        for (text, path) in [
            (format!("{KDL}{kdl}\n}}\n"), "spec.kdl"),
            (text.clone(), "spec.yaml"),
            (json, "spec.json"),
        ] {
            let compiled = compiled(&text, path);
            let found: Vec<_> = compiled
                .diagnostics
                .iter()
                .map(|found| {
                    (
                        found.code.id,
                        &text[found.primary.span.start..found.primary.span.end],
                    )
                })
                .collect();
            let bare = |text: &str| {
                text.split(' ')
                    .next()
                    .unwrap_or_default()
                    .trim_matches('"')
                    .to_owned()
            };
            let there = found.iter().any(|(id, at)| id == code && bare(at) == *marked);
            assert!(there, "{path}: {code} at `{marked}`, found {found:?} in\n{text}");
        }
    }
}

/// A text of flow mappings as JSON, keys that are twice there included.
fn as_json(text: &str) -> String {
    fn datum(datum: &mesh_compiler::syntax::Datum) -> String {
        print::json(datum)
    }
    let mut sink = Sink::default();
    let document = mesh_compiler::syntax::parse(text, Language::Yaml, FileId(0), &mut sink);
    match document {
        Some(mesh_compiler::syntax::Document::Data(data)) => datum(&data),
        other => panic!("{other:?} of {text}"),
    }
}
