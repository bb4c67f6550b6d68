use super::{NODE, NodeSpec, needs};
use crate::spec::Ty;

pub(super) static INCLUDE: NodeSpec = NodeSpec {
    name: "include",
    about: "Other files of this spec: `include \"networks.kdl\" \"teams/*.kdl\"`. Their nodes stand beside those of \
            this file; several files may each write a part of one namespace.",
    args: &[needs(
        "file",
        Ty::Text,
        "A path beside this file; `*` is any part of a name, `**` any folders.",
    )],
    repeat_last: true,
    ..NODE
};
