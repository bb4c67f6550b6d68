use super::index::{Index, NETWORKING};
use super::workload::{Form, is_subset};
use crate::diag::{Diagnostic, Sink, Span, Spanned, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// What lies outside of the mesh is called without mutual TLS, and gateways between networks pass it over (istio,
/// networking/core/gateway.go, builtAutoPassthroughFilterChains): a machine of the mesh is not outside.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for entry in index.kind(NETWORKING, "ServiceEntry") {
        let location = entry.text(&["spec", "location"]);
        // Where nothing is said, it is outside as well, and there is no place to show.
        let Some(location) = location.filter(|location| location.value == "MESH_EXTERNAL") else {
            continue;
        };
        let Some((span, why)) = evidence(index, entry) else {
            continue;
        };
        let message =
            "a machine of the mesh is called as if it lay outside: without mutual TLS, and past its gateways";
        sink.push(
            Diagnostic::new(&code::EXTERNAL_IN_MESH, location.span, message)
                .label(span, why)
                .help("write `location: MESH_INTERNAL`, and the `serviceAccount` of the endpoints"),
        );
    }
}

/// What shows that it is of the mesh.
fn evidence(index: &Index<'_>, entry: &Object) -> Option<(Span, String)> {
    let endpoints = entry.items(&["spec", "endpoints"]);
    let account = endpoints
        .iter()
        .find_map(|endpoint| endpoint.field_text("serviceAccount"));
    if let Some(account) = account {
        return Some((
            account.span,
            "the endpoint has an identity of the mesh".to_owned(),
        ));
    }
    let selector = entry.labels_at(&["spec", "workloadSelector", "labels"]);
    let selected = index.with_labels(entry.namespace(), &selector);
    if let Some(machine) = selected
        .iter()
        .find(|workload| workload.text("serviceAccount").is_some())
    {
        return Some((
            machine.object.name.span,
            format!(
                "it selects {}, which has an identity of the mesh",
                machine.shown()
            ),
        ));
    }
    let addresses = endpoints
        .iter()
        .filter_map(|endpoint| endpoint.field_text("address"));
    let own = addresses.filter_map(|address| Some((machine_at(index, &address)?, address.span)));
    if let Some((machine, span)) = own.into_iter().next() {
        return Some((span, format!("this is the address of {machine}")));
    }
    let hosts = entry.items(&["spec", "hosts"]);
    hosts
        .iter()
        .filter_map(Datum::text)
        .find_map(|host| same_name(index, entry, &host))
}

fn machine_at(index: &Index<'_>, address: &Spanned<String>) -> Option<String> {
    let machines = index
        .workloads()
        .iter()
        .filter(|workload| workload.form == Form::Entry);
    let mut same = machines.filter(|machine| {
        machine
            .text("address")
            .is_some_and(|own| own.value == address.value)
    });
    same.next()
        .filter(|machine| machine.text("serviceAccount").is_some())
        .map(|machine| machine.shown())
}

/// `forum.remote.local`, where `forum` is a service of the same namespace that machines stand behind. `.local` is no
/// name of the world outside.
fn same_name(index: &Index<'_>, entry: &Object, host: &Spanned<String>) -> Option<(Span, String)> {
    let name = host
        .value
        .split('.')
        .next()
        .filter(|_| host.value.ends_with(".local"))?;
    let service = index.service(name, entry.namespace())?;
    let machines = index.workloads().iter().filter(|workload| workload.is_machine());
    let mut behind = machines.filter(|machine| {
        machine.object.namespace() == entry.namespace()
            && !service.selector.is_empty()
            && is_subset(&service.selector, &machine.labels)
    });
    behind.next().map(|machine| {
        (
            machine.object.name.span,
            format!("`{name}` is a service of the mesh, on machines such as this"),
        )
    })
}
