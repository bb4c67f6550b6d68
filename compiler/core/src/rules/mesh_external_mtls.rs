use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::VmDecl;

/// Callers speak no mutual TLS to what lies outside of the mesh: a VM of the mesh is called as its service.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut machines: BTreeMap<IpAddr, (&str, &VmDecl)> = BTreeMap::new();
    for (_, service, group) in context.spec.groups() {
        let Some(service) = service else { continue };
        for vm in &group.vms {
            machines
                .entry(vm.address.value)
                .or_insert((service.name.value.as_str(), vm));
        }
    }
    for (_, external) in context.spec.externals() {
        for address in external.endpoints.iter().flat_map(|endpoint| &endpoint.addresses) {
            let own = address
                .value
                .parse()
                .ok()
                .and_then(|ip: IpAddr| machines.get(&ip));
            let Some((service, vm)) = own else { continue };
            let message = format!(
                "`{}` of the mesh is called as if it lay outside: without mutual TLS",
                vm.name.value
            );
            sink.push(
                Diagnostic::new(&code::EXTERNAL_IN_MESH, address.span, message)
                    .label(vm.address.span, format!("it is a machine of `{service}`"))
                    .help(format!(
                        "write `host=\"{}\"` in `{service}`, and leave this `external` out",
                        external.host.value
                    )),
            );
        }
    }
}
