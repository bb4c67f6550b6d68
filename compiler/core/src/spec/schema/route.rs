/// Codes of gRPC that Istio takes.
pub(crate) use mesh_wire::grpc::STATUSES as GRPC_CODES;

use super::{Kind, NODE, NodeSpec, any, may, needs, optional};
use crate::spec::Ty;

pub(super) static ROUTE: NodeSpec = NodeSpec {
    name: "route",
    about: "Where what callers send to the service goes. Of several routes the first whose `match` holds serves, in \
            the order written; one without `match` takes the rest: `route { to v1 weight=90; to v2 weight=10 }`.",
    args: &[may("name", Ty::Name, "What access logs call it.")],
    props: &[may(
        "port",
        Ty::Port,
        "Only what is sent to this port of the service; every port that fits if it is not said.",
    )
    .names(Kind::Port)],
    children: &[
        any(&MATCH),
        any(&TO),
        optional(&REDIRECT),
        optional(&RESPOND),
        optional(&REWRITE),
        optional(&TIMEOUT),
        optional(&RETRY),
        any(&MIRROR),
        optional(&FAULT),
        optional(&CORS),
        optional(&REQUEST),
        optional(&RESPONSE),
    ],
    ..NODE
};

static MATCH: NodeSpec = NodeSpec {
    name: "match",
    about: "What the route takes: everything in one `match` has to hold, one of several is enough. \
            `match path-prefix=\"/api\" method=GET { header x-canary \"true\" }`.",
    props: &[
        may("path", Ty::Path, "The whole path, without the query."),
        may(
            "path-prefix",
            Ty::Path,
            "How the path begins: \"/api\" also takes /apiary, \"/api/\" does not.",
        ),
        may(
            "path-regex",
            Ty::Text,
            "An expression (RE2) for the whole path: \"/users/[0-9]+\".",
        ),
        may(
            "ignore-case",
            Ty::Bool,
            "Letters of `path` and `path-prefix` are compared without case.",
        ),
        may("method", Ty::Methods, "HTTP methods, by comma."),
        may(
            "authority",
            Ty::Text,
            "The host that was asked for, with its port where there is one.",
        ),
        may("authority-prefix", Ty::Text, "How that host begins."),
        may("authority-regex", Ty::Text, "An expression (RE2) for that host."),
        may(
            "scheme",
            Ty::Word(&["http", "https"]),
            "The scheme of the request.",
        ),
        may(
            "from",
            Ty::Callers,
            "Only what these services send, by comma: `webapp`, \"ops/backup\", or \"ops/*\" for a whole namespace. \
             They are told by the labels of their workloads.",
        )
        .names(Kind::Caller),
        may(
            "sni",
            Ty::Hosts,
            "On ports with TLS: the names that clients ask for, by comma.",
        ),
        may(
            "to",
            Ty::Cidrs,
            "On ports without requests: the addresses that were dialled, as ranges.",
        ),
    ],
    children: &[any(&HEADER), any(&QUERY)],
    ..NODE
};

static HEADER: NodeSpec = NodeSpec {
    name: "header",
    about: "A header of the request: `header x-canary \"true\"`. Without a value it has to be there.",
    args: &[
        needs("name", Ty::HeaderName, "Its name."),
        may("value", Ty::Text, "What it is, letter by letter."),
    ],
    props: &[
        may("prefix", Ty::Text, "How it begins."),
        may("regex", Ty::Text, "An expression (RE2) for the whole of it."),
        may("not", Ty::Text, "It is anything but this, or not there."),
        may("absent", Ty::Bool, "It is not there."),
    ],
    ..NODE
};

static QUERY: NodeSpec = NodeSpec {
    name: "query",
    about: "A parameter of the query: `query v \"2\"`. Without a value it has to be there.",
    args: &[
        needs("name", Ty::Text, "Its name."),
        may("value", Ty::Text, "What it is, letter by letter."),
    ],
    props: &[
        may("prefix", Ty::Text, "How it begins."),
        may("regex", Ty::Text, "An expression (RE2) for the whole of it."),
    ],
    ..NODE
};

const SERVICE: super::Field = may(
    "service",
    Ty::Text,
    "Another service than this one: its name, or \"namespace/name\".",
)
.names(Kind::Service);

const PORT: super::Field = may(
    "port",
    Ty::Port,
    "A port of that service; the port that was called if it is not said.",
)
.names(Kind::Port);

static TO: NodeSpec = NodeSpec {
    name: "to",
    about: "Where it goes: a subset (`to v2`), another service (`to service=legacy`), or, with neither, all workloads \
            of the service.",
    args: &[may("subset", Ty::Name, "A subset of the service that it goes to.").names(Kind::Subset)],
    props: &[
        SERVICE,
        PORT,
        may(
            "weight",
            Ty::Count {
                min: 0,
                max: 2_147_483_647,
            },
            "Its share among several `to`, relative to their sum.",
        ),
    ],
    children: &[optional(&REQUEST), optional(&RESPONSE)],
    ..NODE
};

static MIRROR: NodeSpec = NodeSpec {
    name: "mirror",
    about: "Sends a copy there too and throws the answer away: `mirror v2 share=\"5%\"`.",
    args: &[may(
        "subset",
        Ty::Name,
        "A subset of the service that the copy goes to.",
    )
    .names(Kind::Subset)],
    props: &[
        SERVICE,
        PORT,
        may("share", Ty::Share, "Of the requests; \"100%\" if it is not said."),
    ],
    ..NODE
};

/// Redirections that proxies know.
const REDIRECTIONS: &[u64] = &[301, 302, 303, 307, 308];

static REDIRECT: NodeSpec = NodeSpec {
    name: "redirect",
    about: "Sends the caller elsewhere instead: `redirect host=\"new.example.com\" code=308`.",
    props: &[
        may("path", Ty::Path, "The new path, whole."),
        may("prefix", Ty::Path, "Takes the place of the prefix that matched."),
        may("host", Ty::Authority, "The new host."),
        may("scheme", Ty::Word(&["http", "https"]), "The new scheme."),
        may("port", Ty::Port, "The new port."),
        may("code", Ty::Number(REDIRECTIONS), "301 if it is not said."),
    ],
    ..NODE
};

static RESPOND: NodeSpec = NodeSpec {
    name: "respond",
    about: "Answers at once instead: `respond status=503 body=\"closed for today\"`.",
    props: &[
        needs("status", Ty::Count { min: 200, max: 599 }, "The HTTP status."),
        may("body", Ty::Text, "What the answer says."),
    ],
    ..NODE
};

static REWRITE: NodeSpec = NodeSpec {
    name: "rewrite",
    about: "Changes the request before it goes on: `rewrite path=\"/v1/search\"`.",
    props: &[
        may(
            "path",
            Ty::Path,
            "Takes the place of the path or prefix that matched; the rest stays.",
        ),
        may("host", Ty::Authority, "The host that the service sees."),
        may(
            "regex",
            Ty::Text,
            "An expression (RE2); what it finds in the path is replaced by `with`.",
        ),
        may(
            "with",
            Ty::Text,
            "The replacement; `\\1` is the first group of `regex`.",
        ),
    ],
    ..NODE
};

static TIMEOUT: NodeSpec = NodeSpec {
    name: "timeout",
    about: "How long a request may take, all tries together; for ever if it is not said.",
    args: &[needs("time", Ty::Duration, "The bound.")],
    ..NODE
};

static RETRY: NodeSpec = NodeSpec {
    name: "retry",
    about: "How often a request is tried again: `retry 3 per-try=\"1s\" on=\"5xx,reset\"`. Without it, twice where no \
            answer came; `retry 0` never.",
    args: &[needs(
        "attempts",
        Ty::Count { min: 0, max: 1000 },
        "Tries after the first.",
    )],
    props: &[
        may("per-try", Ty::Duration, "How long one try may take."),
        may(
            "on",
            Ty::RetryOn,
            "What is tried again, by comma: conditions of Envoy, such as 5xx or reset, and status codes.",
        ),
        may(
            "backoff",
            Ty::Duration,
            "How long to wait before the second try, then longer; \"25ms\" if it is not said.",
        ),
        may(
            "ignore-previous-hosts",
            Ty::Bool,
            "Another endpoint is tried than before; #true if it is not said.",
        ),
        may(
            "remote-localities",
            Ty::Bool,
            "Later tries may leave the caller's locality.",
        ),
    ],
    ..NODE
};

static FAULT: NodeSpec = NodeSpec {
    name: "fault",
    about: "Makes some requests slow or fail on purpose, to see what callers make of it.",
    children: &[optional(&DELAY), optional(&ABORT)],
    ..NODE
};

static DELAY: NodeSpec = NodeSpec {
    name: "delay",
    about: "Lets requests wait: `delay \"5s\" share=\"0.1%\"`.",
    args: &[needs("time", Ty::Duration, "How long.")],
    props: &[needs("share", Ty::Share, "Of the requests.")],
    ..NODE
};

static ABORT: NodeSpec = NodeSpec {
    name: "abort",
    about: "Answers requests with an error: `abort 503 share=\"1%\"`, or `abort grpc=UNAVAILABLE share=\"1%\"`.",
    args: &[may(
        "status",
        Ty::Count { min: 200, max: 599 },
        "The HTTP status.",
    )],
    props: &[
        may("grpc", Ty::Word(GRPC_CODES), "The status of gRPC instead."),
        needs("share", Ty::Share, "Of the requests."),
    ],
    ..NODE
};

static CORS: NodeSpec = NodeSpec {
    name: "cors",
    about: "Which pages of other origins may call from a browser: `cors origins=\"https://shop.example\" methods=GET`.",
    props: &[
        needs(
            "origins",
            Ty::Origins,
            "Origins, by comma: \"https://a.example\", \"https://*.example.com\", or \"*\" for all.",
        ),
        may("methods", Ty::Methods, "Methods that they may use, by comma."),
        may(
            "headers",
            Ty::HeaderNames,
            "Headers that they may send, by comma.",
        ),
        may(
            "expose",
            Ty::HeaderNames,
            "Headers of the answer that they may read, by comma.",
        ),
        may(
            "max-age",
            Ty::Seconds,
            "How long a browser may keep the permission.",
        ),
        may("credentials", Ty::Bool, "Cookies may be sent."),
    ],
    ..NODE
};

static REQUEST: NodeSpec = NodeSpec {
    name: "request",
    about: "Changes to the headers of the request, before the service sees them.",
    children: &[any(&SET), any(&ADD), any(&REMOVE)],
    ..NODE
};

static RESPONSE: NodeSpec = NodeSpec {
    name: "response",
    about: "Changes to the headers of the answer, before the caller sees them.",
    children: &[any(&SET), any(&ADD), any(&REMOVE)],
    ..NODE
};

static SET: NodeSpec = NodeSpec {
    name: "set",
    about: "Gives a header this value, whatever it had: `set x-via mesh`.",
    args: &[
        needs("name", Ty::HeaderName, "Its name."),
        needs("value", Ty::Text, "Its value."),
    ],
    ..NODE
};

static ADD: NodeSpec = NodeSpec {
    name: "add",
    about: "Adds a header to those that are there: `add x-served-by forum`.",
    args: &[
        needs("name", Ty::HeaderName, "Its name."),
        needs("value", Ty::Text, "Its value."),
    ],
    ..NODE
};

static REMOVE: NodeSpec = NodeSpec {
    name: "remove",
    about: "Takes headers away: `remove x-debug x-trace`.",
    args: &[needs("name", Ty::HeaderName, "Its name.")],
    repeat_last: true,
    ..NODE
};
