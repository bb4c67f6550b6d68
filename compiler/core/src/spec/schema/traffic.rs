//! How callers treat a service: for all of it, for one port, for one version.

use super::{Kind, NODE, NodeSpec, any, may, needs, optional, some};
use crate::spec::Ty;

pub(super) static SUBSET: NodeSpec = NodeSpec {
    name: "subset",
    about: "A version of the service, by its labels: `subset v1 version=v1`. A `balance`, `limits` or `eject` in it holds \
            for this version in place of the service's.",
    args: &[needs("name", Ty::Name, "Its name.").declares(Kind::Subset)],
    labels: true,
    children: &[
        optional(&BALANCE),
        optional(&WARM_UP),
        optional(&LOCALITY),
        optional(&LIMITS),
        optional(&EJECT),
        optional(&RETRY_BUDGET),
        any(&SUBSET_PORT),
    ],
    ..NODE
};

static SUBSET_PORT: NodeSpec = NodeSpec {
    name: "port",
    about: "What holds on one port of this version, and nothing else: settings of the service, the subset or the port \
            that are not repeated in it fall back to Istio's defaults.",
    args: &[needs("number", Ty::Port, "The port that callers dial.").names(Kind::Port)],
    children: &[
        optional(&BALANCE),
        optional(&WARM_UP),
        optional(&LOCALITY),
        optional(&LIMITS),
        optional(&EJECT),
    ],
    ..NODE
};

pub(super) static BALANCE: NodeSpec = NodeSpec {
    name: "balance",
    about: "How one of the workloads is chosen for a request or connection: `balance round-robin`, \
            `balance hash { header x-user }`.",
    args: &[needs(
        "how",
        Ty::Word(&["least-request", "round-robin", "random", "hash", "passthrough"]),
        "`least-request` if it is not said. `hash` keeps requests that are alike at one workload; `passthrough` \
         chooses none: the connection goes to the address that was dialled.",
    )],
    props: &[
        may(
            "table",
            Ty::Word(&["ring", "maglev"]),
            "With `hash`: how keys find workloads; `ring` if it is not said, `maglev` is even and quick.",
        ),
        may(
            "size",
            Ty::Count {
                min: 1,
                max: 8_388_608,
            },
            "With `hash`: places on the ring, at least (1024 if it is not said), or in Maglev's table (a prime below \
             5000011, 65537 if it is not said).",
        ),
    ],
    children: &[
        optional(&HASH_HEADER),
        optional(&HASH_COOKIE),
        optional(&HASH_QUERY),
        optional(&HASH_SOURCE_IP),
    ],
    ..NODE
};

static HASH_HEADER: NodeSpec = NodeSpec {
    name: "header",
    about: "Requests with the same value of a header stay together: `header x-user`.",
    args: &[needs("name", Ty::HeaderName, "The header.")],
    ..NODE
};

static HASH_COOKIE: NodeSpec = NodeSpec {
    name: "cookie",
    about: "Requests with the same cookie stay together: `cookie session ttl=\"1h\" path=\"/\"`.",
    args: &[needs("name", Ty::Text, "The cookie.")],
    props: &[
        may(
            "ttl",
            Ty::Duration,
            "Where it is absent, the proxy sets it for this long, \"0s\" until the browser ends; without, it sets none.",
        ),
        may("path", Ty::Path, "Path of the cookie that the proxy sets."),
    ],
    ..NODE
};

static HASH_QUERY: NodeSpec = NodeSpec {
    name: "query",
    about: "Requests with the same value of a query parameter stay together: `query user`.",
    args: &[needs("name", Ty::Text, "The parameter.")],
    ..NODE
};

static HASH_SOURCE_IP: NodeSpec = NodeSpec {
    name: "source-ip",
    about: "What comes from one address stays together; the only key that connections without requests have.",
    ..NODE
};

pub(super) static WARM_UP: NodeSpec = NodeSpec {
    name: "warm-up",
    about: "A new workload gets its full share only after a while: `warm-up \"30s\"`. With `least-request` and \
            `round-robin`.",
    args: &[needs("duration", Ty::Duration, "How long its share grows.")],
    props: &[
        may(
            "aggression",
            Ty::Decimal,
            "How the share grows: 1, evenly, if it is not said; more is slow at first.",
        ),
        may(
            "min",
            Ty::Percent,
            "The share that it begins with; \"10%\" if it is not said.",
        ),
    ],
    ..NODE
};

pub(super) static LOCALITY: NodeSpec = NodeSpec {
    name: "locality",
    about: "Which places serve a caller, and which take over. With `eject`, nearer places come first already; this \
            says it, turns it off, or says more: `locality { failover us-east to=us-west }`.",
    props: &[may(
        "prefer-near",
        Ty::Bool,
        "The caller's own zone first, then its region, then the rest (needs `eject`); #false: all places alike.",
    )],
    children: &[any(&FAILOVER), optional(&PRIORITY), any(&DISTRIBUTE)],
    ..NODE
};

static FAILOVER: NodeSpec = NodeSpec {
    name: "failover",
    about: "Which region takes over for another, before all others: `failover us-east to=us-west`.",
    args: &[needs("from", Ty::Place, "The region of the callers.")],
    props: &[needs("to", Ty::Place, "The region that takes over.")],
    ..NODE
};

static PRIORITY: NodeSpec = NodeSpec {
    name: "priority",
    about: "Labels by which workloads are near: those that share all of them with the caller come first, then those \
            that share all but the last, and so on: `priority \"topology.istio.io/network\" \"version=v1\"`.",
    args: &[needs(
        "label",
        Ty::LabelChoice,
        "A label's key; `KEY=VALUE` asks for a value in place of the caller's own.",
    )],
    repeat_last: true,
    ..NODE
};

static DISTRIBUTE: NodeSpec = NodeSpec {
    name: "distribute",
    about: "Where the requests of callers at a place go, in shares: `distribute \"us-west/a\" { to \"us-west/a\" \"80%\"; \
            to \"us-west/b\" \"20%\" }`.",
    args: &[needs(
        "from",
        Ty::Place,
        "The place of the callers: \"region/zone\", `*` at its end is any.",
    )],
    children: &[some(&TO)],
    ..NODE
};

static TO: NodeSpec = NodeSpec {
    name: "to",
    about: "A place and its share; all shares of one `distribute` together are 100%.",
    args: &[
        needs(
            "place",
            Ty::Place,
            "The place: \"region/zone\", `*` at its end is any.",
        ),
        needs("share", Ty::Percent, "Its share."),
    ],
    ..NODE
};

const COUNT: Ty = Ty::Count {
    min: 1,
    max: 2_147_483_647,
};

pub(super) static LIMITS: NodeSpec = NodeSpec {
    name: "limits",
    about: "Bounds on what one caller has under way with the service: `limits connections=100 connect-timeout=\"5s\"`.",
    props: &[
        may("connections", COUNT, "TCP connections."),
        may("pending", COUNT, "Requests that wait for a connection."),
        may("requests", COUNT, "Requests."),
        may("retries", COUNT, "Tries after the first, at once."),
        may("requests-per-connection", COUNT, "Then the connection is closed."),
        may("streams", COUNT, "Requests at once on one HTTP/2 connection."),
        may(
            "connect-timeout",
            Ty::Duration,
            "Until a connection stands; \"10s\" if it is not said.",
        ),
        may(
            "idle-timeout",
            Ty::Duration,
            "A connection on which nothing happens is closed after this; \"1h\" if it is not said.",
        ),
        may(
            "connection-age",
            Ty::Duration,
            "A connection is closed after this, whatever happens on it.",
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
        may(
            "keepalive-probes",
            COUNT,
            "TCP keepalive: probes without an answer until the connection counts as dead.",
        ),
        may(
            "http2",
            Ty::Word(&["upgrade", "never", "as-client"]),
            "HTTP/2 on an `http` port: `upgrade` always speaks it, `as-client` speaks what the caller spoke, `never` \
             does not even where the mesh's default would.",
        ),
        may(
            "ping-interval",
            Ty::Duration,
            "HTTP/2: how often a connection is asked whether it still stands.",
        ),
        may(
            "ping-timeout",
            Ty::Duration,
            "HTTP/2: without an answer for so long, the connection is closed.",
        ),
    ],
    ..NODE
};

pub(super) static EJECT: NodeSpec = NodeSpec {
    name: "eject",
    about: "When a workload that fails is left out for a while: `eject after=5 every=\"10s\" for=\"30s\"`.",
    props: &[
        may(
            "after",
            Ty::Count {
                min: 0,
                max: 2_147_483_647,
            },
            "Errors (5xx, broken connections) in a row; 5 if it is not said, 0 does not count them.",
        ),
        may(
            "after-gateway-errors",
            Ty::Count {
                min: 0,
                max: 2_147_483_647,
            },
            "Gateway errors (502, 503, 504) in a row; they are not counted apart if it is not said.",
        ),
        may(
            "after-local-errors",
            COUNT,
            "Connections that failed or timed out in a row, which are then counted apart from answers.",
        ),
        may(
            "statuses",
            Ty::Statuses,
            "The answers that count as errors, in place of all 5xx: \"429,503\".",
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

pub(super) static RETRY_BUDGET: NodeSpec = NodeSpec {
    name: "retry-budget",
    about: "How many tries after the first may be under way, relative to all requests: `retry-budget \"20%\"`.",
    args: &[needs(
        "share",
        Ty::Percent,
        "Of the requests under way and waiting.",
    )],
    props: &[
        may("at-least", COUNT, "So many are always fine; 3 if it is not said."),
        may(
            "over",
            Ty::Duration,
            "The time over which requests count; those under way if it is not said.",
        ),
    ],
    ..NODE
};
