use std::path::PathBuf;

use clap::Subcommand;
use mesh_compiler::diag::{did_you_mean, list};
use mesh_compiler::emit::snapshot;
use mesh_compiler::model::{Engine, Group, Mesh, Vm, WorkloadRef};
use mesh_envoy::{Places, envoy};

use super::build;
use super::check::{self, Format as Mistakes};
use super::settings::Values;
use super::trace::put;
use crate::exit::Exit;
use crate::ui::Ui;
use crate::world::FsWorld;

/// Write what a VM is given in the words of another data plane.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc export envoy istioinaction/forum-vm-1 examples/forum -o envoy.json
  envoy --mode validate -c envoy.json

It ends with 1, and writes nothing, where Envoy would do otherwise than meshd; each such part is told. What Envoy merely
does not tell, such as Istio's metrics, is told and left out.")]
pub(crate) struct Args {
    #[command(subcommand)]
    to: To,
}

#[derive(Debug, Subcommand)]
enum To {
    /// The bootstrap of an Envoy as it is published: all of it static, no control plane, no extensions of Istio.
    ///
    /// It listens where meshd does, behind the same capture rules, and reads the same certificates. It answers no DNS.
    Envoy(EnvoyArgs),
}

#[derive(Debug, clap::Args)]
struct EnvoyArgs {
    /// The VM, as NAMESPACE/NAME, or NAME alone where it is the only one.
    vm: String,

    /// The spec, or a folder with `spec.kdl`, `spec.yaml` or `spec.json` in it.
    #[arg(default_value = ".")]
    spec: PathBuf,

    #[command(flatten)]
    values: Values,

    /// Write it to a file.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Exit {
    let To::Envoy(args) = &args.to;
    let spec = build::spec_file(&args.spec).display().to_string();
    let compiled = mesh_compiler::compile_with(&FsWorld, &spec, &args.values.settings());
    let Some(mesh) = &compiled.model else {
        check::report(&compiled, &spec, Mistakes::Human, ui);
        return if compiled.unreadable() {
            Exit::Broken
        } else {
            Exit::Failed
        };
    };
    let workload = match vm(mesh, &args.vm) {
        Ok(workload) => workload,
        Err((why, help)) => {
            ui.fail("nothing can be exported", why, help);
            return Exit::Broken;
        }
    };
    let snapshot = match snapshot::of(mesh, &workload, &snapshot::Options::default()) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            ui.fail("nothing can be exported", error, "");
            return Exit::Broken;
        }
    };
    let exported = envoy(&snapshot, &Places::default());
    for part in &exported.left_out {
        ui.note(format_args!("left out: {part}"));
    }
    if !exported.unsaid.is_empty() {
        let help = "say it otherwise in the spec, or keep meshd on this machine";
        ui.fail(
            "Envoy would do otherwise than meshd",
            exported.unsaid.join("\n"),
            help,
        );
        return Exit::Failed;
    }
    let text = format!("{:#}\n", exported.config);
    match put(&text, args.output.as_deref(), ui) {
        Ok(()) => Exit::Done,
        Err(exit) => exit,
    }
}

/// The VM that `text` names, or why there is none and what helps.
fn vm(mesh: &Mesh, text: &str) -> Result<WorkloadRef, (String, String)> {
    let (namespace, name) = match text.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, text),
    };
    let is = |(group, vm): &(&Group, &Vm)| {
        vm.name == name && namespace.is_none_or(|namespace| group.namespace == namespace)
    };
    let found: Vec<_> = mesh.vms().filter(is).collect();
    let full = |(group, vm): &(&Group, &Vm)| format!("{}/{}", group.namespace, vm.name);
    match &found[..] {
        [(group, _)] if group.engine == Engine::Envoy => Err((
            format!("`{text}` runs Istio's own agent, which configures its Envoy itself"),
            "name a VM with `engine=meshd`".to_owned(),
        )),
        [(group, vm)] => Ok(WorkloadRef::Vm {
            namespace: group.namespace.clone(),
            name: vm.name.clone(),
        }),
        [] => {
            let known: Vec<String> = mesh.vms().map(|found| full(&found)).collect();
            let names = || known.iter().map(String::as_str);
            let near = did_you_mean(text, names()).map_or_else(
                || format!("the mesh has {}", list(names())),
                |near| format!("did you mean `{near}`?"),
            );
            Err((format!("there is no VM `{text}`"), near))
        }
        several => {
            let names: Vec<String> = several.iter().map(full).collect();
            let names = list(names.iter().map(String::as_str));
            Err((
                format!("several VMs are called `{text}`"),
                format!("say one of {names}"),
            ))
        }
    }
}
