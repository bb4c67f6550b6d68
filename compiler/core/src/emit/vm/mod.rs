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

/// What groups with the same view share, once it is written.
pub(super) type Views = BTreeMap<View, Placed>;

/// Writes what the VMs of a group are given into `output`.
pub(super) fn emit_group(
    mesh: &Mesh,
    layout: &Layout<'_>,
    group: &Group,
    options: &Options,
    views: &mut Views,
    output: &mut Output,
) {
    match group.engine {
        Engine::Meshd => emit_bundles(mesh, layout, group, options, views, output),
        Engine::Envoy => emit_istio(mesh, layout, group, output),
    }
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

/// The files of a group and of all its VMs, and their bundles.
fn emit_bundles(
    mesh: &Mesh,
    layout: &Layout<'_>,
    group: &Group,
    options: &Options,
    views: &mut Views,
    output: &mut Output,
) {
    let view = View::of_group(mesh, group).in_mesh(mesh);
    let clusters = views.entry(view).or_insert_with_key(|view| {
        let (path, file) = files::of_view(mesh, group);
        place(&format!("networks/{}", view.name()), path, file, output)
    });
    let mut shared = vec![clusters.clone()];
    for (path, file) in files::of_group(mesh, group) {
        shared.push(place(&layout.group(group), path, file, output));
    }
    let user_files = mesh
        .files
        .machines
        .get(&(group.namespace.clone(), group.name.clone()));
    let user_files = user_files.map(Vec::as_slice).unwrap_or_default();
    for file in user_files {
        if let Content::Same(bytes) = &file.content {
            shared.push(place_own(&layout.group(group), file, bytes, output));
        }
    }
    let machines = Machines {
        mesh,
        layout,
        group,
        options,
        check: bundle::name_to_check(mesh, group),
        shared,
        user_files,
    };
    for part in crate::parallel::chunks(&group.vms, |vms| machines.emit(vms)) {
        output.extend(part);
    }
}

/// What is needed to write the VMs of a group.
struct Machines<'a> {
    mesh: &'a Mesh,
    layout: &'a Layout<'a>,
    group: &'a Group,
    options: &'a Options,
    /// The name that meshd must know before a release is confirmed.
    check: Option<String>,
    /// The files that all have.
    shared: Vec<Placed>,
    user_files: &'a [MachineFile],
}

impl Machines<'_> {
    /// The files of some of the VMs, and their bundles.
    fn emit(&self, vms: &[Vm]) -> Output {
        let mut output = Output::new();
        for vm in vms {
            let folder = self.layout.vm(&self.group.namespace, &vm.name);
            let name = (self.group.namespace.clone(), vm.name.clone());
            let credentials = self.options.credentials.get(&name);
            let mut placed = self.shared.clone();
            for (path, file) in files::of_vm(self.mesh, self.group, vm, credentials) {
                placed.push(place(&folder, path, file, &mut output));
            }
            for file in self.user_files {
                if let Content::Each(machines) = &file.content
                    && let Some(bytes) = machines.get(&vm.name)
                {
                    placed.push(place_own(&folder, file, bytes, &mut output));
                }
            }
            let bundle = bundle::of(self.group, vm, placed, self.check.as_deref());
            output.insert(
                format!("{folder}/bundle.json"),
                File::public(document::json_bytes(&bundle)),
            );
        }
        output
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
