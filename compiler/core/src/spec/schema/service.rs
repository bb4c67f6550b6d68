use super::access::{ALLOW, AUDIT, DENY};
use super::authorizer::ASK;
use super::check::CHECK;
use super::expect::EXPECT;
use super::jwt::JWT;
use super::mesh::MODES;
use super::route::ROUTE;
use super::telemetry::TELEMETRY;
use super::traffic::{BALANCE, EJECT, LIMITS, LOCALITY, RETRY_BUDGET, SUBSET, WARM_UP};
use super::vms::{ON, VMS};
use super::{Field, Kind, NODE, NodeSpec, any, may, needs, optional, some};
use crate::spec::Ty;

pub(super) static SERVICE: NodeSpec = NodeSpec {
    name: "service",
    about: "Something that others call by its name: pods, VMs, or both. Without `vms` it has pods.",
    args: &[needs(
        "name",
        Ty::ServiceName,
        "Its name; others reach it as NAME.NAMESPACE.",
    )
    .declares(Kind::Service)],
    props: &[
        may(
            "account",
            Ty::Name,
            "Service account of its workloads; the service's name if it is not said.",
        )
        .names(Kind::Account),
        may(
            "cluster-ip",
            Ty::Ip,
            "The Service's ClusterIP; without, VMs use a virtual address.",
        ),
        may(
            "headless",
            Ty::Bool,
            "It has no address: its name leads to the workloads themselves.",
        ),
        VISIBLE,
        may(
            "host",
            Ty::Host,
            "A host name that is not Kubernetes': billing.legacy.internal.",
        ),
    ],
    children: &[
        some(&PORT),
        optional(&SELECTOR),
        any(&PODS),
        any(&SUBSET),
        optional(&BALANCE),
        optional(&WARM_UP),
        optional(&LOCALITY),
        optional(&LIMITS),
        optional(&EJECT),
        optional(&RETRY_BUDGET),
        any(&ROUTE),
        any(&ALLOW),
        any(&DENY),
        any(&AUDIT),
        any(&ASK),
        any(&JWT),
        any(&MTLS),
        optional(&TELEMETRY),
        any(&ADDRESS),
        any(&ON),
        any(&VMS),
        any(&CHECK),
        any(&EXPECT),
    ],
    ..NODE
};

pub(super) const VISIBLE: Field = may(
    "visible",
    Ty::Names,
    "Who knows it: `mesh` (if it is not said), `namespace` for its own alone, `nobody`, or names of namespaces, by \
     comma.",
)
.names(Kind::Namespace);

/// What is spoken on a port.
pub(crate) const PROTOCOLS: &[&str] = &[
    "http", "http2", "grpc", "grpc-web", "tls", "https", "tcp", "udp", "mysql", "redis", "mongo",
];

static PORT: NodeSpec = NodeSpec {
    name: "port",
    about: "A port that callers dial, and what is spoken on it: `port 8080 http`.",
    args: &[
        needs("number", Ty::Port, "What callers dial.").declares(Kind::Port),
        needs(
            "protocol",
            Ty::Word(PROTOCOLS),
            "What is spoken. Without knowing it, a proxy has to guess.",
        ),
    ],
    props: &[
        may(
            "name",
            Ty::PortName,
            "Its name in the Service; `http`, `tcp-mysql`… if it is not said.",
        ),
        may(
            "target",
            Ty::Target,
            "What the workload listens on: a number, or the name of a port of the pods and of the `vms`; the number if \
             it is not said.",
        ),
    ],
    // What is written in it holds on this port in place of all that the service says.
    children: &[
        optional(&BALANCE),
        optional(&WARM_UP),
        optional(&LOCALITY),
        optional(&LIMITS),
        optional(&EJECT),
    ],
    ..NODE
};

static SELECTOR: NodeSpec = NodeSpec {
    name: "selector",
    about: "Labels of the service's workloads; `app=NAME` if it is not said. VMs get them.",
    labels: true,
    ..NODE
};

static PODS: NodeSpec = NodeSpec {
    name: "pods",
    about: "The service has pods, also beside its VMs; write it once for each cluster that they run in. Their Deployment \
            stays yours.",
    props: &[
        may(
            "cluster",
            Ty::Text,
            "Where they run; the only cluster if there is one.",
        )
        .names(Kind::Cluster),
        may("locality", Ty::Locality, "Where they stand: \"region/zone\"."),
    ],
    ..NODE
};

static MTLS: NodeSpec = NodeSpec {
    name: "mtls",
    about: "Mutual TLS of the service, or of one of its workload's ports, where it is not as in the namespace.",
    args: &[needs("mode", Ty::Word(MODES), "The mode.")],
    props: &[may("port", Ty::Port, "Only this port of the workload.")],
    ..NODE
};

pub(super) static ADDRESS: NodeSpec = NodeSpec {
    name: "address",
    about: "What the host resolves to in the mesh; without, a virtual address is given.",
    args: &[needs("address", Ty::Ip, "An address.")],
    repeat_last: true,
    ..NODE
};
