use super::{NODE, NodeSpec, may};
use crate::spec::Ty;

/// What goes through the proxy, on the VMs of a group or of the whole mesh.
pub(super) static CAPTURE: NodeSpec = NodeSpec {
    name: "capture",
    about: "What goes through the proxy on VMs: `capture inbound=all exclude-inbound=9100`. In `mesh` it is said for \
            all VMs; what a `vms` says itself goes before.",
    props: &[
        may(
            "inbound",
            Ty::PortsOr(&["declared", "all", "none"]),
            "Ports whose callers go through the proxy: the `declared` ones (if it is not said), `all` but SSH and the \
             mesh's own, `none`, or a list, such as \"8080,9090\".",
        ),
        may(
            "exclude-inbound",
            Ty::Ports,
            "With `inbound=all`: ports that are left alone, such as \"9100\".",
        ),
        may(
            "outbound",
            Ty::CidrsOr(&["all", "none"]),
            "Destinations that are reached through the proxy: `all` (if it is not said), `none`, or ranges, such as \
             \"10.0.0.0/8,240.240.0.0/16\".",
        ),
        may(
            "exclude-outbound",
            Ty::Cidrs,
            "Destinations that are left alone, such as \"169.254.169.254/32\".",
        ),
        may(
            "outbound-ports",
            Ty::Ports,
            "Ports of destinations that are captured wherever they are, beside the ranges of `outbound=`.",
        ),
        may(
            "exclude-outbound-ports",
            Ty::Ports,
            "Ports of destinations that are left alone, such as \"25,123\". Queries to them too.",
        ),
        may(
            "exclude-interfaces",
            Ty::Interfaces,
            "Interfaces that are left alone in both directions: \"eth1,wg*\".",
        ),
        may(
            "virtual-interfaces",
            Ty::Interfaces,
            "Bridges of containers and of virtual machines: what they send counts as the machine's own outbound \
             traffic. \"docker0\"",
        ),
        may(
            "exclude-users",
            Ty::Owners,
            "Users whose connections and queries are left alone, by name or number: \"dnsmasq,backup\". Each machine \
             looks names up itself.",
        ),
        may(
            "exclude-groups",
            Ty::Owners,
            "Groups whose connections and queries are left alone, by name or number.",
        ),
        may(
            "only-groups",
            Ty::Owners,
            "Only what these groups send is captured, at most 64 of them.",
        ),
        may(
            "mode",
            Ty::Word(&["redirect", "tproxy"]),
            "How inbound connections get to the proxy: `redirect` rewrites their destination (if it is not said), \
             `tproxy` does without rewriting. The application sees 127.0.0.6 as its caller with `redirect`, and the \
             client's own address with `tproxy`.",
        ),
        may(
            "backend",
            Ty::Word(&["auto", "iptables", "nftables"]),
            "What loads the rules; `auto` takes `nft` where the machine has it, else iptables.",
        ),
        may(
            "drop-invalid",
            Ty::Bool,
            "Packets that belong to no connection are dropped, not answered with a reset; #false if it is not said.",
        ),
        may(
            "ipv6",
            Ty::Bool,
            "IPv6 is captured like IPv4; #true if it is not said. Off, all IPv6 goes round the mesh.",
        ),
        may(
            "loopback",
            Ty::Cidr,
            "Addresses of the machine itself that are left alone; \"127.0.0.1/32\" if it is not said, \
             \"127.0.0.0/8\" for all of them.",
        ),
    ],
    ..NODE
};
