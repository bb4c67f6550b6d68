use super::{Kind, NODE, NodeSpec, any, may, needs};
use crate::spec::Ty;

pub(super) static EXPECT: NodeSpec = NodeSpec {
    name: "expect",
    about: "What `meshc test` asks the mesh, and what the answer has to be: `expect allow from=webapp to=\"/api/x\"`, \
            `expect deny from=outside`, `expect route from=webapp to=\"/api/x\" reaches=v2`, \
            `expect name from=forum-vm-1 to=webapp is=\"10.96.0.10\"`. It changes nothing that is built. The same may \
            stand in files beside the spec that end in `.test.kdl`.",
    args: &[needs(
        "what",
        Ty::Word(WORDS),
        "`allow`: the call gets through. `deny`: the workload's side refuses it, by a policy, a token or mutual TLS. \
         `route`: it goes where is said. `name`: the name leads where is said.",
    )],
    props: &[
        needs(
            "from",
            Ty::Text,
            "Who calls: a VM, a service or an account, of the same namespace or as \"namespace/name\" (\"@cluster\" behind \
             it says whose pods); or `outside`, somebody without an identity.",
        )
        .names(Kind::Caller),
        may(
            "to",
            Ty::Text,
            "What is called: a URL, \"host:port\" or a service. In a service, a path such as \"/api/x\" means the service \
             itself, and so does nothing.",
        ),
        may(
            "method",
            Ty::Methods,
            "The request's method; GET if it is not said.",
        ),
        may(
            "jwt",
            Ty::Text,
            "What the request's token says: \"iss=https://issuer,sub=ada\", or its claims as JSON.",
        ),
        may(
            "from-ip",
            Ty::Ip,
            "Where the workload sees the connection come from, if not from the caller's own address.",
        ),
        may(
            "by",
            Ty::Text,
            "For `deny`: what refuses it, by the name or number of its code, such as `access-refused` or `mtls-mismatch`.",
        ),
        may(
            "takes",
            Ty::Text,
            "For `route`: the name of the route that takes the request.",
        ),
        may(
            "reaches",
            Ty::Texts,
            "For `route`: where it goes, all of it, by comma: subsets, services, groups of VMs or VMs.",
        )
        .names(Kind::Target),
        may(
            "status",
            Ty::Count { min: 100, max: 599 },
            "For `route`: the status that the caller's own proxy answers with.",
        ),
        may(
            "is",
            Ty::Addresses,
            "For `name`: addresses that it has, or the host that it is, by comma; without, it is enough that the mesh knows \
             it.",
        ),
    ],
    children: &[any(&HEADER)],
    ..NODE
};

/// What may be expected.
pub(crate) const WORDS: &[&str] = &["allow", "deny", "route", "name"];

static HEADER: NodeSpec = NodeSpec {
    name: "header",
    about: "A header of the request: `header x-canary \"true\"`.",
    args: &[
        needs("name", Ty::HeaderName, "The header."),
        needs("value", Ty::Text, "Its value."),
    ],
    ..NODE
};

/// What stands at the top of a file of expectations.
pub static TESTS: &[super::Child] = &[any(&EXPECT), any(&NAMESPACE)];

static NAMESPACE: NodeSpec = NodeSpec {
    name: "namespace",
    about: "Expectations of a namespace: callers are looked up in it first.",
    args: &[needs("name", Ty::Name, "The namespace.").names(Kind::Namespace)],
    children: &[any(&EXPECT), any(&SERVICE)],
    ..NODE
};

static SERVICE: NodeSpec = NodeSpec {
    name: "service",
    about: "Expectations of a service.",
    args: &[needs("name", Ty::Name, "The service.").names(Kind::Service)],
    children: &[any(&EXPECT)],
    ..NODE
};
