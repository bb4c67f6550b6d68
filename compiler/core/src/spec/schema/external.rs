//! Services outside the mesh.

use super::expect::EXPECT;
use super::route::ROUTE;
use super::service::{ADDRESS, PROTOCOLS, VISIBLE};
use super::traffic::{BALANCE, EJECT, LIMITS, LOCALITY, RETRY_BUDGET, SUBSET, WARM_UP};
use super::{Kind, NODE, NodeSpec, any, may, needs, optional, place::LABEL, some};
use crate::spec::Ty;

pub(super) static EXTERNAL: NodeSpec = NodeSpec {
    name: "external",
    about: "A service outside the mesh: `external payments host=\"api.payments.example.com\" { port 443 tls }`.",
    args: &[needs("name", Ty::Name, "Its name.").declares(Kind::Service)],
    props: &[
        needs(
            "host",
            Ty::Host,
            "The host name that callers use; `*.example.com` is all below.",
        ),
        VISIBLE,
        may(
            "resolution",
            Ty::Word(&["static", "dns", "dns-round-robin", "none"]),
            "How it is found. If it is not said: endpoints that are addresses are `static`, names are looked up by \
             `dns`, and a wildcard without endpoints has `none`, the address that was dialled. `dns-round-robin` uses \
             one address of the answer at a time.",
        ),
        may(
            "sans",
            Ty::Sans,
            "Names that its certificate carries, by comma, where TLS begins at the proxy and `tls` names none.",
        ),
    ],
    children: &[
        some(&EXTERNAL_PORT),
        any(&ENDPOINT),
        any(&ADDRESS),
        optional(&TLS),
        optional(&EGRESS),
        any(&SUBSET),
        any(&ROUTE),
        optional(&BALANCE),
        optional(&WARM_UP),
        optional(&LOCALITY),
        optional(&LIMITS),
        optional(&EJECT),
        optional(&RETRY_BUDGET),
        any(&EXPECT),
    ],
    ..NODE
};

static EXTERNAL_PORT: NodeSpec = NodeSpec {
    name: "port",
    about: "A port that callers dial, and what is spoken on it: `port 443 tls`. `port 80 http target=443 { tls simple }` \
            takes plain HTTP from callers and speaks TLS to the outside.",
    args: &[
        needs("number", Ty::Port, "What callers dial.").declares(Kind::Port),
        needs("protocol", Ty::Word(PROTOCOLS), "What is spoken."),
    ],
    props: &[
        may("name", Ty::PortName, "Its name; the protocol if it is not said."),
        may(
            "target",
            Ty::Port,
            "What the endpoint listens on; the number if it is not said.",
        ),
    ],
    children: &[
        optional(&TLS),
        optional(&BALANCE),
        optional(&WARM_UP),
        optional(&LOCALITY),
        optional(&LIMITS),
        optional(&EJECT),
    ],
    ..NODE
};

static TLS: NodeSpec = NodeSpec {
    name: "tls",
    about: "TLS that the proxy begins for callers that speak plaintext: `tls simple`, \
            `tls mutual cert=\"/etc/certs/client.pem\" key=\"/etc/certs/key.pem\"`.",
    args: &[needs(
        "mode",
        Ty::Word(&["simple", "mutual"]),
        "`simple` checks the server, `mutual` also shows a certificate of the caller's.",
    )],
    props: &[
        may(
            "sni",
            Ty::Domain,
            "The name asked for; the host if it is not said.",
        ),
        may(
            "sans",
            Ty::Sans,
            "Names of which the server's certificate has to carry one, by comma.",
        ),
        may(
            "ca",
            Ty::Path,
            "File with the CAs that are trusted, on every caller; the system's if it is not said.",
        ),
        may("crl", Ty::Path, "File with certificates that are revoked."),
        may(
            "cert",
            Ty::Path,
            "With `mutual`: file with the caller's certificate chain.",
        ),
        may("key", Ty::Path, "With `mutual`: file with its key."),
        may(
            "credential",
            Ty::ServiceName,
            "Instead of files, with `egress`: a Secret in the gateway's namespace, with `ca.crt`, and with `mutual` \
             also `tls.crt` and `tls.key`.",
        ),
        may(
            "insecure",
            Ty::Bool,
            "#true: whatever certificate the server shows is taken. Anybody on the way can read and change everything.",
        ),
    ],
    ..NODE
};

static EGRESS: NodeSpec = NodeSpec {
    name: "egress",
    about: "Its traffic leaves by an egress gateway of a cluster, which is the only one that speaks to the outside: callers \
            reach the gateway by mutual TLS, and what `tls`, `limits` and the like say of the service the gateway does, \
            with the files that lie in its pods.",
    args: &[may(
        "gateway",
        Ty::ServiceName,
        "Which: the name of an `egress` in a `cluster`; `istio-egressgateway` if it is not said.",
    )
    .names(Kind::Gateway)],
    ..NODE
};

static ENDPOINT: NodeSpec = NodeSpec {
    name: "endpoint",
    about: "Where it is; without, the host name is looked up: `endpoint \"10.0.0.5\" locality=\"us-east/a\" weight=2`.",
    args: &[needs("address", Ty::Addresses, "Addresses or names.")],
    repeat_last: true,
    props: &[
        may("locality", Ty::Locality, "Where it stands: \"region/zone\"."),
        may(
            "weight",
            Ty::Count {
                min: 1,
                max: 1_000_000,
            },
            "Its share of requests, relative to the others.",
        ),
    ],
    children: &[optional(&LABEL), any(&ENDPOINT_PORT)],
    ..NODE
};

static ENDPOINT_PORT: NodeSpec = NodeSpec {
    name: "port",
    about: "A port that this endpoint serves elsewhere than the others: `port 5432 target=15432`.",
    args: &[needs("number", Ty::Port, "The port that callers dial.")],
    props: &[needs("target", Ty::Port, "What this endpoint listens on.")],
    ..NODE
};
