use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::examples::examples;
use super::{UNTOLD, page};
use crate::diag::{Code, code, render};

/// The release that all codes are of, so far.
const SINCE: &str = "0.1";

/// All codes as a page of Markdown.
pub fn table() -> String {
    let mut text = HEAD.to_owned();
    for area in code::AREAS {
        let codes = code::ALL.iter().filter(|code| code.area() == Some(area));
        // Writing into a string cannot fail.
        let _ = write!(text, "\n## {}: {}\n\n{COLUMNS}", area.letter, area.about);
        codes.for_each(|code| text.push_str(&row(code)));
    }
    text.push_str(ALONE);
    for (code, why) in UNTOLD {
        let Code { id, slug, .. } = code;
        // Writing into a string cannot fail.
        let _ = writeln!(text, "| {id} | {slug} | {} |", why.reason());
    }
    text
}

const ALONE: &str = "
## Not told of existing objects

Objects mean a mesh as specs do, and the rules look at both. These look at specs alone:

| code | | why |
|---|---|---|
";

const HEAD: &str = "\
# Rules

What `meshc check` tells, in specs, in objects of Kubernetes and Istio, and in the files of machines. A code never
changes its meaning. `meshc explain CODE` shows a page in the terminal; every page has examples, and they are run as
tests: what is wrong in them is found, and nothing is found in what is right.

*This page is made from the table of codes and from their pages: `cargo xtask generate`.*
";

const COLUMNS: &str = "\
| code | | how bad | since | looks at | tested with | |
|---|---|---|---|---|---|---|
";

fn row(code: &Code) -> String {
    let examples = page(code).map(examples).unwrap_or_default();
    let kinds: BTreeSet<_> = examples.iter().map(|example| example.kind).collect();
    let kinds: Vec<_> = kinds.into_iter().map(super::ExampleKind::word).collect();
    let right = examples.iter().filter(|example| example.passes).count();
    let Code { id, slug, about, .. } = code;
    format!(
        "| {id} | [{slug}](../compiler/core/src/rules/{slug}.md) | {} | {SINCE} | {} | {} wrong, {right} right | {about} |\n",
        render::word(code.severity),
        if kinds.is_empty() {
            "files".to_owned()
        } else {
            kinds.join(", ")
        },
        examples.len() - right,
    )
}
