use super::{Kind, NODE, NodeSpec, any, may, needs};
use crate::spec::Ty;

/// What a parameter's value can be declared to be.
pub(crate) const TYPES: &[(&str, Ty)] = &[
    ("text", Ty::Text),
    (
        "number",
        Ty::Count {
            min: 0,
            max: i64::MAX as u64,
        },
    ),
    ("bool", Ty::Bool),
    ("name", Ty::Name),
    ("host", Ty::Host),
    ("address", Ty::Addresses),
    ("ip", Ty::Ip),
    ("cidr", Ty::Cidrs),
    ("port", Ty::Port),
    ("duration", Ty::Duration),
    ("percent", Ty::Percent),
    ("locality", Ty::Locality),
    ("version", Ty::Version),
];

const WORDS: &[&str] = &{
    let mut words = [""; TYPES.len()];
    let mut at = 0;
    while at < TYPES.len() {
        words[at] = TYPES[at].0;
        at += 1;
    }
    words
};

pub(super) static PARAM: NodeSpec = NodeSpec {
    name: "param",
    about: "A value that differs between environments: `param gateway type=address default=\"203.0.113.10\"`. \
            It is used as a whole value, `address=$gateway`, or inside of a text, `\"api.${domain}\"`; `$$` is a \
            dollar.",
    args: &[needs("name", Ty::Name, "Its name.").declares(Kind::Parameter)],
    props: &[
        may(
            "type",
            Ty::Word(WORDS),
            "What its values have to be; `address` is an address or a host name. Checked also where it is used.",
        ),
        may(
            "default",
            Ty::Scalar,
            "Its value where neither `--set` nor the profile says another; without, one of them has to.",
        ),
        may("about", Ty::Text, "What it is for."),
    ],
    ..NODE
};

pub(super) static PROFILE: NodeSpec = NodeSpec {
    name: "profile",
    about: "Values of an environment: `profile prod { set gateway \"198.51.100.7\" }`, taken by `--profile prod`.",
    args: &[needs("name", Ty::Name, "Its name.").declares(Kind::Profile)],
    children: &[any(&SET)],
    ..NODE
};

static SET: NodeSpec = NodeSpec {
    name: "set",
    about: "The value of a parameter in this profile; `--set NAME=VALUE` still wins over it.",
    args: &[
        needs("name", Ty::Name, "The parameter's name.").names(Kind::Parameter),
        needs("value", Ty::Scalar, "Its value."),
    ],
    ..NODE
};
