use super::{NODE, NodeSpec, any, may, needs};
use crate::spec::Ty;

/// In the mesh, a namespace or a service.
pub(super) static CHECK: NodeSpec = NodeSpec {
    name: "check",
    about: "How bad it is what `meshc check` finds here, where it is not as `meshc explain` says: \
            `check { allow no-probe \"one machine, which a person watches\" }`. It holds for all that is written in the same \
            braces; a `check` further in wins.",
    children: &[any(&ALLOW), any(&WARN), any(&DENY)],
    ..NODE
};

const CODE: &str = "A code or its name: MC-V016 or no-probe.";

static ALLOW: NodeSpec = NodeSpec {
    name: "allow",
    about: "Finds nothing of this code. Warnings can be allowed, and those errors in spite of which a mesh can be built; an \
            `allow` that silences nothing is told.",
    args: &[
        needs("code", Ty::Text, CODE).code(),
        needs(
            "reason",
            Ty::Text,
            "Why it is right here, for whoever reads it next.",
        ),
    ],
    ..NODE
};

static WARN: NodeSpec = NodeSpec {
    name: "warn",
    about: "Makes a warning of an error in spite of which a mesh can be built.",
    args: &[
        needs("code", Ty::Text, CODE).code(),
        may("reason", Ty::Text, "Why it is no error here."),
    ],
    ..NODE
};

static DENY: NodeSpec = NodeSpec {
    name: "deny",
    about: "Makes an error of a warning: nothing is built in spite of it.",
    args: &[
        needs("code", Ty::Text, CODE).code(),
        may("reason", Ty::Text, "Why it is an error here."),
    ],
    ..NODE
};
