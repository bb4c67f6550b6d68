use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use crate::model::{Backend, Group, InboundPorts};

/// SSH, and what Istio's agent serves itself, in the order of `istioctl`.
const SPARED: [u16; 4] = [22, 15090, 15021, 15020];

/// What the spec says of capture, as variables of `istio-iptables` (Istio `tools/istio-iptables/pkg/cmd/root.go`). What it
/// does not say stays as `istioctl` writes it.
pub(super) fn environment(group: &Group) -> BTreeMap<String, String> {
    let capture = &group.capture;
    let mut all = BTreeMap::new();
    let mut set = |name: &str, value: String| {
        all.insert(name.to_owned(), value);
    };
    match &capture.inbound {
        InboundPorts::Declared => {}
        InboundPorts::Only(ports) => set("ISTIO_INBOUND_PORTS", list(ports)),
        InboundPorts::AllBut(except) => {
            set("ISTIO_INBOUND_PORTS", "*".to_owned());
            let more: BTreeSet<u16> = group
                .vms
                .iter()
                .filter_map(|vm| vm.ssh.port)
                .chain(except.iter().copied())
                .collect();
            let more = more.into_iter().filter(|port| !SPARED.contains(port));
            set("ISTIO_LOCAL_EXCLUDE_PORTS", list(SPARED.into_iter().chain(more)));
        }
    }
    if let Some(ranges) = &capture.outbound {
        set("ISTIO_SERVICE_CIDR", list(ranges));
    }
    let lists = [
        ("ISTIO_SERVICE_EXCLUDE_CIDR", list(&capture.exclude_outbound)),
        ("ISTIO_OUTBOUND_PORTS", list(&capture.outbound_ports)),
        (
            "ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE",
            list(&capture.exclude_outbound_ports),
        ),
        (
            "ISTIO_EXCLUDE_INTERFACES",
            interfaces(&capture.exclude_interfaces),
        ),
        ("KUBE_VIRT_INTERFACES", interfaces(&capture.virtual_interfaces)),
        (
            "ISTIO_OUTBOUND_OWNER_GROUPS",
            list(capture.only_groups.iter().flatten()),
        ),
        (
            "ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE",
            list(&capture.exclude_groups),
        ),
        ("ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR", list(capture.loopback)),
    ];
    let said = lists.into_iter().filter(|(_, list)| !list.is_empty());
    said.for_each(|(name, list)| set(name, list));
    if capture.tproxy {
        set("ISTIO_INBOUND_INTERCEPTION_MODE", "TPROXY".to_owned());
    }
    if capture.drop_invalid {
        set("INVALID_DROP", "true".to_owned());
    }
    if capture.backend == Backend::Nftables {
        set("NATIVE_NFTABLES", "true".to_owned());
    }
    all
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(",")
}

/// iptables writes `+` for any end of a name.
fn interfaces(names: &[String]) -> String {
    list(names).replace('*', "+")
}
