use std::collections::BTreeSet;

use super::super::index::{Index, ROOT};
use super::super::policy::{policies, rules, sources};
use crate::diag::{Diagnostic, Fix, Sink, Spanned, certainly, code};

/// A namespace that a rule names is no slip of the finger: others may be anywhere.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let declared: BTreeSet<_> = index
        .kind("", "Namespace")
        .map(|namespace| namespace.name.value.as_str())
        .collect();
    let used: BTreeSet<_> = index
        .all()
        .filter_map(|object| object.namespace.as_ref())
        .map(|namespace| namespace.value.as_str())
        .collect();
    let known: BTreeSet<_> = declared.union(&used).copied().collect();
    for policy in policies(index) {
        for rule in rules(policy) {
            for name in sources(rule, &["namespaces", "notNamespaces"]) {
                look(&name, &known, sink);
            }
        }
    }
}

fn look(name: &Spanned<String>, known: &BTreeSet<&str>, sink: &mut Sink) {
    let text = name.value.as_str();
    if text.contains('*')
        || known.contains(text)
        || text == ROOT
        || text == "default"
        || text.starts_with("kube-")
    {
        return;
    }
    // `team-a` and `team-b` are two.
    let is_numbered = |name: &str| name.rsplit_once('-').is_some_and(|(_, end)| end.len() < 3);
    let near = certainly(text, known.iter().copied()).filter(|near| !is_numbered(near) || !is_numbered(text));
    let message = format!("no namespace is called `{text}`: nobody is in it");
    let found = Diagnostic::new(&code::PRINCIPAL_NONEXISTENT, name.span, message).warning();
    if let Some(near) = near {
        sink.push(
            found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`"))
                .fix(Fix::meant(name.span, text, known.iter().copied()).map(Fix::offered)),
        );
    }
}
