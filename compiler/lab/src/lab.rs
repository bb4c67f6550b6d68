//! A lab that runs.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde::Serialize;

use crate::cgroup::{Cgroup, CgroupError};
use crate::command::{self, CommandError, net_flag};
use crate::machine::Machine;
use crate::network;
use crate::places::Places;
use crate::pod::Pod;
use crate::record::{Record, RecordError};
use crate::ssh::SshDir;

/// A lab that runs, on this machine.
#[derive(Clone, Debug)]
pub struct Lab {
    pub(crate) name: String,
    pub(crate) places: Places,
    pub(crate) record: Record,
}

/// There is no such lab to work with.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// It was not brought up, or not all the way.
    #[error("no lab `{0}` is up on this machine; `meshc lab up SPEC` makes one")]
    Absent(String),
    /// What it remembers cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// A command could not be run in the lab.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// Neither a machine nor a pod has this name.
    #[error("the lab has no machine or pod `{name}`; it has {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// All there are.
        known: String,
    },
    /// The machine is down, or between two boots.
    #[error("the machine `{0}` is not running")]
    Down(String),
    /// Its control group cannot be joined.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// It could not be started.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// How one machine or pod is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// `machine` or `pod`.
    pub kind: &'static str,
    /// Its address.
    pub address: Ipv4Addr,
    /// `starting`, `running`, `degraded` (systemd's own words), or `down`.
    pub state: String,
}

impl Lab {
    /// The lab `name`, which is up.
    ///
    /// # Errors
    /// When it is not.
    pub fn attach(places: &Places, name: &str) -> Result<Self, AttachError> {
        let record =
            Record::load(&places.state_of(name))?.ok_or_else(|| AttachError::Absent(name.to_owned()))?;
        Ok(Self {
            name: name.to_owned(),
            places: places.clone(),
            record,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its network namespace, in which the operator sits: machines and pods are reached from there only.
    pub fn netns(&self) -> PathBuf {
        network::path(&network::outer(&self.name))
    }

    /// The configuration with which `ssh -F` reaches the machines, from within [`Lab::netns`].
    pub fn ssh_config(&self) -> PathBuf {
        SshDir::new(&self.places.state_of(&self.name)).config()
    }

    /// The file, on this machine, to which the Envoy of `pod` writes its access log.
    pub fn access_log(&self, pod: &str) -> PathBuf {
        crate::files::below(&self.places.tree(&self.name, pod).root, crate::envoy::ACCESS_LOG)
    }

    /// The folder, on this machine, with the logs of a machine or pod.
    pub fn logs(&self, node: &str) -> PathBuf {
        self.places.logs(&self.name, node)
    }

    /// How its machines and pods are, by name.
    ///
    /// # Errors
    /// When this machine does not show its processes.
    pub fn status(&self) -> Result<Vec<NodeStatus>, CgroupError> {
        let mut all = Vec::new();
        for (name, node) in &self.record.machines {
            let state = self.machine(name)?.state().unwrap_or_else(|| "down".to_owned());
            all.push(NodeStatus {
                name: name.clone(),
                kind: "machine",
                address: node.address,
                state,
            });
        }
        for (name, node) in &self.record.pods {
            let state = if self.pod(name)?.is_running(&node.programs) {
                "running"
            } else {
                "down"
            };
            all.push(NodeStatus {
                name: name.clone(),
                kind: "pod",
                address: node.address,
                state: state.to_owned(),
            });
        }
        Ok(all)
    }

    /// Runs `argv` inside of `node` to its end.
    ///
    /// # Errors
    /// When it cannot be started; its own failure is in the output.
    pub fn exec(&self, node: &str, argv: &[&str]) -> Result<Output, ExecError> {
        Ok(command::output(&mut self.command(Some(node), argv)?)?)
    }

    /// `argv` as a command inside of `node`, as root; without a node, in the operator's seat: the programs and
    /// files of this machine, on the lab's network. Whatever it starts ends with the lab.
    ///
    /// # Errors
    /// When there is no such node, or it does not run.
    pub fn command(&self, node: Option<&str>, argv: &[&str]) -> Result<Command, ExecError> {
        let inner = match node {
            None => self.seat(argv),
            Some(name) if self.record.machines.contains_key(name) => self
                .machine(name)?
                .command(argv)
                .ok_or_else(|| ExecError::Down(name.to_owned()))?,
            Some(name) if self.record.pods.contains_key(name) => self.pod(name)?.command(argv),
            Some(name) => return Err(self.unknown(name)),
        };
        let cgroup = cgroup(&self.name)?.child("exec");
        cgroup.make()?;
        Ok(crate::process::joined(&cgroup, inner))
    }

    pub(crate) fn machine(&self, name: &str) -> Result<Machine, CgroupError> {
        machine(&self.places, &self.name, name)
    }

    pub(crate) fn pod(&self, name: &str) -> Result<Pod, CgroupError> {
        pod(&self.places, &self.name, name)
    }

    fn seat(&self, argv: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(net_flag(&self.netns())).arg("--").args(argv);
        command
    }

    fn unknown(&self, name: &str) -> ExecError {
        let all: Vec<&str> = self
            .record
            .machines
            .keys()
            .chain(self.record.pods.keys())
            .map(String::as_str)
            .collect();
        ExecError::Unknown {
            name: name.to_owned(),
            known: all.join(", "),
        }
    }
}

/// The control group of all of the lab's processes.
pub(crate) fn cgroup(lab: &str) -> Result<Cgroup, CgroupError> {
    Cgroup::top(&network::outer(lab))
}

pub(crate) fn machine(places: &Places, lab: &str, name: &str) -> Result<Machine, CgroupError> {
    let log = places.logs(lab, name).join("console.log");
    Ok(Machine::new(
        lab,
        name,
        places.tree(lab, name),
        cgroup(lab)?.child(name),
        log,
    ))
}

pub(crate) fn pod(places: &Places, lab: &str, name: &str) -> Result<Pod, CgroupError> {
    Ok(Pod::new(
        lab,
        name,
        places.tree(lab, name),
        cgroup(lab)?.child(name),
        places.logs(lab, name),
    ))
}
