use super::{NODE, NodeSpec, any, may, needs};
use crate::spec::Ty;

pub(super) static JWT: NodeSpec = NodeSpec {
    name: "jwt",
    about: "Tokens (JSON Web Tokens) of one issuer that requests may carry. A request with a bad token is refused; \
            one without passes, unless it is `required`, or a rule asks for it: `allow jwt=\"https://accounts.example.com/*\"`.",
    props: &[
        needs(
            "issuer",
            Ty::Text,
            "Who issues them, as in their claim `iss`: \"https://accounts.example.com\".",
        ),
        may(
            "jwks-uri",
            Ty::Url,
            "Where the issuer's public keys are. Without it and `jwks`, they are found by OpenID Connect discovery.",
        ),
        may(
            "jwks",
            Ty::Jwks,
            "The public keys themselves, as a JSON Web Key Set. VMs verify tokens by these only.",
        ),
        may(
            "audiences",
            Ty::Texts,
            "Accepted values of their claim `aud`, by comma; any if it is not said.",
        ),
        may(
            "required",
            Ty::Bool,
            "#true refuses requests without a token of it, or of another issuer that is required here; #false if it is \
             not said.",
        ),
        may(
            "except",
            Ty::Paths,
            "With `required`: paths that need no token, by comma: \"/health,/public/*\".",
        ),
        may(
            "forward",
            Ty::Bool,
            "The application gets the token too; #false if it is not said.",
        ),
        may(
            "payload-header",
            Ty::HeaderName,
            "A header that the application gets the token's claims in, in base64.",
        ),
        may(
            "timeout",
            Ty::Duration,
            "How long the keys may take to arrive; \"5s\" if it is not said.",
        ),
        may(
            "space-delimited",
            Ty::Texts,
            "Claims whose texts are lists by space, beside `scope` and `permission`.",
        ),
    ],
    children: &[any(&FROM), any(&CLAIM_TO_HEADER)],
    ..NODE
};

static FROM: NodeSpec = NodeSpec {
    name: "from",
    about: "Where a request carries its token; in `Authorization: Bearer` or the parameter `access_token` if it is not \
            said: `from header=x-token`, `from cookie=session`.",
    props: &[
        may("header", Ty::HeaderName, "A header."),
        may(
            "prefix",
            Ty::Text,
            "What stands before the token in the header: \"Bearer \".",
        ),
        may("param", Ty::Text, "A parameter of the query."),
        may("cookie", Ty::Text, "A cookie."),
    ],
    ..NODE
};

static CLAIM_TO_HEADER: NodeSpec = NodeSpec {
    name: "claim-to-header",
    about: "A claim that the application gets as a header: `claim-to-header sub x-user`.",
    args: &[
        needs("claim", Ty::Text, "The claim; `a.b` is a part of another."),
        needs("header", Ty::HeaderName, "The header."),
    ],
    ..NODE
};
