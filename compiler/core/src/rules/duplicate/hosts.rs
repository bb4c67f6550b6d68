use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Diagnostic, Fix, Sink, Spanned, code, did_you_mean, list};
use crate::rules::Context;
use crate::spec::decl::NamespaceDecl;

/// A host, and the namespaces that know it; `None` is all.
type Known<'a> = (&'a Spanned<String>, Option<BTreeSet<&'a str>>);

/// One host is one service to everybody who knows it. Namespaces may have each their own.
pub(in crate::rules) fn check(context: Context<'_>, sink: &mut Sink) {
    let spec = context.spec;
    let inside = spec.services().filter_map(|(namespace, service)| {
        let host = service.host.as_ref()?;
        Some((host, visible(service.visible.as_ref(), namespace)))
    });
    let outside = spec.externals().map(|(namespace, external)| {
        let known = visible(external.visible.as_ref(), namespace);
        (&external.host, known)
    });
    let hosts = inside.chain(outside);
    let mut first: BTreeMap<&str, Vec<Known<'_>>> = BTreeMap::new();
    for (host, known) in hosts {
        let others = first.entry(&host.value).or_default();
        if let Some((before, _)) = others
            .iter()
            .find(|(_, other)| both(other.as_ref(), known.as_ref()))
        {
            let message = format!("host `{}` is declared twice", host.value);
            sink.push(
                Diagnostic::new(&code::DUPLICATE, host.span, message)
                    .here("here again")
                    .label(before.span, "first here")
                    .help(
                        "leave one of them out, or write `visible=namespace` where a namespace has its own",
                    ),
            );
        }
        others.push((host, known));
    }
    namespaces(context, sink);
}

fn visible<'a>(
    said: Option<&'a Spanned<Vec<Spanned<String>>>>,
    namespace: &'a NamespaceDecl,
) -> Option<BTreeSet<&'a str>> {
    let said = said?;
    let names = said.value.iter().map(|name| match name.value.as_str() {
        "namespace" => namespace.name.value.as_str(),
        other => other,
    });
    let names: BTreeSet<_> = names.filter(|name| *name != "nobody").collect();
    (!names.contains("mesh")).then_some(names)
}

/// Some namespace knows both.
fn both(one: Option<&BTreeSet<&str>>, other: Option<&BTreeSet<&str>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => !one.is_disjoint(other),
        _ => true,
    }
}

/// `visible=` names namespaces of the spec.
fn namespaces(context: Context<'_>, sink: &mut Sink) {
    let inside = context.spec.services();
    let inside = inside.filter_map(|(_, service)| service.visible.as_ref());
    let outside = context.spec.externals();
    let outside = outside.filter_map(|(_, external)| external.visible.as_ref());
    for said in inside.chain(outside) {
        alone(&said.value, sink);
        unknown(context, &said.value, sink);
    }
}

/// `nobody` stands beside no other.
fn alone(names: &[Spanned<String>], sink: &mut Sink) {
    let nobody = names.iter().find(|name| name.value == "nobody");
    let other = names.iter().find(|name| name.value != "nobody");
    if let (Some(nobody), Some(other)) = (nobody, other) {
        let message = format!("`nobody` and `{}` know it", other.value);
        sink.push(
            Diagnostic::new(&code::CONFLICT, nobody.span, message)
                .label(other.span, "and somebody does")
                .help("keep one of them"),
        );
    }
}

fn unknown(context: Context<'_>, names: &[Spanned<String>], sink: &mut Sink) {
    let known = || context.mesh.namespaces.keys().map(String::as_str);
    let words = ["mesh", "namespace", "nobody"];
    for name in names {
        if words.contains(&name.value.as_str()) || context.mesh.namespaces.contains_key(&name.value) {
            continue;
        }
        let near = did_you_mean(&name.value, known().chain(words));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "write {}, `namespace` for its own, `mesh` for all, or `nobody`",
                list(known())
            ),
        };
        let message = format!("there is no namespace `{}`", name.value);
        let fix = Fix::meant(name.span, &name.value, known().chain(words));
        // Who sees a name is nothing to guess.
        let fix = fix.map(Fix::offered);
        sink.push(
            Diagnostic::new(&code::UNKNOWN_REFERENCE, name.span, message)
                .help(help)
                .fix(fix),
        );
    }
}
