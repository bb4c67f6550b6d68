use super::{NODE, NodeSpec, any, may, needs, optional};
use crate::spec::Ty;

pub(super) static DNS: NodeSpec = NodeSpec {
    name: "dns",
    about: "How names are resolved on VMs.",
    props: &[
        may(
            "ttl",
            Ty::Duration,
            "How long an answer may be kept; \"30s\" if it is not said.",
        ),
        may(
            "capture",
            Ty::Word(&["resolved", "packets", "none"]),
            "How queries get to meshd: `resolved` asks systemd-resolved to send the mesh's names there (if it is not \
             said), `packets` redirects all queries to port 53, for machines without systemd-resolved, `none` leaves it \
             to you.",
        ),
    ],
    children: &[optional(&VIRTUAL_IPS), optional(&SEARCH), any(&FORWARD)],
    ..NODE
};

static VIRTUAL_IPS: NodeSpec = NodeSpec {
    name: "virtual-ips",
    about: "Ranges for the addresses of services that have none of their own, one for IPv4, one for IPv6.",
    args: &[needs(
        "range",
        Ty::Cidr,
        "\"240.240.0.0/16\" and \"2001:2::/48\" if it is not said.",
    )],
    repeat_last: true,
    ..NODE
};

static SEARCH: NodeSpec = NodeSpec {
    name: "search",
    about: "Domains that short names are completed with, after those of Kubernetes: `search \"corp.example.com\"` makes \
            `wiki` find wiki.corp.example.com. With `capture=resolved`.",
    args: &[needs("domain", Ty::Domain, "The domain.")],
    repeat_last: true,
    ..NODE
};

static FORWARD: NodeSpec = NodeSpec {
    name: "forward",
    about: "A domain whose names are asked from servers of their own.",
    args: &[needs("domain", Ty::Domain, "The domain.")],
    props: &[needs(
        "to",
        Ty::Ips,
        "The servers' addresses: \"10.0.0.53,10.0.0.54\".",
    )],
    ..NODE
};
