use super::vms::PROXY;
use super::{NODE, NodeSpec, any, may, needs, optional};
use crate::spec::Ty;

pub(super) static MESH: NodeSpec = NodeSpec {
    name: "mesh",
    about: "The whole mesh, and what holds everywhere in it. Its name is Istio's mesh ID.",
    args: &[needs("name", Ty::MeshName, "Its name, also Istio's mesh ID.")],
    children: &[
        optional(&TRUST_DOMAIN),
        any(&TRUST_DOMAIN_ALIAS),
        optional(&ISTIO),
        optional(&MTLS_EVERYWHERE),
        optional(&OUTBOUND),
        optional(&DNS),
        optional(&TELEMETRY),
        optional(&PROXY),
    ],
    ..NODE
};

static TRUST_DOMAIN: NodeSpec = NodeSpec {
    name: "trust-domain",
    about: "The domain of all identities: `spiffe://DOMAIN/ns/NAMESPACE/sa/ACCOUNT`.",
    args: &[needs("domain", Ty::Domain, "`cluster.local` if it is not said.")],
    ..NODE
};

static TRUST_DOMAIN_ALIAS: NodeSpec = NodeSpec {
    name: "trust-domain-alias",
    about: "Another name that the trust domain has or had; its identities are trusted too.",
    args: &[needs("domain", Ty::Domain, "The other name.")],
    ..NODE
};

static ISTIO: NodeSpec = NodeSpec {
    name: "istio",
    about: "The Istio that runs in the clusters.",
    props: &[
        may(
            "version",
            Ty::Version,
            "Release that the manifests are for, such as \"1.31\".",
        ),
        may("revision", Ty::Name, "istiod's revision, where it has one."),
    ],
    ..NODE
};

pub(super) const MODES: &[&str] = &["strict", "permissive", "disable"];

static MTLS_EVERYWHERE: NodeSpec = NodeSpec {
    name: "mtls",
    about: "Mutual TLS of the whole mesh: `strict` refuses plaintext, `permissive` takes both.",
    args: &[needs("mode", Ty::Word(MODES), "`strict` if it is not said.")],
    ..NODE
};

static OUTBOUND: NodeSpec = NodeSpec {
    name: "outbound",
    about: "What happens to connections to destinations that the mesh does not know.",
    args: &[needs(
        "mode",
        Ty::Word(&["allow-any", "registry-only"]),
        "`allow-any` if it is not said.",
    )],
    ..NODE
};

static DNS: NodeSpec = NodeSpec {
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
            "How queries get to meshd: `resolved` asks systemd-resolved to send the mesh's names there, `packets` \
             redirects port 53, `none` leaves it to you.",
        ),
    ],
    children: &[optional(&VIRTUAL_IPS), any(&FORWARD)],
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

static TELEMETRY: NodeSpec = NodeSpec {
    name: "telemetry",
    about: "Metrics and logs.",
    children: &[optional(&METRICS), optional(&ACCESS_LOG)],
    ..NODE
};

static METRICS: NodeSpec = NodeSpec {
    name: "metrics",
    about: "Istio's metrics on port 15090.",
    args: &[needs(
        "form",
        Ty::Word(&["prometheus", "none"]),
        "`prometheus` if it is not said.",
    )],
    ..NODE
};

static ACCESS_LOG: NodeSpec = NodeSpec {
    name: "access-log",
    about: "A line for every request and connection.",
    args: &[needs(
        "form",
        Ty::Word(&["json", "text", "none"]),
        "`text` is Istio's own line; `none` if it is not said.",
    )],
    ..NODE
};
