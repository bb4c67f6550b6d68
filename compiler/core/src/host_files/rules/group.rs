//! The objects that a machine belongs to.

use crate::diag::Spanned;
use crate::host_files::Machine;
use crate::manifest::Object;

/// The group of APIs of Istio's objects of networking.
const NETWORKING: &str = "networking.istio.io";

/// The machine's namespace.
pub(super) fn namespace<'a>(machine: &'a Machine<'_>) -> Option<&'a Spanned<String>> {
    machine
        .value("ISTIO_NAMESPACE")
        .or_else(|| machine.value("POD_NAMESPACE"))
}

/// The WorkloadGroup of the machine: the one that it registers with, or else that of its name.
pub(super) fn of<'a>(machine: &Machine<'_>, objects: &'a [Object]) -> Option<&'a Object> {
    let named = machine
        .value("ISTIO_META_AUTO_REGISTER_GROUP")
        .or_else(|| machine.value("ISTIO_META_WORKLOAD_NAME"))?;
    let namespace = namespace(machine);
    objects.iter().find(|object| {
        object.is(NETWORKING, "WorkloadGroup")
            && object.name.value == named.value
            && namespace.is_none_or(|namespace| namespace.value == object.namespace())
    })
}

/// WorkloadEntries that people wrote.
pub(super) fn entries(objects: &[Object]) -> impl Iterator<Item = &Object> {
    objects.iter().filter(|object| {
        let automatic = object.at(&["metadata", "annotations", "istio.io/autoRegistrationGroup"]);
        object.is(NETWORKING, "WorkloadEntry") && automatic.is_none()
    })
}

/// The WorkloadEntry of this machine: by its address, or by its name where the address is not said.
pub(super) fn entry<'a>(machine: &Machine<'_>, objects: &'a [Object]) -> Option<&'a Object> {
    let namespace = namespace(machine);
    let mut own = entries(objects)
        .filter(|entry| namespace.is_none_or(|namespace| namespace.value == entry.namespace()));
    if let Some(address) = machine.value("ISTIO_SVC_IP") {
        let is = |entry: &&Object| {
            entry
                .text(&["spec", "address"])
                .is_some_and(|own| own.value == address.value)
        };
        return own.find(is);
    }
    let names = [
        machine
            .value("ISTIO_META_WORKLOAD_ENTRY")
            .map(|name| name.value.as_str()),
        machine
            .value("ISTIO_META_WORKLOAD_NAME")
            .map(|name| name.value.as_str()),
        machine
            .value("ISTIO_META_OWNER")
            .and_then(|owner| owner.value.split_once("/workloadentries/"))
            .map(|(_, name)| name),
    ];
    own.find(|entry| names.contains(&Some(entry.name.value.as_str())))
}

/// Services of gateways: they say in which network they are.
pub(super) fn gateways(objects: &[Object]) -> impl Iterator<Item = (&Object, Spanned<String>)> {
    objects.iter().filter_map(|object| {
        let labelled = object.text(&["metadata", "labels", "topology.istio.io/network"])?;
        object.is("", "Service").then_some((object, labelled))
    })
}
