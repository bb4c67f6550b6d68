use std::collections::BTreeMap;

use mesh_wire::Millis;
use mesh_wire::bundle::{Probe, ProbeAction};

use super::lookup::Lookup;
use super::place::labels;
use super::{ports, service};
use crate::diag::Sink;
use crate::model::{Capture, Group, InboundPorts, Ssh, Vm};
use crate::spec::decl::{CaptureDecl, HealthDecl, NamespaceDecl, ServiceDecl, SshDecl, VmDecl, VmsDecl};

/// The name of a group: its own or the service's.
pub(crate) fn name<'a>(decl: &'a VmsDecl, of: &'a ServiceDecl) -> &'a str {
    &decl.group.as_ref().unwrap_or(&of.name).value
}

pub(super) fn group(
    decl: &VmsDecl,
    of: &ServiceDecl,
    namespace: &NamespaceDecl,
    lookup: &Lookup<'_>,
    sink: &mut Sink,
) -> Group {
    let mut all_labels = service::selector(of);
    all_labels.extend(labels(&decl.labels));
    let names = ports::names(&of.ports).into_iter();
    let mut all_ports: BTreeMap<_, _> = names
        .zip(&of.ports)
        .map(|(name, port)| (name, port.target().value))
        .collect();
    all_ports.extend(
        decl.ports
            .iter()
            .map(|port| (port.name.value.clone(), port.number.value)),
    );
    let mut vms: Vec<_> = decl.vms.iter().map(|vm| self::vm(vm, &decl.ssh)).collect();
    vms.sort_by(|a, b| a.name.cmp(&b.name));
    Group {
        name: name(decl, of).to_owned(),
        namespace: namespace.name.value.clone(),
        account: service::account(of),
        network: lookup
            .network(decl.network.as_ref(), decl.span, "`vms`", sink)
            .unwrap_or_default(),
        labels: all_labels,
        ports: all_ports,
        probe: decl.health.as_ref().and_then(probe),
        capture: capture(&decl.capture),
        vms,
        span: decl.span,
    }
}

fn vm(decl: &VmDecl, group: &SshDecl) -> Vm {
    let own = &decl.ssh;
    Vm {
        name: decl.name.value.clone(),
        address: decl.address.value,
        locality: decl.locality.clone().unwrap_or_default(),
        weight: decl.weight,
        labels: labels(&decl.labels),
        ssh: Ssh {
            host: own
                .host
                .as_ref()
                .or(group.host.as_ref())
                .map(|host| host.value.clone()),
            user: own.user.clone().or_else(|| group.user.clone()),
            port: own.port.as_ref().or(group.port.as_ref()).map(|port| port.value),
            via: own.via.clone().or_else(|| group.via.clone()),
        },
        span: decl.name.span,
    }
}

/// Kubernetes' defaults: every 10 s, 1 s for an answer, three failures.
fn probe(decl: &HealthDecl) -> Option<Probe> {
    let path = || {
        decl.path
            .as_ref()
            .map_or_else(|| "/".to_owned(), |path| path.value.clone())
    };
    let action = match (&decl.http, &decl.tcp, &decl.exec) {
        (Some(port), ..) => ProbeAction::Http {
            port: port.value,
            path: path(),
            headers: BTreeMap::new(),
        },
        (None, Some(port), _) => ProbeAction::Tcp { port: port.value },
        (None, None, Some(command)) => ProbeAction::Exec {
            command: vec!["/bin/sh".to_owned(), "-c".to_owned(), command.value.clone()],
        },
        (None, None, None) => return None,
    };
    let seconds = |time: Option<Millis>, default| time.map_or(default, crate::spec::seconds);
    Some(Probe {
        action,
        period: seconds(decl.every, 10),
        timeout: seconds(decl.timeout, 1),
        failures: decl.failures.unwrap_or(3),
        successes: decl.successes.unwrap_or(1),
        initial_delay: seconds(decl.delay, 0),
    })
}

fn capture(decl: &CaptureDecl) -> Capture {
    let mut exclude = decl
        .exclude_inbound
        .as_ref()
        .map(|ports| ports.value.clone())
        .unwrap_or_default();
    exclude.sort_unstable();
    let all = decl.inbound.as_ref().is_some_and(|word| word.value == "all");
    Capture {
        inbound: if all {
            InboundPorts::AllBut(exclude)
        } else {
            InboundPorts::Declared
        },
        outbound_cidrs: sorted(&decl.outbound),
        exclude_cidrs: sorted(&decl.exclude_outbound),
        exclude_outbound_ports: sorted(&decl.exclude_outbound_ports),
    }
}

fn sorted<T: Ord + Clone>(list: &[T]) -> Vec<T> {
    let mut list = list.to_vec();
    list.sort();
    list.dedup();
    list
}
