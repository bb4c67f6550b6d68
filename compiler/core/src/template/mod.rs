//! Files of the user's own: templates that are filled in from the mesh, and files that are taken as they are.

mod engine;
mod jinja;
mod load;
mod tera;
mod values;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use self::engine::Fault;
use self::load::Template;
pub(crate) use self::load::{Templates, load};
use self::values::Scope;
use crate::diag::{Diagnostic, Sink, Span, code, did_you_mean, list};
use crate::model::{Content, Engine, Group, MachineFile, Mesh, UserFiles, group_name};
use crate::spec::decl::{FileDecl, Spec};
use crate::syntax::Scalar;

/// What templates at the top of a spec know, and what those on machines do.
const BESIDE: &[&str] = &["mesh", "params"];
const ON_MACHINES: &[&str] = &["group", "mesh", "namespace", "params", "service", "vm"];

/// Fills in all templates. What cannot be filled in is told at its place in the template.
pub(crate) fn fill(
    spec: &Spec,
    mesh: &Mesh,
    params: &BTreeMap<String, Scalar>,
    templates: &Templates,
    sink: &mut Sink,
) -> UserFiles {
    let mut files = UserFiles::default();
    if templates.is_empty() {
        return files;
    }
    let mut whole = Scope::default();
    whole.put("params", values::params(params));
    if templates.mention("mesh") {
        whole.put("mesh", values::mesh(mesh));
    }
    for decl in &spec.files {
        let Some(template) = templates.of(decl) else {
            continue;
        };
        let bytes = render(template, &whole, decl, None, sink);
        files.beside.insert(decl.to.value.clone(), bytes);
    }
    for (namespace, service, vms) in spec.groups().filter(|(.., vms)| !vms.files.is_empty()) {
        let (namespace, name) = (&namespace.name.value, group_name(vms, service));
        let mut groups = mesh.groups_in(namespace);
        let Some(group) = groups.find(|group| group.name == name && group.engine == Engine::Meshd) else {
            continue;
        };
        let mut scope = whole.clone();
        scope.put("group", values::group(group));
        if let Some(namespace) = mesh.namespaces.get(namespace) {
            scope.put("namespace", values::namespace(namespace));
        }
        if let Some(service) = service.and_then(|service| mesh.service(namespace, &service.name.value)) {
            scope.put("service", values::service(service));
        }
        let of_group = vms
            .files
            .iter()
            .filter_map(|decl| on_machines(decl, templates.of(decl)?, group, &scope, sink).into());
        let mut of_group: Vec<MachineFile> = of_group.collect();
        of_group.sort_by(|a, b| a.path.cmp(&b.path));
        files
            .machines
            .insert((namespace.clone(), group.name.clone()), of_group);
    }
    files
}

/// A file on the machines of a group. Where it does not speak of the machine, it is filled in once for all.
fn on_machines(
    decl: &FileDecl,
    template: &Template,
    group: &Group,
    scope: &Scope,
    sink: &mut Sink,
) -> MachineFile {
    let content = if template.reads("vm") {
        let each = group.vms.iter().map(|vm| {
            let mut scope = scope.clone();
            scope.put("vm", values::vm(group, vm));
            let bytes = render(template, &scope, decl, Some((&vm.name, vm.span)), sink);
            (vm.name.clone(), bytes)
        });
        Content::Each(each.collect())
    } else {
        Content::Same(render(template, scope, decl, None, sink))
    };
    let root = || "root".to_owned();
    MachineFile {
        path: decl.to.value.clone(),
        mode: decl.mode.unwrap_or(0o644),
        owner: decl.owner.clone().unwrap_or_else(root),
        group: decl.group.clone().unwrap_or_else(root),
        content,
    }
}

fn render(
    template: &Template,
    scope: &Scope,
    decl: &FileDecl,
    machine: Option<(&str, Span)>,
    sink: &mut Sink,
) -> Vec<u8> {
    let names = if decl.to.value.starts_with('/') {
        ON_MACHINES
    } else {
        BESIDE
    };
    match template.program.render(&template.name, scope) {
        Ok(bytes) => bytes,
        Err(fault) => {
            let fault = template.widen(fault);
            let mut found = told(template, &fault, decl);
            if let Some(path) = &fault.unknown {
                found = known(found, path, scope, names);
            }
            if let Some((name, span)) = machine {
                found = found.label(span, format!("filled in for `{name}`"));
            }
            sink.push(found);
            Vec::new()
        }
    }
}

/// A fault at its place in the template; one of no place is told where the template is named.
fn told(template: &Template, fault: &Fault, decl: &FileDecl) -> Diagnostic {
    let place = template.place(fault);
    let span = place.unwrap_or(decl.from.span);
    let found = Diagnostic::new(&code::TEMPLATE, span, fault.message.clone());
    if place.is_some() {
        found.label(decl.from.span, "the template is named here")
    } else {
        found
    }
}

/// What could have been meant by the path `path`, such as `vm.adress`.
fn known(found: Diagnostic, path: &str, scope: &Scope, names: &[&str]) -> Diagnostic {
    let mut names = names.to_vec();
    let mut there: Option<&Json> = None;
    for (at, part) in path.split('.').enumerate() {
        let next = match there {
            None if at == 0 => scope.get(part),
            None => None,
            Some(value) => value.get(part),
        };
        let Some(next) = next else {
            let found = match did_you_mean(part, names.iter().copied()) {
                Some(near) => found.here(format!("did you mean `{near}`?")),
                None => found,
            };
            return found.help(format!(
                "here are {}; write `| default(…)` behind what need not be there",
                list(names.iter().copied())
            ));
        };
        names = next
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .map(String::as_str)
            .collect();
        there = Some(next);
    }
    found
}
