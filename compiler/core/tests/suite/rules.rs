//! Every code has a page, and the page's examples show what the code finds and what it does not.

use std::collections::BTreeMap;

use mesh_compiler::diag::{Diagnostic, code, render};
use mesh_compiler::rules::{RULES, page};
use mesh_compiler::{ObjectOptions, World, check_objects, compile};

/// An example and the files beside it.
struct Page<'a>(&'a str, &'a BTreeMap<String, String>);

impl World for Page<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        match self.1.get(path) {
            Some(text) => Ok(text.clone()),
            None if path.starts_with("example.") => Ok(self.0.to_owned()),
            None => Err("there is no such file".to_owned()),
        }
    }
}

/// Where examples that are no whole specs stand.
const FRAME: &str = r#"mesh frame
network kube
network vm cidr="10.10.0.0/24"
cluster main network=kube { gateway address="203.0.113.10" }
namespace shop {
"#;

/// Blocks that have a name: files beside the examples.
fn files(page: &str) -> BTreeMap<String, String> {
    let mut blocks = page.split("\n```");
    blocks.next();
    let named = blocks.step_by(2).filter_map(|block| {
        let (head, body) = block.split_once('\n')?;
        let (_, name) = head.split_once(' ')?;
        name.contains('.').then(|| (name.to_owned(), format!("{body}\n")))
    });
    named.collect()
}

struct Example {
    passes: bool,
    /// It is manifests, and no spec.
    objects: bool,
    text: String,
}

fn examples(page: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut blocks = page.split("\n```");
    blocks.next();
    for block in blocks.step_by(2) {
        let (head, body) = block.split_once('\n').expect("a block has a first line");
        let mut words = head.split(' ');
        let (language, what) = (words.next(), words.next().unwrap_or_default());
        if !["pass", "fail"].contains(&what) {
            continue;
        }
        let objects = language == Some("yaml");
        let text = if objects || head.contains("whole") {
            format!("{body}\n")
        } else {
            format!("{FRAME}{body}\n}}\n")
        };
        found.push(Example {
            passes: what == "pass",
            objects,
            text,
        });
    }
    found
}

/// What is found in an example, and the same as text.
fn found(example: &Example, files: &BTreeMap<String, String>) -> (Vec<Diagnostic>, String) {
    let world = Page(&example.text, files);
    let (diagnostics, sources) = if example.objects {
        let files = ["example.yaml".to_owned()];
        let checked = check_objects(&world, &files, &ObjectOptions::default());
        (checked.diagnostics, checked.sources)
    } else {
        let compiled = compile(&world, "example.kdl");
        (compiled.diagnostics, compiled.sources)
    };
    let shown = render::short(&diagnostics, &sources);
    (diagnostics, shown)
}

#[test]
fn every_code_has_a_page_with_its_name() {
    for code in code::ALL {
        let page = page(code).unwrap_or_else(|| panic!("{}.md is missing in rules/pages.rs", code.slug));
        assert!(
            page.starts_with(&format!("# {} {}\n\n{}\n", code.id, code.slug, code.about)),
            "{}",
            code.slug
        );
    }
}

#[test]
fn every_rule_has_its_own_code() {
    let mut ids: Vec<_> = RULES.iter().map(|rule| rule.code.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), RULES.len());
}

#[test]
fn examples_fail_and_pass_as_they_say() {
    for code in code::ALL {
        let page = page(code).unwrap();
        let (examples, files) = (examples(page), files(page));
        // A file that cannot be read has no text to show.
        let both =
            examples.iter().any(|example| example.passes) && examples.iter().any(|example| !example.passes);
        assert!(
            both || code.slug == "unreadable-file",
            "{} needs both kinds of examples",
            code.slug
        );
        for example in examples {
            let (diagnostics, shown) = found(&example, &files);
            if example.passes {
                assert_eq!(shown, "", "{}: the passing example\n{}", code.slug, example.text);
            } else {
                let found = diagnostics.iter().any(|found| found.code.id == code.id);
                assert!(
                    found,
                    "{}: the failing example\n{}\n{shown}",
                    code.slug, example.text
                );
            }
        }
    }
}
