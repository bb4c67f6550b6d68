use super::place::LABEL;
use super::{NODE, NodeSpec, any, may, needs, optional, some};
use crate::spec::Ty;

pub(super) static VMS: NodeSpec = NodeSpec {
    name: "vms",
    about: "Virtual machines that are alike and serve the service.",
    args: &[may(
        "group",
        Ty::Name,
        "Name of the group; the service's if it is not said.",
    )],
    props: &[may(
        "network",
        Ty::Text,
        "Where they are; the only network if there is one.",
    )],
    children: &[
        optional(&LABEL),
        any(&PORT),
        optional(&HEALTH),
        optional(&SSH),
        optional(&CAPTURE),
        some(&VM),
    ],
    ..NODE
};

static PORT: NodeSpec = NodeSpec {
    name: "port",
    about: "A port of the machines beyond those of the service: `port metrics 9090`.",
    args: &[
        needs("name", Ty::PortName, "Its name."),
        needs("number", Ty::Port, "Its number."),
    ],
    ..NODE
};

static HEALTH: NodeSpec = NodeSpec {
    name: "health",
    about: "How the application is asked whether it is well: `health http=8081 path=\"/health\"`.",
    props: &[
        may("http", Ty::Port, "A GET on this port must answer 200 to 399."),
        may("tcp", Ty::Port, "A connection to this port must stand."),
        may("exec", Ty::Text, "A shell command that must end with 0."),
        may("path", Ty::Path, "Path of the GET; \"/\" if it is not said."),
        may("every", Ty::Seconds, "\"10s\" if it is not said."),
        may("timeout", Ty::Seconds, "For an answer; \"1s\" if it is not said."),
        may(
            "failures",
            Ty::Count { min: 1, max: 1000 },
            "In a row until it is unwell; 3 if it is not said.",
        ),
        may(
            "successes",
            Ty::Count { min: 1, max: 1000 },
            "In a row until it is well; 1 if it is not said.",
        ),
        may("delay", Ty::Seconds, "Before the first."),
    ],
    ..NODE
};

static SSH: NodeSpec = NodeSpec {
    name: "ssh",
    about: "How the machines are reached. What is not said comes from your ~/.ssh/config.",
    props: &[
        may("user", Ty::Text, "Login."),
        may("port", Ty::Port, "22 if it is not said."),
        may("via", Ty::Text, "Host that the connection goes through."),
        may(
            "host",
            Ty::Text,
            "Name or address, where it is not the machine's own.",
        ),
    ],
    ..NODE
};

static CAPTURE: NodeSpec = NodeSpec {
    name: "capture",
    about: "What goes through the proxy.",
    props: &[
        may(
            "inbound",
            Ty::Word(&["declared", "all"]),
            "Ports: the `declared` ones, or `all` but SSH and the mesh's own.",
        ),
        may(
            "exclude-inbound",
            Ty::Ports,
            "With `inbound=all`: ports that are left alone.",
        ),
        may("outbound", Ty::Cidrs, "Destinations; all if it is not said."),
        may("exclude-outbound", Ty::Cidrs, "Destinations that are left alone."),
        may(
            "exclude-outbound-ports",
            Ty::Ports,
            "Ports of destinations that are left alone.",
        ),
    ],
    ..NODE
};

static VM: NodeSpec = NodeSpec {
    name: "vm",
    about: "One machine.",
    args: &[needs("name", Ty::Name, "Its name, also what SSH calls it.")],
    props: &[
        needs("address", Ty::Ip, "The address that others dial."),
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
    children: &[optional(&LABEL), optional(&SSH)],
    ..NODE
};
