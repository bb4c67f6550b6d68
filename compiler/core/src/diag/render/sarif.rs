//! SARIF 2.1.0 (OASIS): what code scanning and reviewers' tools read.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{path, word};
use crate::diag::{Code, Diagnostic, Edit, Fix, Sources, Span};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What relative paths are relative to.
const ROOT: &str = "%SRCROOT%";

/// One run. `allowed` was found too, and is right for the reason beside it; `page` is what is to be known of a code, as
/// Markdown.
pub fn sarif<'a>(
    diagnostics: &[Diagnostic],
    allowed: impl IntoIterator<Item = (&'a Diagnostic, &'a str)>,
    sources: &Sources,
    page: impl Fn(&Code) -> Option<&'static str>,
) -> String {
    let all: Vec<_> = diagnostics
        .iter()
        .map(|found| (found, None))
        .chain(allowed.into_iter().map(|(found, reason)| (found, Some(reason))))
        .collect();
    let codes: BTreeMap<&str, &Code> = all.iter().map(|(found, _)| (found.code.id, found.code)).collect();
    let index: BTreeMap<&str, usize> = codes.keys().enumerate().map(|(at, id)| (*id, at)).collect();
    let results = all.iter().map(|(found, reason)| {
        let at = index.get(found.code.id).copied().unwrap_or_default();
        result(found, *reason, at, sources)
    });
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "meshc",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.values().map(|code| rule(code, page(code))).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    });
    format!("{document:#}\n")
}

fn rule(code: &Code, page: Option<&str>) -> Value {
    let mut rule = json!({
        "id": code.id,
        "name": code.slug,
        "shortDescription": { "text": code.about },
        "defaultConfiguration": { "level": word(code.severity) },
        "properties": { "tags": [code.area().map_or("", |area| area.about)] },
    });
    if let Some(page) = page {
        rule["help"] = json!({ "text": page, "markdown": page });
    }
    rule
}

fn result(found: &Diagnostic, reason: Option<&str>, rule: usize, sources: &Sources) -> Value {
    let parts = [Some(&found.message), found.help.as_ref(), found.note.as_ref()];
    let text: Vec<_> = parts.into_iter().flatten().map(String::as_str).collect();
    let mut result = json!({
        "ruleId": found.code.id,
        "ruleIndex": rule,
        "level": word(found.severity),
        "message": { "text": text.join("\n") },
        "locations": location(found.primary.span, &found.primary.text, sources).into_iter().collect::<Vec<_>>(),
    });
    let related = found.labels.iter().enumerate().filter_map(|(at, label)| {
        let mut location = location(label.span, &label.text, sources)?;
        location["id"] = json!(at + 1);
        Some(location)
    });
    let related: Vec<_> = related.collect();
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    let fixes: Vec<_> = found
        .fixes
        .iter()
        .filter_map(|fix| repair(fix, sources))
        .collect();
    if !fixes.is_empty() {
        result["fixes"] = Value::Array(fixes);
    }
    if let Some(reason) = reason {
        result["suppressions"] = json!([{ "kind": "inSource", "justification": reason }]);
    }
    result
}

/// A place in a file and what is said there; `None` for what is no file.
fn location(span: Span, text: &str, sources: &Sources) -> Option<Value> {
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": artifact(span, sources)?,
        "region": region(span, sources),
    } });
    if !text.is_empty() {
        location["message"] = json!({ "text": text });
    }
    Some(location)
}

fn artifact(span: Span, sources: &Sources) -> Option<Value> {
    let path = path::in_folder(span, sources)?;
    let mut artifact = Map::new();
    artifact.insert("uri".to_owned(), json!(path::uri(&path)));
    if !path.starts_with('/') {
        artifact.insert("uriBaseId".to_owned(), json!(ROOT));
    }
    Some(Value::Object(artifact))
}

/// From the first character to the one behind the last.
fn region(span: Span, sources: &Sources) -> Value {
    let (_, start) = sources.place(span);
    let (_, end) = sources.place(Span {
        start: span.end,
        ..span
    });
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// `None` if a part of it lies in no file.
fn repair(fix: &Fix, sources: &Sources) -> Option<Value> {
    let mut files: Vec<(Value, Vec<Value>)> = Vec::new();
    for edit in &fix.edits {
        let artifact = artifact(edit.span, sources)?;
        let replacement = replacement(edit, sources);
        match files.iter_mut().find(|(file, _)| *file == artifact) {
            Some((_, replacements)) => replacements.push(replacement),
            None => files.push((artifact, vec![replacement])),
        }
    }
    let change = |(artifact, replacements): (Value, Vec<Value>)| json!({ "artifactLocation": artifact, "replacements": replacements });
    let changes: Vec<_> = files.into_iter().map(change).collect();
    Some(json!({ "description": { "text": fix.title }, "artifactChanges": changes }))
}

fn replacement(edit: &Edit, sources: &Sources) -> Value {
    json!({
        "deletedRegion": region(edit.span, sources),
        "insertedContent": { "text": edit.text },
    })
}
