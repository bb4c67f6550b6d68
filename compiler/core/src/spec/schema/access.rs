use super::{Field, Kind, NODE, NodeSpec, any, may, needs};
use crate::spec::Ty;

pub(super) static ALLOW: NodeSpec = NodeSpec {
    name: "allow",
    about: "Who may call. With one `allow`, whatever no `allow` matches is refused; without any, everybody may. \
            All that a rule says must hold at once; of a list, one entry must: \
            `allow from=webapp methods=\"GET,POST\" paths=\"/api/*\"`.",
    props: RULE,
    children: &[any(&WHEN)],
    ..NODE
};

pub(super) static DENY: NodeSpec = NodeSpec {
    name: "deny",
    about: "Who may not call, whatever `allow` says: `deny paths=\"/admin/*\" not-from=\"ops/*\"`. \
            It is written like `allow`.",
    props: RULE,
    children: &[any(&WHEN)],
    ..NODE
};

pub(super) static AUDIT: NodeSpec = NodeSpec {
    name: "audit",
    about: "Which calls are noted, and nothing else done: `audit paths=\"/admin/*\"`. It is written like `allow`.",
    props: RULE,
    children: &[any(&WHEN)],
    ..NODE
};

const RULE: &[Field] = &[
    FROM,
    NOT_FROM,
    FROM_IP,
    NOT_FROM_IP,
    REMOTE_IP,
    NOT_REMOTE_IP,
    JWT,
    NOT_JWT,
    METHODS,
    NOT_METHODS,
    PATHS,
    NOT_PATHS,
    HOSTS,
    NOT_HOSTS,
    PORTS,
    NOT_PORTS,
    DRY_RUN,
    NAME,
];

/// Of who calls, an authorizer is asked before Istio knows it.
pub(super) const ASK_RULE: &[Field] = &[
    FROM_IP,
    NOT_FROM_IP,
    REMOTE_IP,
    NOT_REMOTE_IP,
    METHODS,
    NOT_METHODS,
    PATHS,
    NOT_PATHS,
    HOSTS,
    NOT_HOSTS,
    PORTS,
    NOT_PORTS,
    DRY_RUN,
    NAME,
];

const FROM: Field = may(
    "from",
    Ty::Callers,
    "Callers by their identity: services or accounts (`webapp`, \"ops/backup\"), all of a namespace (\"ops/*\"), \
         `*` for everybody of the mesh, or \"spiffe://DOMAIN/ns/NAMESPACE/sa/ACCOUNT\". Without it anybody, also \
         callers without a certificate.",
)
.names(Kind::Caller);
const NOT_FROM: Field = may(
    "not-from",
    Ty::Callers,
    "None of these callers; a caller without a certificate is none of them.",
)
.names(Kind::Caller);
const FROM_IP: Field = may(
    "from-ip",
    Ty::IpBlocks,
    "Addresses or ranges of the machine at the other end of the connection, such as \"10.0.0.0/8\".",
);
const NOT_FROM_IP: Field = may("not-from-ip", Ty::IpBlocks, "None of these addresses.");
const REMOTE_IP: Field = may(
    "remote-ip",
    Ty::IpBlocks,
    "Addresses or ranges of the client that X-Forwarded-For names; without the header, as `from-ip`.",
);
const NOT_REMOTE_IP: Field = may("not-remote-ip", Ty::IpBlocks, "None of these clients.");
const JWT: Field = may(
    "jwt",
    Ty::Texts,
    "Tokens that `jwt` verified, as ISSUER/SUBJECT: \"https://accounts.example.com/*\". `*` is any token.",
);
const NOT_JWT: Field = may(
    "not-jwt",
    Ty::Texts,
    "None of these tokens; `*` means requests without one.",
);
const METHODS: Field = may(
    "methods",
    Ty::MethodPatterns,
    "HTTP methods, by comma, perhaps with `*` at an end: \"GET,POST\", \"M*\".",
);
const NOT_METHODS: Field = may("not-methods", Ty::MethodPatterns, "None of these methods.");
const PATHS: Field = may(
    "paths",
    Ty::Paths,
    "Paths, by comma: \"/health,/api/*\". `{*}` is one part, `{**}` any number: \"/users/{*}/posts/{**}\".",
);
const NOT_PATHS: Field = may("not-paths", Ty::Paths, "None of these paths.");
const HOSTS: Field = may(
    "hosts",
    Ty::HostPatterns,
    "What the client called the service, with the port if it is not 80: \"api.example.com,api.example.com:*\".",
);
const NOT_HOSTS: Field = may("not-hosts", Ty::HostPatterns, "None of these hosts.");
const PORTS: Field = may(
    "ports",
    Ty::Ports,
    "Ports that the workload listens on, by comma: \"8080,9090\".",
);
const NOT_PORTS: Field = may("not-ports", Ty::Ports, "None of these ports.");
const DRY_RUN: Field = may(
    "dry-run",
    Ty::Bool,
    "Only write down what the rule would do; nobody is refused or let in by it.",
);
const NAME: Field = may(
    "name",
    Ty::Name,
    "Name of its AuthorizationPolicy, which rules may share; the service's if it is not said, with `-deny` or \
         `-audit` behind.",
);

pub(super) static WHEN: NodeSpec = NodeSpec {
    name: "when",
    about: "A condition on an attribute of the connection or request, by the names of Istio's AuthorizationPolicy: \
            `when \"request.headers[x-tenant]\" \"forum\"`, `when source.ip not=\"10.9.0.0/16\"`.",
    args: &[
        needs(
            "key",
            Ty::Text,
            "`source.ip`, `remote.ip`, `source.namespace`, `source.principal`, `source.serviceAccount`, \
             `source.trustDomain`, `request.headers[NAME]`, `request.auth.principal`, `request.auth.audiences`, \
             `request.auth.presenter`, `request.auth.claims[NAME]` (nested: `[a][b]`), `destination.ip`, \
             `destination.port`, `connection.sni` or `experimental.envoy.filters.FILTER[KEY]`.",
        ),
        may(
            "values",
            Ty::Text,
            "One of these, where texts may begin or end with `*`.",
        ),
    ],
    repeat_last: true,
    props: &[may("not", Ty::Texts, "None of these, by comma.")],
    ..NODE
};
