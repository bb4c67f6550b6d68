use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mesh_apply::fleet;
use mesh_apply::host::Login;
use mesh_apply::host::local::Local;
use mesh_apply::host::ssh::{Operator, Ssh};
use mesh_apply::out::Target;
use mesh_apply::select::select;
use mesh_apply::ssh_config::{Config, ConfigError};

use super::input::Input;
use super::show::Format;
use crate::exit::Exit;
use crate::ui::Ui;

/// Which machines are meant, and how they are reached.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("way").required(true).args(["ssh", "local"]))]
pub(crate) struct Reach {
    /// Over SSH, as `~/.ssh/config` and the spec say.
    #[arg(long)]
    ssh: bool,

    /// On this machine itself, which must be the one VM that is meant.
    #[arg(long)]
    local: bool,

    /// Only this VM; can be given several times.
    #[arg(long, value_name = "NAME")]
    vm: Vec<String>,

    /// So many machines at once.
    #[arg(long, value_name = "N", default_value_t = fleet::PARALLEL, value_parser = positive)]
    pub(crate) parallel: usize,

    /// Another SSH configuration than `~/.ssh/config`; `none` for none.
    #[arg(short = 'F', long, value_name = "FILE")]
    ssh_config: Option<PathBuf>,

    /// Trust and remember host keys that were never seen. One that has changed is refused all the same.
    #[arg(long)]
    accept_new_host_keys: bool,

    /// How long a connection may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    connect_timeout: u64,

    /// How long a command on a machine may say nothing.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    command_timeout: u64,

    /// How the course of things is shown.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// A number above zero.
pub(crate) fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a number above zero is expected".to_owned()),
    }
}

/// What is to be done for machines that meshc does not ship to.
const AGENT: &str = "install Istio's sidecar package there, and place the files of `vms/NAME/istio` in the output: \
                     cluster.env in /var/lib/istio/envoy, mesh.yaml as /etc/istio/config/mesh, the line of hosts in \
                     /etc/hosts";

/// A VM and a way to it.
pub(crate) struct Machine {
    pub(crate) target: Target,
    pub(crate) login: Box<dyn Login>,
    pub(crate) user: String,
}

impl Reach {
    pub(crate) fn silence(&self) -> Duration {
        Duration::from_secs(self.command_timeout)
    }

    /// The machines that are meant, with a way to each.
    pub(crate) fn machines(&self, input: &Input, ui: &Ui) -> Result<Vec<Machine>, Exit> {
        let foreign = input.foreign(ui)?;
        let all = input.targets(ui)?;
        let alone = all.is_empty() && !foreign.is_empty();
        if let Some(name) = foreign.iter().find(|name| alone || self.vm.contains(name)) {
            ui.fail(
                format_args!("meshc ships nothing to `{name}`"),
                "its traffic is carried by Istio's own agent (`engine=envoy`)",
                AGENT,
            );
            return Err(Exit::Failed);
        }
        if self.vm.is_empty() && !foreign.is_empty() {
            ui.note(format_args!(
                "passed over, since Istio's own agent carries their traffic: {}",
                foreign.join(", ")
            ));
        }
        let targets = select(all, &self.vm).map_err(|error| {
            ui.fail(error, "", "");
            Exit::Broken
        })?;
        if self.local {
            self.here(targets, ui)
        } else {
            self.over_ssh(targets, ui)
        }
    }

    fn here(&self, mut targets: Vec<Target>, ui: &Ui) -> Result<Vec<Machine>, Exit> {
        match (targets.pop(), targets.is_empty()) {
            (Some(target), true) => Ok(vec![Machine {
                target,
                login: Box::new(Local),
                user: variable("USER").unwrap_or_default(),
            }]),
            _ => {
                ui.fail(
                    "which VM is this machine?",
                    "the mesh has several",
                    "name it with `--vm NAME`",
                );
                Err(Exit::Broken)
            }
        }
    }

    fn over_ssh(&self, targets: Vec<Target>, ui: &Ui) -> Result<Vec<Machine>, Exit> {
        let broken = |error: &dyn std::fmt::Display| {
            ui.fail("the SSH configuration cannot be followed", error, "");
            Exit::Broken
        };
        let operator = Arc::new(self.operator().map_err(|error| broken(&error))?);
        let mut machines = Vec::with_capacity(targets.len());
        for target in targets {
            let ssh = Ssh::new(operator.clone(), &target.bundle.vm, &target.bundle.ssh)
                .map_err(|error| broken(&error))?;
            let user = ssh.endpoint().user.clone();
            machines.push(Machine {
                target,
                login: Box::new(ssh),
                user,
            });
        }
        Ok(machines)
    }

    /// The person at this computer.
    fn operator(&self) -> Result<Operator, ConfigError> {
        let home = PathBuf::from(variable("HOME").unwrap_or_else(|| "/root".to_owned()));
        let config = match &self.ssh_config {
            Some(path) if path.as_os_str() == "none" => Config::default(),
            Some(path) => Config::read(path, &home, true)?,
            None => Config::read(&home.join(".ssh/config"), &home, false)?.then(Config::read(
                Path::new("/etc/ssh/ssh_config"),
                &home,
                false,
            )?),
        };
        Ok(Operator {
            user: variable("USER")
                .or_else(|| variable("LOGNAME"))
                .unwrap_or_else(|| "root".to_owned()),
            agent: variable("SSH_AUTH_SOCK").map(PathBuf::from),
            config,
            home,
            accept_new: self.accept_new_host_keys,
            timeout: Duration::from_secs(self.connect_timeout),
        })
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
