use super::access::{ALLOW, AUDIT, DENY};
use super::authorizer::{ASK, AUTHORIZER};
use super::capture::CAPTURE;
use super::check::CHECK;
use super::dns::DNS;
use super::expect::EXPECT;
use super::jwt::JWT;
use super::telemetry::MESH_TELEMETRY;
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
        any(&AUTHORIZER),
        any(&ALLOW),
        any(&DENY),
        any(&AUDIT),
        any(&ASK),
        any(&JWT),
        optional(&DNS),
        optional(&CAPTURE),
        optional(&MESH_TELEMETRY),
        optional(&PROXY),
        any(&CHECK),
        any(&EXPECT),
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
