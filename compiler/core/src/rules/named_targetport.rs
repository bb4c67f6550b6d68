use super::Context;
use crate::diag::{Diagnostic, Fix, Sink, code, did_you_mean};
use crate::spec::decl::{PortDecl, ServiceDecl, VmsDecl};

/// A target that is a name is a port of every machine (Istio `serviceInstanceFromWorkloadInstance` leaves those out
/// that lack it).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (namespace, service) in context.spec.services() {
        let own = service.vms.iter();
        let others = namespace
            .groups()
            .filter(|(_, vms)| {
                vms.group
                    .as_ref()
                    .is_some_and(|name| service.on.iter().any(|on| on.value == name.value))
            })
            .map(|(_, vms)| vms);
        let groups: Vec<&VmsDecl> = own.chain(others).collect();
        for port in &service.ports {
            entry(port, service, sink);
            groups.iter().for_each(|vms| machines(port, vms, sink));
        }
    }
}

fn machines(port: &PortDecl, vms: &VmsDecl, sink: &mut Sink) {
    let Some(target) = port.target_name.as_ref().filter(|_| !vms.ports_damaged) else {
        return;
    };
    if vms.ports.iter().any(|own| own.name.value == target.value) {
        return;
    }
    let message = format!("the machines have no port `{}`", target.value);
    let names = || vms.ports.iter().map(|own| own.name.value.as_str());
    let near = did_you_mean(&target.value, names());
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "write `port {} {}` in the `vms`, or a number here",
            target.value, port.number.value
        ),
    };
    sink.push(
        Diagnostic::new(&code::NAMED_TARGET, target.span, message)
            .here("named here")
            .label(vms.span, "not in these `vms`")
            .help(help)
            .fix(Fix::meant(target.span, &target.value, names()))
            .note("Istio leaves machines without it out, and says nothing"),
    );
}

/// A ServiceEntry knows numbers only.
fn entry(port: &PortDecl, service: &ServiceDecl, sink: &mut Sink) {
    let (Some(target), Some(host)) = (&port.target_name, &service.host) else {
        return;
    };
    let message = "a service with a host of its own has no ports of pods to name";
    sink.push(
        Diagnostic::new(&code::NAMED_TARGET, target.span, message)
            .label(host.span, "because of this")
            .help("write the number of the port"),
    );
}
