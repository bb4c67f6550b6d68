use super::{NODE, NodeSpec, any, may, needs, optional};
use crate::spec::Ty;

pub(super) static TUNE: NodeSpec = NodeSpec {
    name: "tune",
    about: "How the machines are set up for the mesh: kernel settings, bounds of what carries the traffic, and the \
            order of its start. All of it goes away with the mesh.",
    children: &[any(&SYSCTL), optional(&LIMIT), any(&AFTER), any(&BEFORE)],
    ..NODE
};

static SYSCTL: NodeSpec = NodeSpec {
    name: "sysctl",
    about: "A setting of the kernel: `sysctl net.core.somaxconn 4096`.",
    args: &[
        needs("name", Ty::SysctlName, "Its name, as sysctl calls it."),
        needs(
            "value",
            Ty::Scalar,
            "Its value: a number, or a text such as \"4096 131072 6291456\".",
        ),
    ],
    ..NODE
};

static LIMIT: NodeSpec = NodeSpec {
    name: "limit",
    about: "Bounds that systemd sets to what carries the traffic: `limit nofile=65536 memory=\"128MiB\" cpu=\"50%\"`.",
    props: &[
        may(
            "nofile",
            Ty::Count {
                min: 1024,
                max: 1_073_741_816,
            },
            "Files and connections that it may have open; 1048576 if it is not said.",
        ),
        may(
            "memory",
            Ty::Bytes,
            "Memory that it may have; beyond, the kernel ends it. meshd needs 32MiB at least.",
        ),
        may(
            "cpu",
            Ty::CpuShare,
            "Time of processors: \"50%\" is half of one, \"200%\" two.",
        ),
        may(
            "tasks",
            Ty::Count {
                min: 16,
                max: 4_194_304,
            },
            "Threads that it may have.",
        ),
    ],
    ..NODE
};

static AFTER: NodeSpec = NodeSpec {
    name: "after",
    about: "A unit that starts first, where both start: `after \"mysql.service\"`.",
    args: &[needs("unit", Ty::Unit, "Its name, such as mysql.service.")],
    repeat_last: true,
    ..NODE
};

static BEFORE: NodeSpec = NodeSpec {
    name: "before",
    about: "A unit that starts only when the mesh is up, where both start: `before \"app.service\"`.",
    args: &[needs("unit", Ty::Unit, "Its name, such as app.service.")],
    repeat_last: true,
    ..NODE
};
