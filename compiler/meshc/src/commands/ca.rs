use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mesh_apply::ca::{Ca, CaError, Subject};
use mesh_apply::out;
use mesh_compiler::model::Engine;

use super::apply::input::known;
use super::build;
use super::check::Format;
use super::settings::Values;
use crate::exit::Exit;
use crate::ui::Ui;

/// Make an offline CA, intermediates for clusters and certificates for VMs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc ca init ca                     a root, in the folder `ca`
  meshc ca cluster ca seoul            an intermediate, and the Secret that gives it to istiod
  meshc ca issue ca spec.kdl           a certificate for every VM of the spec
  meshc build spec.kdl --identity ca   puts them into the bundles")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a root. One that is there is never overwritten.
    Init {
        /// Where the authority lives.
        dir: PathBuf,
    },
    /// Make an intermediate for a cluster, and the manifest of its Secret `cacerts`.
    Cluster {
        /// Where the authority lives.
        dir: PathBuf,
        /// The cluster's name.
        name: String,
    },
    /// Make certificates for VMs. Those with more than half of their life left are kept.
    Issue {
        /// Where the authority lives.
        dir: PathBuf,
        /// A spec, or the folder that `meshc build` wrote.
        #[arg(value_name = "SPEC|OUT")]
        input: PathBuf,
        #[command(flatten)]
        values: Values,
        /// A certificate for the pods of this account as well, for labs.
        #[arg(long, value_name = "NAMESPACE/ACCOUNT", value_parser = account)]
        workload: Vec<(String, String)>,
        /// How long a new certificate is valid.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
    },
}

fn account(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((namespace, account)) if !namespace.is_empty() && !account.is_empty() => {
            Ok((namespace.to_owned(), account.to_owned()))
        }
        _ => Err("`NAMESPACE/ACCOUNT` is expected".to_owned()),
    }
}

pub(crate) fn run(args: Args, ui: &Ui) -> Exit {
    let done = match &args.action {
        Action::Init { dir } => Ca::init(dir).map(|_| {
            ui.line(format_args!(
                "made a root in {}; keep root-key.pem away from the machines of the mesh",
                dir.display()
            ));
        }),
        Action::Cluster { dir, name } => Ca::open(dir).and_then(|ca| ca.cluster(name)).map(|cluster| {
            let word = if cluster.kept { "kept" } else { "made" };
            ui.line(format_args!(
                "{word} the intermediate of {name}: {}",
                cluster.folder.display()
            ));
            ui.line(format_args!(
                "before istiod starts: kubectl apply -f {}",
                cluster.manifest.display()
            ));
        }),
        Action::Issue {
            dir,
            input,
            values,
            workload,
            days,
        } => {
            let (domain, mut subjects) = match subjects(input, values, ui) {
                Ok(found) => found,
                Err(exit) => return exit,
            };
            subjects.extend(
                workload
                    .iter()
                    .map(|(namespace, account)| Subject::account(&domain, namespace, account)),
            );
            issue(dir, &subjects, *days, ui)
        }
    };
    match done {
        Ok(()) => Exit::Done,
        Err(error) => {
            ui.fail(error, "", "");
            Exit::Broken
        }
    }
}

fn issue(dir: &Path, subjects: &BTreeSet<Subject>, days: u32, ui: &Ui) -> Result<(), CaError> {
    let ca = Ca::open(dir)?;
    for subject in subjects {
        let issued = ca.issue(subject, days)?;
        let word = if issued.kept { "kept" } else { "issued" };
        ui.line(format_args!(
            "{word} {} for {}/{}",
            subject.spiffe, subject.namespace, subject.name
        ));
    }
    Ok(())
}

/// The trust domain and the VMs of a spec, or of what was built from one.
fn subjects(input: &Path, values: &Values, ui: &Ui) -> Result<(String, BTreeSet<Subject>), Exit> {
    known(input, ui)?;
    if input.join("build.json").is_file() {
        return of_output(input).map_err(|error| {
            ui.fail("cannot read the output", error, "run `meshc build` again");
            Exit::Broken
        });
    }
    let mesh = build::mesh(&build::spec_file(input), values, Format::Human, ui)?.model;
    // Istio's own agents get their certificates from istiod.
    let subjects = mesh
        .vms()
        .filter(|(group, _)| group.engine == Engine::Meshd)
        .map(|(group, vm)| Subject::vm(&mesh.trust_domain, &group.namespace, &vm.name, &group.account))
        .collect();
    Ok((mesh.trust_domain, subjects))
}

/// What the snapshots say of their VMs' identities: their own part, or the one that their group shares.
fn of_output(out: &Path) -> anyhow::Result<(String, BTreeSet<Subject>)> {
    let mut domain = String::new();
    let mut subjects = BTreeSet::new();
    for target in out::load(out)? {
        let bundle = &target.bundle;
        let mut identity = None;
        for file in bundle
            .files
            .iter()
            .filter(|file| SNAPSHOT.contains(&file.path.as_str()))
        {
            let part: Part = serde_json::from_slice(&std::fs::read(out.join(&file.source))?)?;
            identity = identity.or(part.identity);
        }
        let Some(identity) = identity else {
            anyhow::bail!("the bundle of {} names no identity", target.name);
        };
        domain = identity.trust_domain;
        subjects.insert(Subject {
            namespace: bundle.namespace.clone(),
            name: bundle.vm.clone(),
            spiffe: identity.spiffe,
        });
    }
    Ok((domain, subjects))
}

/// The parts of a VM's snapshot.
const SNAPSHOT: [&str; 2] = ["/etc/meshd/snapshot.json", "/etc/meshd/mesh.json"];

/// Of a part, only whose it is.
#[derive(serde::Deserialize)]
struct Part {
    identity: Option<mesh_wire::snapshot::Identity>,
}
