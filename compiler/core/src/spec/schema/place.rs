use super::access::{ALLOW, AUDIT, DENY};
use super::authorizer::ASK;
use super::check::CHECK;
use super::defaults::DEFAULTS_HERE;
use super::expect::EXPECT;
use super::external::EXTERNAL;
use super::jwt::JWT;
use super::mesh::MODES;
use super::service::SERVICE;
use super::telemetry::TELEMETRY;
use super::vms::MACHINES;
use super::{Kind, NODE, NodeSpec, any, may, needs, optional};
use crate::spec::Ty;

pub(super) static NETWORK: NodeSpec = NodeSpec {
    name: "network",
    about: "Machines that reach each other directly; between networks, traffic goes through gateways. Without any, everything \
            is on one network that has no name, as in an Istio of one cluster.",
    args: &[needs(
        "name",
        Ty::Name,
        "Its name, as in Istio's topology.istio.io/network.",
    )
    .declares(Kind::Network)],
    props: &[may(
        "cidr",
        Ty::Cidrs,
        "The addresses of its machines: \"10.10.0.0/24\". Given, they are checked.",
    )],
    ..NODE
};

pub(super) static CLUSTER: NodeSpec = NodeSpec {
    name: "cluster",
    about: "A Kubernetes cluster with Istio. Without any, there is one named `Kubernetes`, as Istio names it. Several form one \
            mesh: each istiod reads the others' Services with `istioctl create-remote-secret`.",
    args: &[needs("name", Ty::ClusterName, "Istio's cluster ID.").declares(Kind::Cluster)],
    props: &[may(
        "network",
        Ty::Text,
        "The network of its pods; the only one if there is one.",
    )
    .names(Kind::Network)],
    children: &[optional(&CONTEXT), any(&GATEWAY), any(&EGRESS)],
    ..NODE
};

static CONTEXT: NodeSpec = NodeSpec {
    name: "context",
    about: "The context that kubectl calls the cluster by.",
    args: &[needs("name", Ty::Text, "Its name in the kubeconfig.")],
    ..NODE
};

static GATEWAY: NodeSpec = NodeSpec {
    name: "gateway",
    about: "An east-west gateway: the way from other networks to the pods of the cluster.",
    args: &[may(
        "name",
        Ty::ServiceName,
        "Its Helm release and Service; `istio-eastwestgateway` if it is not said.",
    )],
    props: &[
        needs(
            "address",
            Ty::Addresses,
            "What other networks dial: addresses or host names, by comma.",
        ),
        may("port", Ty::Port, "15443 if it is not said."),
        may("cluster-ip", Ty::Ip, "ClusterIP of its Service."),
    ],
    ..NODE
};

static EGRESS: NodeSpec = NodeSpec {
    name: "egress",
    about: "An egress gateway: the way out for external services that say `egress` too. One of the same name may stand in \
            several clusters; callers then share them all.",
    args: &[may(
        "name",
        Ty::ServiceName,
        "Its Helm release, Service and service account, in istio-system; `istio-egressgateway` if it is not said.",
    )
    .declares(Kind::Gateway)],
    ..NODE
};

pub(super) static NAMESPACE: NodeSpec = NodeSpec {
    name: "namespace",
    about: "A Kubernetes namespace and what lives in it, pods and VMs.",
    args: &[needs("name", Ty::Name, "Its name.").declares(Kind::Namespace)],
    props: &[
        may(
            "injection",
            Ty::Bool,
            "Pods get a sidecar; #true if it is not said.",
        ),
        may(
            "revision",
            Ty::Name,
            "The istiod that injects here, by its revision or tag, where it is not the mesh's: `revision=canary`.",
        ),
    ],
    children: &[
        optional(&LABEL),
        optional(&NAMESPACE_MTLS),
        any(&ALLOW),
        any(&DENY),
        any(&AUDIT),
        any(&ASK),
        any(&JWT),
        optional(&TELEMETRY),
        any(&ACCOUNT),
        any(&SERVICE),
        any(&EXTERNAL),
        any(&MACHINES),
        optional(&DEFAULTS_HERE),
        any(&CHECK),
        any(&EXPECT),
    ],
    ..NODE
};

pub(super) static LABEL: NodeSpec = NodeSpec {
    name: "label",
    about: "Labels: `label version=vm tier=backend`.",
    labels: true,
    ..NODE
};

static NAMESPACE_MTLS: NodeSpec = NodeSpec {
    name: "mtls",
    about: "Mutual TLS of the namespace, where it is not as in the mesh.",
    args: &[needs("mode", Ty::Word(MODES), "The mode.")],
    ..NODE
};

static ACCOUNT: NodeSpec = NodeSpec {
    name: "account",
    about: "A service account of pods that only call, so that services can allow it.",
    args: &[needs("name", Ty::Name, "Its name.").declares(Kind::Account)],
    ..NODE
};
