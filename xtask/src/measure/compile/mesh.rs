use std::fmt::Write as _;
use std::net::Ipv4Addr;

/// Groups that the machines are in.
const GROUPS: usize = 10;

/// One machine of the mesh that is measured.
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) group: usize,
    pub(super) address: Ipv4Addr,
    pub(super) zone: usize,
    pub(super) weight: usize,
}

/// `vms` machines, ordered by group.
pub(super) fn machines(vms: usize) -> impl Iterator<Item = Machine> {
    (0..vms).map(move |at| Machine {
        name: format!("vm-{at}"),
        group: at * GROUPS / vms,
        address: Ipv4Addr::from(0x0a00_0100 + u32::try_from(at).unwrap_or(u32::MAX)),
        zone: at % 3,
        weight: 1 + at % 100,
    })
}

/// A spec with all of them.
pub(super) fn spec(vms: usize) -> String {
    let mut text = String::from(HEAD);
    let mut group = None;
    for vm in machines(vms) {
        if group != Some(vm.group) {
            if group.is_some() {
                text.push_str("        }\n    }\n");
            }
            group = Some(vm.group);
            let port = 8000 + vm.group;
            // Writing to a text never fails.
            let _ = write!(
                text,
                "    service s{0} {{\n        port {port} http\n        vms network=vm {{\n            health \
                 tcp={port} every=\"5s\"\n            ssh user=ubuntu\n",
                vm.group
            );
        }
        let _ = writeln!(
            text,
            "            vm {} address=\"{}\" locality=\"region/zone-{}\" weight={}",
            vm.name, vm.address, vm.zone, vm.weight
        );
    }
    text.push_str("        }\n    }\n}\n");
    text
}

const HEAD: &str = r#"mesh fleet {
    istio version="1.31"
}
network kube
network vm cidr="10.0.0.0/8"
cluster main network=kube { gateway address="203.0.113.10" }
namespace fleet {
"#;
