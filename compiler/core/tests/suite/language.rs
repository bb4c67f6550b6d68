//! Texts of every kind end in a mesh or in diagnostics.

use mesh_compiler::diag::render::{self, Style};
use mesh_compiler::{Compiled, World, compile};
use proptest::prelude::*;

const FORUM: &str = include_str!("../../../../examples/forum/spec.kdl");
const REFERENCE: &str = include_str!("../../../../examples/reference/spec.kdl");

struct One<'a>(&'a str);

impl World for One<'_> {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

/// Compiles and renders in every form: places have to lie inside of the text for that.
fn compiled(text: &str) -> Compiled {
    let compiled = compile(&One(text), "spec.kdl");
    let (found, sources) = (&compiled.diagnostics, &compiled.sources);
    for span in found
        .iter()
        .flat_map(|one| one.labels.iter().chain([&one.primary]))
        .map(|label| label.span)
    {
        assert!(
            span.start <= span.end && span.end <= text.len(),
            "{span:?} in {} bytes",
            text.len()
        );
        assert!(
            text.is_char_boundary(span.start) && text.is_char_boundary(span.end),
            "{span:?}"
        );
    }
    render::human(
        found,
        sources,
        Style {
            color: true,
            width: 80,
        },
    );
    render::short(found, sources);
    render::json(found, sources);
    assert_eq!(
        compiled.model.is_none(),
        found
            .iter()
            .any(|one| one.severity == mesh_compiler::diag::Severity::Error)
    );
    compiled
}

#[test]
fn the_examples_are_clean() {
    // The reference keeps a default of Istio's that ejects nobody, as istiod was told it.
    let default = "warning[MC-T035]: none of 2 machines is ever left out: one is more than 10% of them\n";
    for (text, said) in [(FORUM, ""), (REFERENCE, default)] {
        let compiled = compiled(text);
        let shown = render::short(&compiled.diagnostics, &compiled.sources);
        let said_only = shown.split_once(": ").map_or("", |(_, rest)| rest);
        assert_eq!(said_only, said, "{shown}");
        assert!(compiled.model.is_some());
    }
}

#[test]
fn texts_that_were_found_by_chance_stay_harmless() {
    for text in ["\"\"a\"\"\u{2000}", "\u{feff}mesh a", ""] {
        compiled(text);
    }
}

#[test]
fn deep_texts_are_refused_and_others_are_not() {
    let nested = |depth: usize| format!("{}{}", "a {\n".repeat(depth), "}\n".repeat(depth));
    assert!(
        compiled(&nested(30))
            .diagnostics
            .iter()
            .all(|found| found.code.id != "MC-L001")
    );
    for hostile in [
        nested(100_000),
        "a {".repeat(100_000),
        "/*".repeat(100_000),
        "a (".repeat(100_000),
    ] {
        assert!(
            compiled(&hostile)
                .diagnostics
                .iter()
                .any(|found| found.code.id == "MC-L001")
        );
    }
}

/// The parser of KDL goes one call deeper for each of these: thousands of them once ended the process.
#[test]
fn many_slips_are_no_more_than_some() {
    for slip in [
        "a = \n",
        "a ] \n",
        "a (\n)\n",
        "a \0\n",
        "\"\\u{zz}\"\n",
        "\\\n/-",
        "+ #-inf",
        "a {} b\n",
    ] {
        let found = compiled(&slip.repeat(20_000)).diagnostics;
        assert!((1..=12).contains(&found.len()), "{slip:?}: {}", found.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_ends_in_diagnostics(text in "\\PC{0,200}") {
        compiled(&text);
    }

    #[test]
    fn any_text_of_the_language_s_words_ends_in_diagnostics(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "mesh", "network", "cluster", "namespace", "service", "vms", "vm", "port", "allow", "health", "{", "}",
                "\n", ";", "a", "8080", "http", "from=", "address=", "\"10.0.0.1\"", "=", "#true", "\"", "/-", "/*",
                "*/", "0x", "1e9", "-1", "99999999999999999999999999999999999999999999", "é", "label", "a=b", "(",
            ]),
            0..60,
        ),
    ) {
        compiled(&words.join(" "));
    }

    #[test]
    fn a_damaged_spec_ends_in_diagnostics(start in 0..3000_usize, length in 0..40_usize, with in "\\PC{0,6}") {
        let start = FORUM.floor_char_boundary(start.min(FORUM.len()));
        let end = FORUM.ceil_char_boundary((start + length).min(FORUM.len()));
        compiled(&format!("{}{with}{}", &FORUM[..start], &FORUM[end..]));
    }
}
