use super::{NODE, NodeSpec, may, needs};
use crate::spec::Ty;

pub(super) static SUBSET: NodeSpec = NodeSpec {
    name: "subset",
    about: "A version of the service, by its labels: `subset v1 version=v1`.",
    args: &[needs("name", Ty::Name, "Its name.")],
    labels: true,
    ..NODE
};

pub(super) static BALANCE: NodeSpec = NodeSpec {
    name: "balance",
    about: "How one of the workloads is chosen for a request.",
    args: &[needs(
        "how",
        Ty::Word(&["least-request", "round-robin", "random"]),
        "`least-request` if it is not said.",
    )],
    props: &[may(
        "prefer-near",
        Ty::Bool,
        "The caller's own zone first, then its region, then the rest.",
    )],
    ..NODE
};

const COUNT: Ty = Ty::Count {
    min: 1,
    max: 2_147_483_647,
};

pub(super) static LIMITS: NodeSpec = NodeSpec {
    name: "limits",
    about: "Bounds on what one caller has under way with the service.",
    props: &[
        may("connections", COUNT, "TCP connections."),
        may("pending", COUNT, "Requests that wait for a connection."),
        may("requests", COUNT, "Requests."),
        may("retries", COUNT, "Tries after the first, at once."),
        may("requests-per-connection", COUNT, "Then the connection is closed."),
        may("connect-timeout", Ty::Duration, "Until a connection stands."),
        may(
            "idle-timeout",
            Ty::Duration,
            "A connection without requests is closed after this.",
        ),
        may(
            "keepalive-time",
            Ty::Duration,
            "TCP keepalive: silence before the first probe.",
        ),
        may(
            "keepalive-interval",
            Ty::Duration,
            "TCP keepalive: between probes.",
        ),
    ],
    ..NODE
};

pub(super) static EJECT: NodeSpec = NodeSpec {
    name: "eject",
    about: "When a workload that fails is left out for a while.",
    props: &[
        may("after", COUNT, "Errors (5xx, broken connections) in a row."),
        may(
            "after-gateway-errors",
            COUNT,
            "Gateway errors (502, 503, 504) in a row.",
        ),
        may(
            "every",
            Ty::Duration,
            "How often it is looked at; \"10s\" if it is not said.",
        ),
        may(
            "for",
            Ty::Duration,
            "How long, the first time; \"30s\" if it is not said.",
        ),
        may(
            "at-most",
            Ty::Percent,
            "Of the workloads at once; \"10%\" if it is not said.",
        ),
        may(
            "min-health",
            Ty::Percent,
            "Below this share of healthy ones, all are used.",
        ),
    ],
    ..NODE
};
