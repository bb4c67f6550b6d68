//! Bringing a lab up.

use std::path::{Path, PathBuf};

use crate::cgroup::CgroupError;
use crate::command::CommandError;
use crate::dns;
use crate::down::{DownError, remove};
use crate::envoy::binary::{self, EnvoyError};
use crate::files::{self, FileError};
use crate::lab::{self, Lab};
use crate::limits;
use crate::machine::BootError;
use crate::needs::{self, NeedsError};
use crate::network;
use crate::places::Places;
use crate::plan::{InvalidPlan, LabPlan};
use crate::pod::PodError;
use crate::process::SpawnError;
use crate::record::{Record, RecordError};
use crate::rootfs::{self, RootfsError};
use crate::ssh::{Host, SshDir, SshError};

/// What happens while a lab comes up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The shared tree is being built, which takes about a minute, once.
    BuildingTree,
    /// Envoy is being fetched, once.
    FetchingEnvoy,
    /// A machine has booted and answers SSH.
    Booted(String),
    /// A pod answers.
    Ready(String),
}

/// A lab did not come up. What was made of it is gone again.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// This machine cannot run labs.
    #[error(transparent)]
    Needs(#[from] NeedsError),
    /// The plan cannot be carried out.
    #[error(transparent)]
    Plan(#[from] InvalidPlan),
    /// The shared tree could not be built.
    #[error("cannot build the machines' file tree: {0}")]
    Rootfs(#[from] RootfsError),
    /// Envoy could not be fetched.
    #[error("cannot provide Envoy: {0}")]
    Envoy(#[from] EnvoyError),
    /// The networks could not be made.
    #[error("cannot make the lab's networks: {0}")]
    Network(#[from] CommandError),
    /// DNS could not be started.
    #[error("cannot start the lab's DNS: {0}")]
    Dns(#[from] SpawnError),
    /// Keys could not be made.
    #[error("cannot make the operator's keys: {0}")]
    Ssh(#[from] SshError),
    /// A machine did not boot.
    #[error("the machine `{0}` did not come up: {1}")]
    Machine(String, BootError),
    /// A pod did not start.
    #[error("the pod `{0}` did not come up: {1}")]
    Pod(String, PodError),
    /// What is left of an earlier lab could not be removed.
    #[error("cannot remove what is left of an earlier lab: {0}")]
    Down(#[from] DownError),
    /// The lab could not be noted down.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file of it.
    #[error(transparent)]
    File(#[from] FileError),
    /// Control groups.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
}

/// Told of every [`Event`], from several threads.
pub type Progress<'a> = &'a (dyn Fn(Event) + Sync);

impl Lab {
    /// Brings up the lab of `plan`. One that already runs from the same plan is kept; any other lab of the same
    /// name, and what is left of half-made ones, is removed first.
    ///
    /// # Errors
    /// When any part does not come up; then nothing stays.
    pub fn up(places: &Places, plan: &LabPlan, progress: Progress<'_>) -> Result<Self, UpError> {
        needs::check()?;
        plan.validate()?;
        files::make_dir(&places.run)?;
        let _only_one = rootfs::lock(&places.lock_of(&plan.name))?;
        let record = Record::of(plan);
        if let Some(lab) = kept(places, plan, &record)? {
            return Ok(lab);
        }
        remove(places, &plan.name)?;
        let made = Making {
            places,
            plan,
            progress,
        }
        .make();
        if made.is_err() {
            // The first error is the one to show.
            let _ = remove(places, &plan.name);
        }
        made?;
        record.save(&places.state_of(&plan.name))?;
        Ok(Self {
            name: plan.name.clone(),
            places: places.clone(),
            record,
        })
    }
}

/// The lab that is already there, if it is what `plan` asks for and all of it runs.
fn kept(places: &Places, plan: &LabPlan, record: &Record) -> Result<Option<Lab>, UpError> {
    let there = match Record::load(&places.state_of(&plan.name)) {
        Ok(Some(there)) if there == *record => there,
        // A damaged record is a half-made lab, too.
        _ => return Ok(None),
    };
    let lab = Lab {
        name: plan.name.clone(),
        places: places.clone(),
        record: there,
    };
    let whole = lab.status()?.iter().all(|node| node.state != "down");
    Ok(whole.then_some(lab))
}

/// A lab in the making.
struct Making<'a> {
    places: &'a Places,
    plan: &'a LabPlan,
    progress: Progress<'a>,
}

impl Making<'_> {
    fn make(&self) -> Result<(), UpError> {
        let base = rootfs::provide(&self.places.cache, &self.plan.packages, || {
            (self.progress)(Event::BuildingTree);
        })?;
        let envoy = self.envoy()?;
        limits::raise(self.plan.machines.len())?;
        network::make_outer(self.plan, &base)?;
        let state = self.places.state_of(&self.plan.name);
        files::make_dir(&state)?;
        let netns = network::path(&network::outer(&self.plan.name));
        let cgroup = lab::cgroup(&self.plan.name)?;
        cgroup.make()?;
        dns::start(self.plan, &base, &netns, &state, &cgroup)?;
        self.start_machines(&base, &state, &netns)?;
        self.start_pods(&base, envoy.as_deref())?;
        self.wait(&netns)
    }

    fn envoy(&self) -> Result<Option<PathBuf>, EnvoyError> {
        if self.plan.workloads.values().all(|pod| pod.envoy.is_none()) {
            return Ok(None);
        }
        binary::provide(&self.places.cache, || (self.progress)(Event::FetchingEnvoy)).map(Some)
    }

    fn start_machines(&self, base: &Path, state: &Path, netns: &Path) -> Result<(), UpError> {
        let ssh = SshDir::new(state);
        let operator = ssh.make_key()?;
        let mut hosts = Vec::new();
        for (name, machine) in &self.plan.machines {
            files::make_dir(&self.places.logs(&self.plan.name, name))?;
            let it = lab::machine(self.places, &self.plan.name, name)?;
            let failed = |source| UpError::Machine(name.clone(), source);
            let key = it
                .prepare(machine, &self.plan.vms, base, &operator)
                .map_err(failed)?;
            it.start(netns).map_err(failed)?;
            hosts.push(Host {
                name,
                address: machine.address,
                user: &machine.user,
                key,
            });
        }
        Ok(ssh.write(&hosts)?)
    }

    fn start_pods(&self, base: &Path, envoy: Option<&Path>) -> Result<(), UpError> {
        for (index, (name, pod)) in self.plan.workloads.iter().enumerate() {
            files::make_dir(&self.places.logs(&self.plan.name, name))?;
            network::make_inner(self.plan, name, pod, index)?;
            let it = lab::pod(self.places, &self.plan.name, name)?;
            it.start(self.plan, pod, base, envoy)
                .map_err(|source| UpError::Pod(name.clone(), source))?;
        }
        Ok(())
    }

    /// Machines boot all at once; each is waited for by a thread of its own.
    fn wait(&self, netns: &Path) -> Result<(), UpError> {
        let mut outcomes = Vec::new();
        std::thread::scope(|scope| {
            let machines = self
                .plan
                .machines
                .keys()
                .map(|name| scope.spawn(move || self.wait_machine(name, netns)));
            let pods = self
                .plan
                .workloads
                .keys()
                .map(|name| scope.spawn(move || self.wait_pod(name)));
            let waiting: Vec<_> = machines.chain(pods).collect();
            for thread in waiting {
                outcomes.push(
                    thread
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                );
            }
        });
        outcomes.into_iter().collect()
    }

    fn wait_machine(&self, name: &str, netns: &Path) -> Result<(), UpError> {
        let machine = lab::machine(self.places, &self.plan.name, name)?;
        let plan = &self.plan.machines[name];
        machine
            .finish(plan, netns)
            .map_err(|source| UpError::Machine(name.to_owned(), source))?;
        (self.progress)(Event::Booted(name.to_owned()));
        Ok(())
    }

    fn wait_pod(&self, name: &str) -> Result<(), UpError> {
        let pod = lab::pod(self.places, &self.plan.name, name)?;
        pod.wait(&self.plan.workloads[name])
            .map_err(|source| UpError::Pod(name.to_owned(), source))?;
        (self.progress)(Event::Ready(name.to_owned()));
        Ok(())
    }
}
