//! Every code has a page, and the page's examples show what the code finds and what it does not.

use std::collections::{BTreeMap, BTreeSet};

use mesh_compiler::diag::{Code, Diagnostic, Sources, code, render};
use mesh_compiler::model::Mesh;
use mesh_compiler::query::{self, Asker, Question};
use mesh_compiler::rules::{self, Example, ExampleKind, RULES, page};
use mesh_compiler::spec::schema::{Child, SPEC};
use mesh_compiler::{ObjectOptions, World, check_objects, compile, fix, host_files, manifest};

use crate::common;

/// An example and the files beside it, by their names.
struct Files(BTreeMap<String, String>);

impl World for Files {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "there is no such file".to_owned())
    }
}

/// Where examples that are no whole specs stand.
const FRAME: &str = r#"mesh frame
network kube
network vm cidr="10.10.0.0/24"
cluster main network=kube { gateway address="203.0.113.10" }
namespace shop {
"#;

/// An example with the files beside it, and its path among them.
fn laid_out(example: &Example<'_>, page: &str) -> (Files, String) {
    let beside = rules::files(page);
    let mut files: BTreeMap<String, String> = beside
        .into_iter()
        .map(|(name, text)| (name.to_owned(), format!("{text}\n")))
        .collect();
    let (path, text) = match (example.kind, example.whole) {
        (ExampleKind::Spec, false) => ("example.kdl", format!("{FRAME}{}\n}}\n", example.text)),
        (ExampleKind::Spec, true) => ("example.kdl", format!("{}\n", example.text)),
        _ => (
            example.file.unwrap_or("example.yaml"),
            format!("{}\n", example.text),
        ),
    };
    files.insert(path.to_owned(), text);
    (Files(files), path.to_owned())
}

/// What is found in an example of `page`.
fn found(example: &Example<'_>, page: &str) -> (Vec<Diagnostic>, Sources) {
    let (files, path) = laid_out(example, page);
    if example.kind == ExampleKind::Spec {
        let call = files.0[&path]
            .lines()
            .find_map(|line| line.trim().strip_prefix("// meshc trace "))
            .map(str::to_owned);
        let compiled = compile(&files, &path);
        let mut found = compiled.diagnostics;
        if let Some((call, mesh)) = call.zip(compiled.model.as_ref()) {
            found.extend(traced(&call, mesh));
        }
        if let Some(mesh) = &compiled.model {
            let verdicts = query::judge(mesh, &mesh.expectations, "", &compiled.sources);
            found.extend(verdicts.into_iter().filter_map(|verdict| verdict.failure));
        }
        return (found, compiled.sources);
    }
    let checked = check_objects(&files, &[path], &ObjectOptions::default());
    (checked.diagnostics, checked.sources)
}

/// What breaks a call, which is written as `meshc trace` takes it: FROM TO, with options behind it.
fn traced(call: &str, mesh: &Mesh) -> Option<Diagnostic> {
    let words: Vec<_> = call.split(' ').collect();
    let option = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        Some(words[at + 1].to_owned())
    };
    let question = Question {
        from: words[0].to_owned(),
        to: words[1].to_owned(),
        method: option("--method"),
        jwt: option("--jwt"),
        ..Question::default()
    };
    Asker::new(mesh).ask(&question).unwrap().diagnostic()
}

/// The path of a file in the folder of the rules.
fn in_folder(name: &str) -> std::path::PathBuf {
    common::root().join("compiler/core/src/rules").join(name)
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

/// Code, name, page and file of a rule are one: who knows one finds the others.
#[test]
fn rules_and_pages_lie_where_their_names_say() {
    let mut ids = BTreeSet::new();
    for Code { id, slug, .. } in RULES.iter().map(|rule| rule.code) {
        assert!(ids.insert(id), "{id} has two rules");
        let file = format!("{}.rs", slug.replace('-', "_"));
        assert!(in_folder(&file).is_file(), "{id} is not in rules/{file}");
    }
    let pages = std::fs::read_dir(in_folder("")).unwrap();
    for name in pages.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        if let Some(slug) = name.strip_suffix(".md") {
            assert!(code::find(slug).is_some(), "rules/{name} is the page of no code");
        }
    }
}

/// What looks at objects is shown with objects.
#[test]
fn rules_of_manifests_lie_beside_and_are_shown_with_manifests() {
    let mut ids = BTreeSet::new();
    for code in manifest::rules::RULES.iter().map(|rule| rule.code) {
        assert!(ids.insert(code.id), "{} has two rules", code.id);
        let file = format!(
            "compiler/core/src/manifest/rules/{}.rs",
            code.slug.replace('-', "_")
        );
        assert!(common::root().join(&file).is_file(), "{file} is missing");
        let examples = rules::examples(page(code).unwrap());
        let shown = |passes: bool| {
            let mut objects = examples
                .iter()
                .filter(|example| example.kind == ExampleKind::Objects);
            objects.any(|example| example.passes == passes)
        };
        assert!(
            shown(true) && shown(false),
            "{} needs manifests of both kinds",
            code.slug
        );
    }
}

/// What looks at files of machines is shown with some, and what looks at specs with specs.
#[test]
fn rules_are_shown_with_what_they_look_at() {
    let of_files = host_files::rules::RULES
        .iter()
        .map(|rule| (rule.code, ExampleKind::HostFile));
    let of_specs = RULES.iter().map(|rule| (rule.code, ExampleKind::Spec));
    for (code, kind) in of_files.chain(of_specs) {
        let examples = rules::examples(page(code).unwrap());
        for passes in [true, false] {
            let mut of_kind = examples.iter().filter(|example| example.kind == kind);
            assert!(
                of_kind.any(|example| example.passes == passes),
                "{} needs {} of both kinds",
                code.slug,
                kind.word()
            );
        }
    }
}

/// A code that nothing finds is a promise that nobody keeps.
#[test]
fn examples_fail_and_pass_as_they_say() {
    for code in code::ALL {
        let page = page(code).unwrap();
        let examples = rules::examples(page);
        // A file that cannot be read has no text to show.
        let both =
            examples.iter().any(|example| example.passes) && examples.iter().any(|example| !example.passes);
        assert!(
            both || code.slug == "unreadable-file",
            "{} needs both kinds of examples",
            code.slug
        );
        for example in &examples {
            let (found, sources) = found(example, page);
            let shown = render::short(&found, &sources);
            if example.passes {
                assert_eq!(shown, "", "{}: the passing example\n{}", code.slug, example.text);
            } else {
                assert!(
                    found.iter().any(|found| found.code.id == code.id),
                    "{}: the failing example\n{}\n{shown}",
                    code.slug,
                    example.text
                );
            }
        }
    }
}

/// What `--fix` makes of every wrong example: nothing is left that it could put right, nothing that it says it did is
/// found again, and a second time changes nothing.
#[test]
fn what_is_fixed_is_fixed() {
    let mut seen = 0;
    for code in code::ALL {
        let page = page(code).unwrap();
        for example in rules::examples(page).iter().filter(|example| !example.passes) {
            let (files, path) = laid_out(example, page);
            let is_spec = example.kind == ExampleKind::Spec;
            let check = |world: &dyn World| {
                if is_spec {
                    let compiled = compile(world, &path);
                    (compiled.diagnostics, compiled.sources)
                } else {
                    let paths = std::slice::from_ref(&path);
                    let checked = check_objects(world, paths, &ObjectOptions::default());
                    (checked.diagnostics, checked.sources)
                }
            };
            let once = fix(&files, check);
            let Some(last) = once.done.last() else { continue };
            seen += 1;
            let mut after = files.0.clone();
            after.extend(
                once.files
                    .iter()
                    .map(|(path, text)| (path.clone(), text.after.clone())),
            );
            let after = Files(after);
            let (left, sources) = check(&after);
            let shown = render::short(&left, &sources);
            assert!(
                left.iter().all(|found| found.certain_fix().is_none()),
                "{}: left to fix\n{shown}",
                code.slug
            );
            for done in &once.done {
                let again = left
                    .iter()
                    .any(|found| found.code.id == done.code.id && found.message == done.message);
                assert!(
                    !again,
                    "{}: `{}` is still there\n{shown}",
                    code.slug, last.message
                );
            }
            assert!(fix(&after, check).files.is_empty(), "{}", code.slug);
        }
    }
    assert!(seen > 8, "{seen} examples have something to fix");
}

/// Whoever is told that something is wrong is told what to write, in words that the language has.
#[test]
fn help_is_something_that_can_be_written() {
    let (mut nodes, mut fields) = (BTreeSet::new(), BTreeSet::new());
    words(SPEC, &mut nodes, &mut fields, 0);
    for code in code::ALL {
        let page = page(code).unwrap();
        let wrong = rules::examples(page)
            .into_iter()
            .filter(|example| !example.passes);
        for example in wrong.filter(|example| example.kind == ExampleKind::Spec) {
            for found in found(&example, page).0.iter().filter(|found| &found.code == code) {
                let help = found
                    .help
                    .as_deref()
                    .unwrap_or_else(|| panic!("{}: {} has no help", code.slug, found.message));
                for piece in help.split('`').skip(1).step_by(2) {
                    let end = piece.find(|c: char| !c.is_ascii_lowercase() && c != '-');
                    let (word, behind) = piece.split_at(end.unwrap_or(piece.len()));
                    // `--set NAME=VALUE` is written in the terminal.
                    let known = match behind.chars().next() {
                        _ if piece.starts_with("--") => true,
                        Some('=') => fields.contains(word) || behind.contains('"'),
                        Some(' ') if !word.is_empty() => nodes.contains(word) || word == "meshc",
                        _ => true,
                    };
                    assert!(known, "{}: the help says `{piece}`", code.slug);
                }
            }
        }
    }
}

/// The names of all nodes and of all their fields.
fn words(
    known: &'static [Child],
    nodes: &mut BTreeSet<&'static str>,
    fields: &mut BTreeSet<&'static str>,
    depth: usize,
) {
    for child in known.iter().filter(|_| depth < 9) {
        nodes.insert(child.node.name);
        fields.extend(
            child
                .node
                .args
                .iter()
                .chain(child.node.props)
                .map(|field| field.name),
        );
        words(child.node.children, nodes, fields, depth + 1);
    }
}
