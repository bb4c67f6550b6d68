use super::{NODE, NodeSpec, may, needs};
use crate::spec::Ty;

pub(super) static ELASTIC: NodeSpec = NodeSpec {
    name: "elastic",
    about: "Machines that an autoscaler starts and ends: the group has a cloud-init document instead of `vm` nodes. Needs \
            `engine=envoy` and `registration=auto`.",
    props: &[
        may(
            "metadata",
            Ty::Word(&["aws", "gcp", "azure"]),
            "Whose service tells a machine its address, name and place; `aws` if it is not said.",
        ),
        needs(
            "package",
            Ty::Url,
            "Where Istio's sidecar package is fetched from: a .deb or an .rpm.",
        ),
        needs(
            "sha256",
            Ty::Digest,
            "Digest of the package, 64 hexadecimal digits.",
        ),
        may(
            "token-file",
            Ty::Path,
            "File on the machine with a token of the account for the audience `istio-ca`; something else brings it there.",
        ),
        may(
            "token-command",
            Ty::Text,
            "Shell command on the machine that prints such a token. It runs at every start.",
        ),
        needs(
            "root-cert",
            Ty::Path,
            "File on the machine with the mesh's root certificate, such as one in its image.",
        ),
        may(
            "drain",
            Ty::Seconds,
            "How long connections may end by themselves when a machine is ended; \"30s\" if it is not said.",
        ),
    ],
    ..NODE
};
