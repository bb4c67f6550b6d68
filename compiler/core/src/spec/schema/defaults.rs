//! What may be said once for all nodes of a kind: the nodes themselves, without what each must say of itself.

use super::external::EXTERNAL;
use super::place::NAMESPACE;
use super::service::SERVICE;
use super::vms::VMS;
use super::{Child, Field, NODE, NodeSpec, Times, optional};

pub(super) static DEFAULTS: NodeSpec = NodeSpec {
    name: "defaults",
    about: "What nodes have where they say nothing themselves: `defaults { vms { ssh user=ubuntu } }`. Properties and \
            nodes that can be there once are filled in one by one; of what can be there several times, all is taken \
            where a node has none. `defaults` of a namespace win over those of the mesh.",
    children: &[
        optional(&NAMESPACE_DEFAULT),
        optional(&SERVICE_DEFAULT),
        optional(&EXTERNAL_DEFAULT),
        optional(&VMS_DEFAULT),
    ],
    ..NODE
};

pub(super) static DEFAULTS_HERE: NodeSpec = NodeSpec {
    name: "defaults",
    about: "What the nodes of this namespace have where they say nothing themselves.",
    children: &[
        optional(&SERVICE_DEFAULT),
        optional(&EXTERNAL_DEFAULT),
        optional(&VMS_DEFAULT),
    ],
    ..NODE
};

static NAMESPACE_DEFAULT: NodeSpec = NodeSpec {
    args: &[],
    about: "What every namespace has that does not say it.",
    children: &NAMESPACE_CHILDREN,
    ..NAMESPACE
};

static SERVICE_DEFAULT: NodeSpec = NodeSpec {
    args: &[],
    about: "What every service has that does not say it.",
    props: &SERVICE_PROPS,
    children: &SERVICE_CHILDREN,
    ..SERVICE
};

static EXTERNAL_DEFAULT: NodeSpec = NodeSpec {
    args: &[],
    about: "What every external service has that does not say it.",
    props: &EXTERNAL_PROPS,
    children: &EXTERNAL_CHILDREN,
    ..EXTERNAL
};

static VMS_DEFAULT: NodeSpec = NodeSpec {
    args: &[],
    about: "What every group of machines has that does not say it.",
    children: &VMS_CHILDREN,
    ..VMS
};

/// What makes a node the one that it is cannot be a default.
const OF_NAMESPACE: &[&str] = &["defaults", "check", "account", "service", "external", "vms"];
const OF_SERVICE: &[&str] = &[
    "cluster-ip",
    "host",
    "selector",
    "pods",
    "address",
    "on",
    "vms",
    "check",
];
const OF_EXTERNAL: &[&str] = &["host", "endpoint", "address"];
const OF_VMS: &[&str] = &["vm", "inventory"];

static NAMESPACE_CHILDREN: [Child; children(NAMESPACE.children, OF_NAMESPACE)] =
    keep(NAMESPACE.children, OF_NAMESPACE);
static SERVICE_CHILDREN: [Child; children(SERVICE.children, OF_SERVICE)] = keep(SERVICE.children, OF_SERVICE);
static SERVICE_PROPS: [Field; props(SERVICE.props, OF_SERVICE)] = keep_props(SERVICE.props, OF_SERVICE);
static EXTERNAL_CHILDREN: [Child; children(EXTERNAL.children, OF_EXTERNAL)] =
    keep(EXTERNAL.children, OF_EXTERNAL);
static EXTERNAL_PROPS: [Field; props(EXTERNAL.props, OF_EXTERNAL)] = keep_props(EXTERNAL.props, OF_EXTERNAL);
static VMS_CHILDREN: [Child; children(VMS.children, OF_VMS)] = keep(VMS.children, OF_VMS);

/// What a node has to say itself is no default either.
const fn stays(child: &Child, but: &[&str]) -> bool {
    matches!(child.times, Times::Optional | Times::Any) && !among(child.node.name, but)
}

const fn children(all: &[Child], but: &[&str]) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < all.len() {
        count += stays(&all[at], but) as usize;
        at += 1;
    }
    count
}

const fn keep<const N: usize>(all: &[Child], but: &[&str]) -> [Child; N] {
    let mut kept = [all[0]; N];
    let (mut at, mut next) = (0, 0);
    while at < all.len() {
        if stays(&all[at], but) {
            kept[next] = all[at];
            next += 1;
        }
        at += 1;
    }
    kept
}

const fn props(all: &[Field], but: &[&str]) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < all.len() {
        count += !among(all[at].name, but) as usize;
        at += 1;
    }
    count
}

const fn keep_props<const N: usize>(all: &[Field], but: &[&str]) -> [Field; N] {
    let mut kept = [all[0]; N];
    let (mut at, mut next) = (0, 0);
    while at < all.len() {
        if !among(all[at].name, but) {
            kept[next] = all[at];
            kept[next].required = false;
            next += 1;
        }
        at += 1;
    }
    kept
}

const fn among(name: &str, names: &[&str]) -> bool {
    let mut at = 0;
    while at < names.len() {
        if same(name.as_bytes(), names[at].as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

const fn same(one: &[u8], two: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < two.len() && one[at] == two[at] {
        at += 1;
    }
    at == one.len() && at == two.len()
}
