use super::capture::CAPTURE;
use super::elastic::ELASTIC;
use super::files::{INVENTORY, MACHINE_FILE};
use super::place::LABEL;
use super::tune::TUNE;
use super::{Child, Field, Kind, NODE, NodeSpec, any, may, needs, optional};
use crate::spec::Ty;

pub(super) static VMS: NodeSpec = NodeSpec {
    name: "vms",
    about: "Virtual machines that are alike and serve the service. Other services of the namespace run on them too \
            with `on GROUP`.",
    args: &[may(
        "group",
        Ty::Name,
        "Name of the group; the service's if it is not said.",
    )
    .declares(Kind::Group)],
    props: PROPS,
    children: CHILDREN,
    ..NODE
};

pub(super) static MACHINES: NodeSpec = NodeSpec {
    name: "vms",
    about: "Virtual machines that are alike and only call, or that services run on with `on GROUP`: \
            `vms batch network=vm { vm batch-1 address=\"10.10.0.40\" }`.",
    args: &[needs("group", Ty::Name, "Name of the group.").declares(Kind::Group)],
    props: PROPS,
    children: CHILDREN,
    ..NODE
};

const PROPS: &[Field] = &[
    may(
        "network",
        Ty::Text,
        "Where they are; the only network if there is one.",
    )
    .names(Kind::Network),
    may(
        "cluster",
        Ty::Text,
        "The cluster whose istiod they belong to; that of the service's pods, or the only one on their network, if it is not \
         said.",
    )
    .names(Kind::Cluster),
    may(
        "account",
        Ty::Name,
        "Service account of the machines; the service's if it is not said, else the group's name.",
    )
    .names(Kind::Account),
    may(
        "engine",
        Ty::Word(&["meshd", "envoy"]),
        "What carries the traffic: `meshd`, or `envoy` with Istio's pilot-agent from its sidecar package; `meshd` if \
         it is not said.",
    ),
    may(
        "registration",
        Ty::Word(&["entries", "auto"]),
        "`entries` writes a WorkloadEntry for every machine, `auto` lets machines register themselves with istiod \
         (Envoy only); `entries` if it is not said.",
    ),
    may(
        "locality",
        Ty::Locality,
        "Where the machines stand that do not say it: \"region/zone\".",
    ),
    may(
        "weight",
        WEIGHT,
        "Share of requests of the machines that do not say it, relative to the others.",
    ),
];

const WEIGHT: Ty = Ty::Count {
    min: 1,
    max: 1_000_000,
};

const CHILDREN: &[Child] = &[
    optional(&LABEL),
    any(&ANNOTATION),
    any(&PORT),
    optional(&HEALTH),
    optional(&PROXY),
    optional(&SSH),
    optional(&CAPTURE),
    optional(&TUNE),
    optional(&ELASTIC),
    any(&MACHINE_FILE),
    any(&VM),
    any(&INVENTORY),
];

static ANNOTATION: NodeSpec = NodeSpec {
    name: "annotation",
    about: "An annotation of the machines in Istio's objects: `annotation \"example.com/team\" \"forum\"`.",
    args: &[
        needs("key", Ty::LabelKey, "Its key."),
        needs("value", Ty::Text, "Its value."),
    ],
    ..NODE
};

pub(super) static PROXY: NodeSpec = NodeSpec {
    name: "proxy",
    about: "Settings of Istio's own proxies, for pods and machines with `engine=envoy`; meshd needs none of them.",
    children: &[any(&METADATA)],
    ..NODE
};

static METADATA: NodeSpec = NodeSpec {
    name: "metadata",
    about: "A variable in the environment of Istio's agent (`proxyMetadata`): `metadata SECRET_TTL \"12h\"`.",
    args: &[
        needs("name", Ty::EnvName, "Its name."),
        needs("value", Ty::AnyText, "Its value, always a text: \"true\"."),
    ],
    ..NODE
};

pub(super) static ON: NodeSpec = NodeSpec {
    name: "on",
    about: "The service also runs on the machines of another group of the namespace: `on forum`. Several services \
            then share one machine and its account.",
    args: &[needs("group", Ty::Name, "The group.").names(Kind::Group)],
    repeat_last: true,
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
        may(
            "grpc",
            Ty::Port,
            "Not possible: istiod refuses such a probe for machines. Ask with `exec=` or `tcp=`.",
        ),
        may("path", Ty::Path, "Path of the GET; \"/\" if it is not said."),
        may(
            "scheme",
            Ty::Word(&["http", "https"]),
            "Of the GET; `http` if it is not said. Certificates are not verified.",
        ),
        may(
            "host",
            Ty::Domain,
            "Whom the GET connects to, where it is not the machine itself.",
        ),
        may("every", Ty::Seconds, "\"10s\" if it is not said."),
        may("timeout", Ty::Seconds, "For an answer; \"1s\" if it is not said."),
        may(
            "failures",
            Ty::Count { min: 1, max: 1000 },
            "In a row until it is unwell; 3 if it is not said, with Envoy 1.",
        ),
        may(
            "successes",
            Ty::Count { min: 1, max: 1000 },
            "In a row until it is well; 1 if it is not said.",
        ),
        may("delay", Ty::Seconds, "Before the first."),
    ],
    choice: &["http", "tcp", "exec", "grpc", "command"],
    children: &[any(&HEALTH_HEADER), optional(&COMMAND)],
    ..NODE
};

static HEALTH_HEADER: NodeSpec = NodeSpec {
    name: "header",
    about: "A header of the GET: `header x-probe \"meshc\"`.",
    args: &[
        needs("name", Ty::HeaderName, "Its name."),
        needs("value", Ty::Text, "Its value."),
    ],
    ..NODE
};

static COMMAND: NodeSpec = NodeSpec {
    name: "command",
    about: "Program and arguments that must end with 0, without a shell: `command \"/usr/bin/pg_isready\" \"-q\"`.",
    args: &[needs("word", Ty::Text, "The program, then its arguments.")],
    repeat_last: true,
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

static VM: NodeSpec = NodeSpec {
    name: "vm",
    about: "One machine.",
    args: &[needs("name", Ty::Name, "Its name, also what SSH calls it.").declares(Kind::Machine)],
    props: &[
        needs("address", Ty::Ip, "The address that others dial."),
        may(
            "external",
            Ty::Bool,
            "The machine itself does not have the address: it is translated on the way. Istio's agent then asks the \
             application at the loopback address.",
        ),
        may("locality", Ty::Locality, "Where it stands: \"region/zone\"."),
        may("weight", WEIGHT, "Its share of requests, relative to the others."),
        may(
            "instance-id",
            Ty::LabelValue,
            "What its cloud calls it, such as i-0abc; it becomes the label app.kubernetes.io/instance.",
        ),
    ],
    children: &[optional(&LABEL), optional(&SSH)],
    ..NODE
};
