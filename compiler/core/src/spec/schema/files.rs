use super::{Field, Kind, NODE, NodeSpec, any, may, needs};
use crate::spec::Ty;

pub(super) static INCLUDE: NodeSpec = NodeSpec {
    name: "include",
    about: "Other files of this spec: `include \"networks.kdl\" \"teams/*.kdl\"`. Their nodes stand beside those of \
            this file; several files may each write a part of one namespace.",
    args: &[needs(
        "file",
        Ty::Text,
        "A path beside this file; `*` is any part of a name, `**` any folders.",
    )
    .path()],
    repeat_last: true,
    ..NODE
};

pub(super) static INVENTORY: NodeSpec = NodeSpec {
    name: "inventory",
    about: "Machines from a file: `inventory \"vms.csv\"`, or .json and .yaml with a list of mappings. Each row is a \
            `vm`; its columns are name, address and the others of `vm`, label:KEY for labels, ssh-user, ssh-port… \
            for `ssh`.",
    args: &[needs(
        "file",
        Ty::Text,
        "A path beside this file; `*` is any part of a name.",
    )
    .path()],
    children: &[any(&COLUMN), any(&IGNORE)],
    ..NODE
};

static COLUMN: NodeSpec = NodeSpec {
    name: "column",
    about: "What a column is that the file calls otherwise: `column hostname as=name`.",
    args: &[needs("name", Ty::Text, "Its head in the file.").names(Kind::Column)],
    props: &[needs(
        "as",
        Ty::Text,
        "The column that it is, such as name or label:tier.",
    )],
    ..NODE
};

static IGNORE: NodeSpec = NodeSpec {
    name: "ignore",
    about: "Columns that say nothing to the mesh: `ignore owner \"cost center\"`.",
    args: &[needs(
        "column",
        Ty::Text,
        "Its head in the file; \"*\" is every one that is not known.",
    )
    .names(Kind::Column)],
    repeat_last: true,
    ..NODE
};

pub(super) static RAW: NodeSpec = NodeSpec {
    name: "raw",
    about: "Objects of Kubernetes and Istio that you write yourself, for what this language does not say: \
            `raw \"extra/*.yaml\"`. They go to every cluster as they are, beside those of the spec; an object that \
            the spec writes too is a mistake.",
    args: &[needs(
        "file",
        Ty::Text,
        "A path beside this file, YAML or JSON; `*` is any part of a name.",
    )
    .path()],
    repeat_last: true,
    props: &[may("cluster", Ty::Text, "The only cluster that they are for.").names(Kind::Cluster)],
    ..NODE
};

pub(super) static FILE: NodeSpec = NodeSpec {
    name: "file",
    about: "A file of your own that is written beside what the mesh becomes: `file \"docs/machines.md\" \
            from=\"machines.md.tera\"` becomes out/files/docs/machines.md. A template ending in .j2 (Jinja2) or \
            .tera is filled in with `mesh` and `params`, and a name that it does not know is a mistake; any other \
            file is taken as it is.",
    args: &[needs("to", Ty::Text, "Its path below out/files, without `..`.")],
    props: &[FROM],
    ..NODE
};

pub(super) static MACHINE_FILE: NodeSpec = NodeSpec {
    name: "file",
    about: "A file of your own on each of the machines: `file \"/etc/app.conf\" from=\"app.conf.j2\" mode=\"0640\" \
            owner=app`. It comes and goes with the mesh. A template ending in .j2 (Jinja2) or .tera is filled in \
            with `vm`, `group`, `service`, `namespace`, `mesh` and `params`, and a name that it does not know is a \
            mistake; any other file is taken as it is.",
    args: &[needs("to", Ty::Text, "Its absolute path on the machine.")],
    props: &[
        FROM,
        may("mode", Ty::Mode, "Its permissions; \"0644\" if it is not said."),
        may(
            "owner",
            Ty::Owner,
            "The user whose it is, by name or number, which the machine must have; `root` if it is not said.",
        ),
        may(
            "group",
            Ty::Owner,
            "The users' group whose it is, by name or number, which the machine must have; `root` if it is not said.",
        ),
    ],
    ..NODE
};

const FROM: Field = needs(
    "from",
    Ty::Text,
    "The file or template, a path beside this file. Templates name others that they include by paths beside \
     themselves.",
)
.path();
