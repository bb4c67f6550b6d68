//! Expectations in files of their own, beside the spec.

use crate::World;
use crate::diag::{Diagnostic, Language, Sink, Sources, code, did_you_mean};
use crate::model::{Expectation, Mesh, read_expectation};
use crate::spec::decl::ExpectDecl;
use crate::spec::{self, Item};

/// What names of such files end with.
pub const END: &str = ".test.kdl";

/// The expectations in the files beside the spec at `path`, in the order of their names, and what is wrong with them.
pub fn read_tests(
    world: &dyn World,
    path: &str,
    mesh: &Mesh,
    sources: &mut Sources,
) -> (Vec<Expectation>, Vec<Diagnostic>) {
    let mut sink = Sink::default();
    let mut found = Vec::new();
    let folder = spec::beside(path, "");
    // A folder that cannot be listed has no files beside the spec: whoever hands a text in has none.
    let mut entries = world.list(&folder).unwrap_or_default();
    entries.sort();
    for entry in entries
        .iter()
        .filter(|entry| !entry.folder && entry.name.ends_with(END))
    {
        let path = spec::beside(path, &entry.name);
        let text = match world.read(&path) {
            Ok(text) => text,
            Err(cause) => {
                let file = sources.add(&path, "");
                let start = crate::diag::Span {
                    file,
                    start: 0,
                    end: 0,
                };
                let message = format!("{path} cannot be read: {cause}");
                sink.push(Diagnostic::new(&code::UNREADABLE, start, message).help("let meshc read it"));
                continue;
            }
        };
        let file = sources.add(&path, &text);
        if let Some(nodes) = spec::parse(&text, Language::Kdl, file, &mut sink) {
            let items = spec::check_tests(&nodes, &mut sink);
            found.extend(of_items(&items, mesh, &mut sink));
        }
    }
    (found, sink.finish())
}

fn of_items(items: &[Item], mesh: &Mesh, sink: &mut Sink) -> Vec<Expectation> {
    let mut found = Vec::new();
    for item in items {
        match item.spec.name {
            "expect" => found.extend(read(item, None, None, mesh, sink)),
            _ => of_namespace(item, mesh, sink, &mut found),
        }
    }
    found
}

fn of_namespace(item: &Item, mesh: &Mesh, sink: &mut Sink, found: &mut Vec<Expectation>) {
    let Some(name) = item.spanned::<String>("name") else {
        return;
    };
    if !mesh.namespaces.contains_key(&name.value) {
        let known: Vec<&str> = mesh.namespaces.keys().map(String::as_str).collect();
        sink.push(unknown("namespace", &name, &known));
        return;
    }
    let home = Some(name.value.as_str());
    for expect in item.children("expect") {
        found.extend(read(expect, home, None, mesh, sink));
    }
    for service in item.children("service") {
        let Some(named) = service.spanned::<String>("name") else {
            continue;
        };
        let Some(owner) = mesh.service(&name.value, &named.value) else {
            let known: Vec<&str> = mesh
                .services_in(&name.value)
                .map(|own| own.name.as_str())
                .collect();
            sink.push(unknown("service", &named, &known));
            continue;
        };
        for expect in service.children("expect") {
            found.extend(read(expect, home, Some(&owner.host), mesh, sink));
        }
    }
}

fn unknown(what: &str, name: &crate::diag::Spanned<String>, known: &[&str]) -> Diagnostic {
    let message = format!("the mesh has no {what} `{}`", name.value);
    let found = Diagnostic::new(&code::UNKNOWN_REFERENCE, name.span, message);
    match did_you_mean(&name.value, known.iter().copied()) {
        Some(near) => found.help(format!("did you mean `{near}`?")),
        None => found.help(format!("it has {}", crate::diag::list(known.iter().copied()))),
    }
}

fn read(
    item: &Item,
    home: Option<&str>,
    host: Option<&str>,
    mesh: &Mesh,
    sink: &mut Sink,
) -> Option<Expectation> {
    let decl = ExpectDecl::read(item)?;
    read_expectation(&decl, home, host.map(|host| (mesh, host)), sink)
}
