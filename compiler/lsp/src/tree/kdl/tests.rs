use mesh_compiler::diag::{FileId, Language, Sink};
use mesh_compiler::spec;
use mesh_compiler::syntax::{Node, Property, Value};
use proptest::prelude::*;

use super::*;

/// What the compiler reads of a text without mistakes is what is seen of it.
fn compare(text: &str) {
    let mut sink = Sink::default();
    let Some(nodes) = spec::parse(text, Language::Kdl, FileId(0), &mut sink) else {
        return;
    };
    if sink.is_empty() {
        same(&nodes, &read(text).nodes, text);
    }
}

fn same(nodes: &[Node], seen: &[Branch], text: &str) {
    assert_eq!(nodes.len(), seen.len(), "{text:?} {seen:?}");
    for (node, branch) in nodes.iter().zip(seen) {
        assert_eq!(node.name.span, branch.name.span, "{text:?}");
        // Texts of several lines are seen with their blanks, and escapes of blanks as they are.
        let plain = !text.contains("\"\"\"") && !text.contains('\\');
        assert!(node.name.value == branch.name.value || !plain, "{text:?}");
        let spans = |values: &[Value]| values.iter().map(|value| value.span).collect::<Vec<_>>();
        assert_eq!(spans(&node.args), spans(&branch.args), "{text:?}");
        let keys = |props: &[Property]| props.iter().map(|prop| prop.key.span).collect::<Vec<_>>();
        assert_eq!(keys(&node.props), keys(&branch.props), "{text:?}");
        same(&node.children, &branch.children, text);
    }
}

#[test]
fn a_text_without_mistakes_is_seen_as_the_compiler_reads_it() {
    for text in [
        include_str!("../../../../../examples/forum/spec.kdl"),
        include_str!("../../../../../examples/reference/spec.kdl"),
        "a b 1 \"c d\" e=f g=\"h\" { // why\n  i; j \\\n  k\n}; l { m }",
        "a /-b c /-d=e { f }\n/-g { \"}\" }\nh /* { */ i",
        "a \"\"\"\n  b }\n  \"\"\" c\nd #\"e \" f\"# (t)g",
        "a b = c",
        "\"a b\" c",
        "a\r\nb { c\r\n}\r\n",
    ] {
        compare(text);
    }
}

fn shape(text: &str) -> String {
    fn write(branch: &Branch, into: &mut String) {
        into.push_str(&branch.name.value);
        for arg in &branch.args {
            into.push_str(&format!(" {}", arg.scalar));
        }
        for prop in &branch.props {
            into.push_str(&format!(" {}={}", prop.key.value, prop.value.scalar));
        }
        if branch.body.is_some() {
            into.push('(');
            branch.children.iter().for_each(|child| write(child, into));
            into.push(')');
        }
        into.push(';');
    }
    let mut into = String::new();
    read(text)
        .nodes
        .iter()
        .for_each(|branch| write(branch, &mut into));
    into
}

#[test]
fn a_text_that_is_still_typed_is_seen_as_it_is_meant() {
    for (text, seen) in [
        (
            "mesh m {\n  mtls \n}\nnetwork kube",
            "mesh m(mtls;);network kube;",
        ),
        (
            "mesh m {\n  mtls strict\nnetwork kube\n",
            "mesh m(mtls strict;);network kube;",
        ),
        ("a {\n  b {\n    c\n  d\n}\ne", "a(b(c;);d;);e;"),
        ("cluster c network=\nnetwork n", "cluster c network=;network n;"),
        ("allow from=\"a,\nport 80", "allow from=a,;port 80;"),
        ("a \"b\n}\nc", "a b;c;"),
        ("}}a", "a;"),
        (
            "vm a address=10.0.0.1 locality=eu/a",
            "vm a address=10.0.0.1 locality=eu/a;",
        ),
        ("a = b\n= c", "a b;c;"),
    ] {
        assert_eq!(shape(text), seen, "{text:?}");
    }
}

#[test]
fn deep_texts_are_seen_without_recursion() {
    let text = "a {".repeat(100_000);
    let mut depth = 0;
    let mut nodes = &read(&text).nodes;
    while let Some(node) = nodes.first() {
        depth += 1;
        nodes = &node.children;
    }
    assert!(depth <= DEPTH + 1, "{depth}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]
    #[test]
    fn texts_are_seen_as_the_compiler_reads_them(parts in prop::collection::vec(prop::sample::select(vec![
        "a", "b-c", "$d", "true", "\"g h\"", "\"\"", "1", "20", "#true", "#null", "=", " ", " ", " ", "\t", "\n", "\n", ";", "{", "}",
        " {\n", "\n}\n", "// j\n", "//", "/", "\\", "\\\n", "\"", "-", "*", ":", "k=l", "m=\"n\"", "é", "\r", "/-", "/*", "*/", "(t)",
        "#\"r\"#", "\"\"\"\n\"\"\"",
    ]), 0..24)) {
        compare(&parts.concat());
    }

    #[test]
    fn nothing_makes_it_panic(text in ".{0,80}") {
        let tree = read(&text);
        prop_assert!(tree.nodes.iter().all(|node| node.whole.end <= text.len()));
    }
}
