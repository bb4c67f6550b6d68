use std::collections::BTreeMap;

use crate::model::{Group, Mesh};

/// The folders of groups and VMs below `out/`.
///
/// A folder is named by the group or VM alone. Where two namespaces have one of the same name, both are named
/// `NAMESPACE.NAME`; so are names that hold a dot, lest they look like that.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    groups: BTreeMap<&'a str, usize>,
    vms: BTreeMap<&'a str, usize>,
}

impl<'a> Layout<'a> {
    pub(super) fn of(mesh: &'a Mesh) -> Self {
        let mut layout = Self {
            groups: BTreeMap::new(),
            vms: BTreeMap::new(),
        };
        for group in &mesh.groups {
            *layout.groups.entry(&group.name).or_default() += 1;
            for vm in &group.vms {
                *layout.vms.entry(&vm.name).or_default() += 1;
            }
        }
        layout
    }

    /// `groups/GROUP`.
    pub(super) fn group(&self, group: &Group) -> String {
        format!(
            "groups/{}",
            qualified(&self.groups, &group.namespace, &group.name)
        )
    }

    /// `vms/VM`.
    pub(super) fn vm(&self, namespace: &str, name: &str) -> String {
        format!("vms/{}", qualified(&self.vms, namespace, name))
    }
}

fn qualified(times: &BTreeMap<&str, usize>, namespace: &str, name: &str) -> String {
    let alone = times.get(name).is_none_or(|times| *times < 2) && !name.contains('.');
    if alone {
        name.to_owned()
    } else {
        format!("{namespace}.{name}")
    }
}
