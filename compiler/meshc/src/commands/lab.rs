mod identity;
mod plan;
mod pods;

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Subcommand, ValueEnum};
use mesh_compiler::model::Mesh;
use mesh_lab::{AttachError, DownError, Event, Lab, NodeStatus, Places, UpError};
use serde_json::json;

use super::settings::Values;
use super::{build, check};
use crate::exit::Exit;
use crate::ui::Ui;
use crate::world::FsWorld;

/// Run the mesh on this machine: booted VMs, real Envoy, no route out.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc lab up examples/forum --identity ca    boots what the spec and lab.kdl beside it say
  meshc lab exec examples/forum -- ssh -F CONFIG forum-vm-1    the operator's seat
  meshc lab exec examples/forum webapp -- curl http://forum:8080/api/posts
  meshc lab status examples/forum
  meshc lab down examples/forum")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    values: Values,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Boot the machines and start the pods of a spec.
    Up {
        /// The spec, or its folder; `lab.kdl` beside it says what runs.
        spec: PathBuf,
        /// The CA's folder (`meshc ca init`), for the pods' certificates.
        #[arg(long, value_name = "DIR")]
        identity: Option<PathBuf>,
    },
    /// End all of it; nothing stays.
    Down {
        /// The spec, or its folder.
        spec: PathBuf,
    },
    /// Run a command in a machine or pod, or, without PLACE, on the lab's network with this machine's programs.
    Exec {
        /// The spec, or its folder.
        spec: PathBuf,
        /// A machine or pod.
        place: Option<String>,
        /// Program and arguments.
        #[arg(last = true, required = true, value_name = "CMD")]
        command: Vec<String>,
    },
    /// Show how machines and pods are, and how they are reached.
    Status {
        /// The spec, or its folder.
        spec: PathBuf,
        /// How it is shown.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

/// How a status is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
}

pub(crate) fn run(args: Args, ui: &Ui) -> Exit {
    let values = &args.values;
    let outcome = match &args.action {
        Action::Up { spec, identity } => up(spec, values, identity.as_deref(), ui),
        Action::Down { spec } => down(spec, values, ui),
        Action::Exec { spec, place, command } => exec(spec, values, place.as_deref(), command, ui),
        Action::Status { spec, format } => status(spec, values, *format, ui),
    };
    outcome.unwrap_or_else(|exit| exit)
}

fn up(spec: &Path, values: &Values, ca: Option<&Path>, ui: &Ui) -> Result<Exit, Exit> {
    let mesh = mesh(spec, values, ui)?;
    let plan = plan::of(&mesh, &build::spec_file(spec), ca).map_err(|error| {
        ui.fail("the lab cannot be planned", error, "");
        Exit::Failed
    })?;
    if !build::spec_file(spec).with_file_name("lab.kdl").exists() {
        ui.note("no lab.kdl beside the spec: the machines run nothing of their own, and there are no pods");
    }
    let begun = Instant::now();
    let progress = |event: Event| ui.note(told(&event, begun));
    let lab = Lab::up(&Places::default(), &plan, &progress).map_err(|error| {
        ui.fail(
            format_args!("the lab `{}` did not come up", plan.name),
            &error,
            "",
        );
        if matches!(error, UpError::Plan(_)) {
            Exit::Failed
        } else {
            Exit::Broken
        }
    })?;
    ui.line(format_args!(
        "lab {} is up: {} machines, {} pods, {:.1} s",
        lab.name(),
        plan.machines.len(),
        plan.workloads.len(),
        begun.elapsed().as_secs_f64()
    ));
    ui.line(format_args!(
        "reach it: meshc lab exec {} -- ssh -F {} MACHINE",
        spec.display(),
        lab.ssh_config().display()
    ));
    Ok(Exit::Done)
}

fn told(event: &Event, begun: Instant) -> String {
    let text = match event {
        Event::BuildingTree => "building the machines' file tree, once (about a minute)".to_owned(),
        Event::FetchingEnvoy => "fetching Envoy, once".to_owned(),
        Event::Booted(machine) => format!("{machine} has booted"),
        Event::Ready(pod) => format!("{pod} answers"),
    };
    format!("{:6.1} s  {text}", begun.elapsed().as_secs_f64())
}

fn down(spec: &Path, values: &Values, ui: &Ui) -> Result<Exit, Exit> {
    let name = plan::name(&mesh(spec, values, ui)?);
    Lab::down(&Places::default(), &name).map_err(|error: DownError| {
        ui.fail(
            format_args!("the lab `{name}` is not wholly gone"),
            error,
            "run it again once that is solved",
        );
        Exit::Broken
    })?;
    ui.line(format_args!("lab {name} is gone"));
    Ok(Exit::Done)
}

fn exec(
    spec: &Path,
    values: &Values,
    place: Option<&str>,
    command: &[String],
    ui: &Ui,
) -> Result<Exit, Exit> {
    let lab = attach(spec, values, ui)?;
    let argv: Vec<&str> = command.iter().map(String::as_str).collect();
    let mut command = lab.command(place, &argv).map_err(|error| {
        ui.fail("the command cannot be run", error, "");
        Exit::Failed
    })?;
    // The command takes this process over: its exit code, signals and terminal are its own.
    let error = command.exec();
    ui.fail("the command cannot be run", error, "");
    Err(Exit::Broken)
}

fn status(spec: &Path, values: &Values, format: Format, ui: &Ui) -> Result<Exit, Exit> {
    let lab = attach(spec, values, ui)?;
    let nodes = lab.status().map_err(|error| {
        ui.fail("the lab does not show its processes", error, "");
        Exit::Broken
    })?;
    match format {
        Format::Human => nodes.iter().for_each(|node| ui.line(row(node))),
        Format::Json => ui.line(json!({
            "name": lab.name(),
            "netns": lab.netns(),
            "ssh_config": lab.ssh_config(),
            "nodes": nodes,
        })),
    }
    Ok(if nodes.iter().all(|node| node.state != "down") {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn row(node: &NodeStatus) -> String {
    format!(
        "{:<24} {:<8} {:<16} {}",
        node.name,
        node.kind,
        node.address.to_string(),
        node.state
    )
}

fn attach(spec: &Path, values: &Values, ui: &Ui) -> Result<Lab, Exit> {
    let name = plan::name(&mesh(spec, values, ui)?);
    Lab::attach(&Places::default(), &name).map_err(|error| {
        ui.fail(format_args!("cannot reach the lab `{name}`"), &error, "");
        if matches!(error, AttachError::Absent(_)) {
            Exit::Failed
        } else {
            Exit::Broken
        }
    })
}

/// The spec's mesh; mistakes are shown where it has any.
fn mesh(spec: &Path, values: &Values, ui: &Ui) -> Result<Mesh, Exit> {
    let path = build::spec_file(spec).display().to_string();
    let compiled = mesh_compiler::compile_with(&FsWorld, &path, &values.settings());
    // Warnings are for `meshc check`: what `exec` prints is the command's alone.
    if compiled.model.is_none() {
        check::report(&compiled, &path, check::Format::Human, ui);
    }
    let unreadable = compiled.unreadable();
    compiled
        .model
        .ok_or(if unreadable { Exit::Broken } else { Exit::Failed })
}
