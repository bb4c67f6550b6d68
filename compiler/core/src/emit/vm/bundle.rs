use mesh_wire::bundle::{Bundle, Check, FORMAT, File, Ssh, Unit};

use super::{Placed, text};
use crate::emit::names;
use crate::model::{Group, Mesh, Vm};

/// What the bundles of all VMs of a group say.
pub(super) struct Common {
    units: Vec<Unit>,
    checks: Vec<Check>,
}

impl Common {
    pub(super) fn of(mesh: &Mesh, group: &Group) -> Self {
        Self {
            units: text::units(group).map(|(name, text)| unit(name, &text)).collect(),
            checks: checks(group, name_to_check(mesh, group)),
        }
    }
}

/// The list of what `vm` is given.
pub(super) fn of(group: &Group, vm: &Vm, placed: Vec<Placed>, common: &Common) -> Bundle {
    let mut files: Vec<File> = placed.into_iter().map(file).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Bundle {
        format: FORMAT,
        vm: vm.name.clone(),
        namespace: group.namespace.clone(),
        runtime: env!("CARGO_PKG_VERSION").to_owned(),
        runtime_sha256: None,
        files,
        units: common.units.clone(),
        checks: common.checks.clone(),
        ssh: ssh(vm),
    }
}

fn file(placed: Placed) -> File {
    File {
        path: placed.path,
        source: placed.source,
        owner: placed.owner,
        group: placed.group,
        mode: format!("{:04o}", placed.bits),
        sha256: placed.sha256,
        secret: placed.secret,
    }
}

/// What has an `[Install]` section starts at boot; it brings the others.
fn unit(name: &str, text: &str) -> Unit {
    Unit {
        name: name.to_owned(),
        enable: text.contains("[Install]"),
    }
}

fn checks(group: &Group, name: Option<String>) -> Vec<Check> {
    let active = ["meshd.socket", "meshd.service", "meshd-capture.service"];
    let mut checks: Vec<_> = active.map(|unit| Check::UnitActive(unit.to_owned())).into();
    checks.push(Check::Ready);
    checks.extend(name.map(Check::Name));
    checks.extend(group.health.as_ref().map(|health| Check::Probe(health.probe())));
    checks
}

/// A name that meshd on every VM of the group must know: of another service than its own, if there is one.
fn name_to_check(mesh: &Mesh, group: &Group) -> Option<String> {
    let hosts = names::of_group(mesh, group).hosts;
    let own = |host: &String| {
        mesh.services_on(group)
            .any(|service| service.host.eq_ignore_ascii_case(host))
    };
    let exact = || {
        hosts
            .iter()
            .filter(|(host, _)| !host.starts_with('*'))
            .map(|(host, _)| host)
    };
    exact()
        .find(|host| !own(host))
        .or_else(|| exact().next())
        .cloned()
}

/// The machine is dialled by its address: names of VMs need be known nowhere.
fn ssh(vm: &Vm) -> Ssh {
    Ssh {
        host: vm.ssh.host.clone().unwrap_or_else(|| vm.address.to_string()),
        user: vm.ssh.user.clone(),
        port: vm.ssh.port,
        via: vm.ssh.via.clone(),
    }
}
