//! What lies on a VM: the files of its group, its own, and the bundle that lists them.

pub mod envoy;

mod bundle;
mod elastic;
mod files;
mod text;
mod tune;

use std::collections::BTreeMap;

use mesh_wire::Sha256;

use super::document;
use super::layout::Layout;
use super::output::{File, Options, Output};
use super::snapshot::View;
use crate::model::{Content, Engine, Group, MachineFile, Mesh, Vm};
use crate::parallel;

pub use text::{UNITS, resolved_domains};

const MESHD: &str = "meshd";
const ROOT: &str = "root";

/// A file on the machine and where its bytes are.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// Absolute path on the machine.
    path: String,
    /// Path below `out/`.
    source: String,
    /// Digest of the bytes.
    sha256: Sha256,
    /// Owning user.
    owner: String,
    /// Owning group.
    group: String,
    /// Nobody else may read it.
    secret: bool,
    /// Permissions on the machine.
    bits: u32,
}

/// Writes what the VMs of all groups are given into `output`.
pub(super) fn emit_groups(mesh: &Mesh, layout: &Layout<'_>, options: &Options, output: &mut Output) {
    let groups = mesh.groups.iter().map(AsRef::as_ref);
    let (ours, others): (Vec<_>, Vec<_>) = groups.partition(|group| group.engine == Engine::Meshd);
    for group in others {
        emit_istio(mesh, layout, group, output);
    }
    let seen = emit_views(mesh, ours, output);
    let mut machines = Vec::new();
    let shared = parallel::chunks(&seen, |groups| {
        let mut output = Output::new();
        let machines = groups
            .iter()
            .map(|(group, view)| Machines::of(mesh, layout, group, view, &mut output));
        (machines.collect::<Vec<_>>(), output)
    });
    for (part, mut files) in shared {
        machines.extend(part);
        output.append(&mut files);
    }
    let vms: Vec<_> = machines
        .iter()
        .flat_map(|machines| machines.group.vms.iter().map(move |vm| (machines, vm)))
        .collect();
    let own = parallel::chunks(&vms, |vms| {
        let mut output = Output::new();
        for (machines, vm) in vms {
            machines.emit(vm, options, &mut output);
        }
        output
    });
    for mut files in own {
        output.append(&mut files);
    }
}

/// Writes what each group sees of the mesh, once for all that see the same.
fn emit_views<'a>(mesh: &Mesh, groups: Vec<&'a Group>, output: &mut Output) -> Vec<(&'a Group, Placed)> {
    let mut views = BTreeMap::new();
    let mut see = |group| {
        let view = View::of_group(mesh, group).in_mesh(mesh);
        let placed = views.entry(view).or_insert_with_key(|view| {
            let (path, file) = files::of_view(mesh, group);
            place(&format!("networks/{}", view.name()), path, file, output)
        });
        (group, placed.clone())
    };
    groups.into_iter().map(&mut see).collect()
}

/// The files of Istio's agent for each VM, and what makes new ones.
fn emit_istio(mesh: &Mesh, layout: &Layout<'_>, group: &Group, output: &mut Output) {
    if let Some(elastic) = &group.elastic {
        let path = format!("{}/cloud-init.yaml", layout.group(group));
        let text = elastic::cloud_init(mesh, group, elastic);
        output.insert(path, File::public(text));
    }
    for vm in &group.vms {
        let folder = format!("{}/istio", layout.vm(&group.namespace, &vm.name));
        let envoy::Files {
            cluster_env,
            mesh_yaml,
            hosts,
        } = envoy::files(mesh, group, vm);
        for (name, text) in [
            ("cluster.env", cluster_env),
            ("mesh.yaml", mesh_yaml),
            ("hosts", hosts),
        ] {
            output.insert(format!("{folder}/{name}"), File::public(text));
        }
    }
}

/// What is needed to write the VMs of a group.
struct Machines<'a> {
    mesh: &'a Mesh,
    layout: &'a Layout<'a>,
    group: &'a Group,
    /// What all bundles say.
    common: bundle::Common,
    /// The files that all have.
    shared: Vec<Placed>,
    user_files: &'a [MachineFile],
}

impl<'a> Machines<'a> {
    /// Writes what the VMs of `group` share.
    fn of(
        mesh: &'a Mesh,
        layout: &'a Layout<'a>,
        group: &'a Group,
        view: &Placed,
        output: &mut Output,
    ) -> Self {
        let mut shared = vec![view.clone()];
        for (path, file) in files::of_group(mesh, group) {
            shared.push(place(&layout.group(group), path, file, output));
        }
        let name = (group.namespace.clone(), group.name.clone());
        let user_files = mesh.files.machines.get(&name);
        let user_files = user_files.map(Vec::as_slice).unwrap_or_default();
        for file in user_files {
            if let Content::Same(bytes) = &file.content {
                shared.push(place_own(&layout.group(group), file, bytes, output));
            }
        }
        Self {
            mesh,
            layout,
            group,
            common: bundle::Common::of(mesh, group),
            shared,
            user_files,
        }
    }

    /// Writes the files of one of the VMs, and its bundle.
    fn emit(&self, vm: &Vm, options: &Options, output: &mut Output) {
        let folder = self.layout.vm(&self.group.namespace, &vm.name);
        let name = (self.group.namespace.clone(), vm.name.clone());
        let credentials = options.credentials.get(&name);
        let mut placed = self.shared.clone();
        for (path, file) in files::of_vm(self.mesh, self.group, vm, credentials) {
            placed.push(place(&folder, path, file, output));
        }
        for file in self.user_files {
            if let Content::Each(machines) = &file.content
                && let Some(bytes) = machines.get(&vm.name)
            {
                placed.push(place_own(&folder, file, bytes, output));
            }
        }
        let bundle = bundle::of(self.group, vm, placed, &self.common);
        let file = File::public(document::json_bytes(&bundle));
        output.insert(format!("{folder}/bundle.json"), file);
    }
}

fn place(folder: &str, path: String, file: File, output: &mut Output) -> Placed {
    let source = format!("{folder}/rootfs{path}");
    let owner = if path.starts_with(super::snapshot::IDENTITY_FOLDER) {
        MESHD
    } else {
        ROOT
    };
    let placed = Placed {
        source: source.clone(),
        sha256: file.sha256.clone(),
        owner: owner.to_owned(),
        group: owner.to_owned(),
        secret: file.mode == super::output::Mode::Secret,
        bits: file.mode.bits(),
        path,
    };
    output.insert(source, file);
    placed
}

/// Places a file of the user's own.
fn place_own(folder: &str, file: &MachineFile, bytes: &[u8], output: &mut Output) -> Placed {
    let placed = place(folder, file.path.clone(), File::public(bytes), output);
    Placed {
        owner: file.owner.clone(),
        group: file.group.clone(),
        bits: file.mode,
        ..placed
    }
}
