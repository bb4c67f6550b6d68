use super::access::{ASK_RULE, WHEN};
use super::{Kind, NODE, NodeSpec, any, may, needs};
use crate::spec::Ty;

pub(super) static ASK: NodeSpec = NodeSpec {
    name: "ask",
    about: "What an authorizer decides: calls that match go on only if it agrees, and then `deny` and `allow` are looked at: \
            `ask opa paths=\"/admin/*\"`. It is written like `allow`, without who calls, which the authorizer learns. Where \
            there are only bytes, it is asked about each connection if it speaks gRPC, and else not at all.",
    args: &[needs("authorizer", Ty::Name, "Which: an `authorizer` of the mesh.").names(Kind::Authorizer)],
    props: ASK_RULE,
    children: &[any(&WHEN)],
    ..NODE
};

pub(super) static AUTHORIZER: NodeSpec = NodeSpec {
    name: "authorizer",
    about: "A service that decides about calls, by Envoy's protocol for external authorization: \
            `authorizer opa grpc=\"opa.ops:9191\"`. Rules ask it by `ask`.",
    args: &[needs("name", Ty::Name, "Its name.").declares(Kind::Authorizer)],
    props: &[
        may(
            "grpc",
            Ty::Text,
            "Where it answers by gRPC, a service of the mesh or an external one: \"opa.ops:9191\".",
        ),
        may(
            "http",
            Ty::Text,
            "Where it answers by HTTP, with 200 for yes: \"oauth2-proxy.ops:4180\".",
        ),
        may(
            "timeout",
            Ty::Duration,
            "How long it may take; \"600s\" if it is not said.",
        ),
        may(
            "fail-open",
            Ty::Bool,
            "Calls go on where it does not answer; #false if it is not said.",
        ),
        may(
            "status-on-error",
            Ty::Count { min: 400, max: 599 },
            "What callers get where it does not answer; 403 if it is not said.",
        ),
        may(
            "body",
            Ty::Bytes,
            "How much of the body it gets, such as \"8KiB\"; nothing of it if it is not said.",
        ),
        may(
            "partial-body",
            Ty::Bool,
            "Of a longer body it gets the beginning; #false refuses the call with 413.",
        ),
        may(
            "path-prefix",
            Ty::Path,
            "With `http`: what stands before the path when it is asked: \"/check\".",
        ),
        may(
            "send-headers",
            Ty::Texts,
            "With `http`: headers of the call that it gets, by comma, perhaps with `*` at an end.",
        ),
        may(
            "upstream-headers",
            Ty::Texts,
            "With `http`: headers of a yes that the service gets.",
        ),
        may(
            "allow-headers",
            Ty::Texts,
            "With `http`: headers of a yes that the caller gets.",
        ),
        may(
            "deny-headers",
            Ty::Texts,
            "With `http`: headers of a no that the caller gets.",
        ),
    ],
    choice: &["grpc", "http"],
    ..NODE
};
