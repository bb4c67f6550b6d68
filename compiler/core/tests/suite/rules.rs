//! Every code has a page, and the page's examples show what the code finds and what it does not.

use std::collections::BTreeMap;

use mesh_compiler::diag::{code, render};
use mesh_compiler::rules::{RULES, page};
use mesh_compiler::{Compiled, World, compile};

/// An example and the files beside it.
struct Page<'a>(&'a str, &'a BTreeMap<String, String>);

impl World for Page<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        match self.1.get(path) {
            Some(text) => Ok(text.clone()),
            None if path == "example.kdl" => Ok(self.0.to_owned()),
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
    text: String,
}

fn examples(page: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut blocks = page.split("```kdl ");
    blocks.next();
    for block in blocks {
        let (head, rest) = block.split_once('\n').expect("a block has a first line");
        if !["pass", "fail"].iter().any(|word| head.starts_with(word)) {
            continue;
        }
        let body = rest.split("```").next().expect("a block ends");
        let text = if head.contains("whole") {
            body.to_owned()
        } else {
            format!("{FRAME}{body}}}\n")
        };
        found.push(Example {
            passes: head.starts_with("pass"),
            text,
        });
    }
    found
}

fn compiled(text: &str, files: &BTreeMap<String, String>) -> Compiled {
    compile(&Page(text, files), "example.kdl")
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
            let compiled = compiled(&example.text, &files);
            let shown = render::short(&compiled.diagnostics, &compiled.sources);
            if example.passes {
                assert_eq!(shown, "", "{}: the passing example\n{}", code.slug, example.text);
            } else {
                let found = compiled.diagnostics.iter().any(|found| found.code.id == code.id);
                assert!(
                    found,
                    "{}: the failing example\n{}\n{shown}",
                    code.slug, example.text
                );
            }
        }
    }
}
