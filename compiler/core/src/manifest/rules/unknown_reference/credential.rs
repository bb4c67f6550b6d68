use super::super::credential;
use super::super::index::Index;
use super::makes_others;
use crate::diag::{Diagnostic, Fix, Sink, code, did_you_mean};
use crate::manifest::Object;

/// The certificate of a gateway lies where its pods run, as far as its Secrets are here.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    // What seals Secrets, or fetches them from elsewhere, makes more of them.
    if index.all().any(makes_others) {
        return;
    }
    let mut told = Vec::new();
    for used in credential::all(index) {
        let name = &used.name;
        let here = |secret: &Object| used.namespaces.contains(secret.namespace());
        let all = credential::secrets(index, &name.value);
        if used.namespaces.is_empty()
            || told.contains(&name.span)
            || all.iter().any(|secret| here(secret))
            || is_issued(index, &name.value, &used.namespaces)
        {
            continue;
        }
        told.push(name.span);
        let home = used.namespaces.first().copied().unwrap_or_default();
        let message = format!(
            "namespace `{home}`, where the pods of this gateway run, has no Secret `{}`",
            name.value
        );
        let found = Diagnostic::new(&code::UNKNOWN_REFERENCE, name.span, message);
        if let Some(other) = all.first() {
            sink.push(
                found
                    .label(
                        other.name.span,
                        format!("it lies in namespace `{}`", other.namespace()),
                    )
                    .help(format!(
                        "put the Secret into namespace `{home}`: gateways read those of their own only"
                    )),
            );
            continue;
        }
        let known: Vec<_> = index
            .kind("", "Secret")
            .filter(|secret| here(secret))
            .map(|secret| secret.name.value.as_str())
            .collect();
        // Where no Secret is among the files at all, all of them are made otherwise.
        if known.is_empty() {
            continue;
        }
        sink.push(match did_you_mean(&name.value, known.iter().copied()) {
            Some(near) => found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`"))
                .fix(Fix::meant(name.span, &name.value, known.iter().copied())),
            None => found.help("write the name of a Secret of that namespace, or add this one"),
        });
    }
}

/// cert-manager makes it.
fn is_issued(index: &Index<'_>, name: &str, namespaces: &std::collections::BTreeSet<&str>) -> bool {
    index.kind("cert-manager.io", "Certificate").any(|certificate| {
        namespaces.contains(certificate.namespace())
            && certificate
                .text(&["spec", "secretName"])
                .is_some_and(|secret| secret.value == name)
    })
}
