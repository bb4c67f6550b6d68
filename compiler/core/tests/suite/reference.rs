//! What we compile for a mesh, against what a real istiod sends for it.
//!
//! Both sides are turned into [`facts::Facts`], flat lines of what they mean. Lines that differ must be named in
//! the mesh's list of deviations, with the reason; a deviation that no line needs any more fails too.

mod compare;
mod envoy;
mod facts;
mod ours;

use crate::common;
use compare::{Deviation, compare};
use mesh_compiler::emit::{names, snapshot};
use mesh_compiler::model::WorkloadRef;

#[test]
fn mysql_1_is_told_what_istiod_tells_it() {
    let Some(folder) = common::reference("xds/mysql-1") else {
        return;
    };
    let mesh = common::example("reference");
    let vm = WorkloadRef::Vm {
        namespace: "forum".to_owned(),
        name: "mysql-1".to_owned(),
    };
    let ours = snapshot::of(&mesh, &vm, &snapshot::Options::default()).unwrap();
    ours.validate().unwrap();
    let group = mesh.groups.iter().find(|group| group.name == "forum-mysql");
    let names = names::of_group(&mesh, group.unwrap());
    compare(&envoy::facts(&folder), &ours::facts(&ours, &names), DEVIATIONS);
}

#[test]
fn what_is_imported_is_told_what_istiod_tells_it() {
    let (Some(folder), Some(first), Some(second)) = (
        common::reference("xds/mysql-1"),
        common::reference("xds/k8s.yaml"),
        common::reference("xds/istio.yaml"),
    ) else {
        return;
    };
    let texts = [
        ("k8s.yaml", common::read(&first)),
        ("istio.yaml", common::read(&second)),
    ];
    let texts: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mesh = crate::import::compiled(&crate::import::of_texts(&texts));
    let vm = WorkloadRef::Vm {
        namespace: "forum".to_owned(),
        name: "mysql-1".to_owned(),
    };
    let ours = snapshot::of(&mesh, &vm, &snapshot::Options::default()).unwrap();
    ours.validate().unwrap();
    let group = mesh.groups.iter().find(|group| group.name == "forum-mysql");
    let names = names::of_group(&mesh, group.unwrap());
    compare(&envoy::facts(&folder), &ours::facts(&ours, &names), DEVIATIONS);
}

/// Paths end in `*` where everything below them is meant.
const DEVIATIONS: &[Deviation] = &[
    Deviation::differs(
        "endpoint/outbound|8080||forum-api.forum.svc.cluster.local/ap-northeast-2/ap-northeast-2a//203.0.113.10:15443",
        "istiod weighs a gateway by the pods behind it, whose number the spec does not say; alone in its cluster the \
         gateway gets everything, whatever its weight",
    ),
    Deviation::differs(
        "outbound/10.244.1.13_6379",
        "addresses of pods behind a headless service are not in the spec, and a VM outside the cluster's network \
         could not reach them",
    ),
];
