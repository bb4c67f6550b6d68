//! A pod: programs in a network namespace of their own, with the shared tree as their root, and Envoy beside them.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cgroup::{Cgroup, CgroupError};
use crate::command::{CommandError, in_netns, net_flag, run_with_input};
use crate::dns;
use crate::envoy;
use crate::files::{self, FileError, below};
use crate::mount::{MountError, Tree};
use crate::network;
use crate::plan::{APP, ENVOY, EnvoyPlan, LabPlan, PodPlan};
use crate::process::{Spawn, SpawnError, clean};
use crate::ready::{self, Answer, ReadyError};

/// How long a pod may take until it answers.
const READY_DEADLINE: Duration = Duration::from_secs(60);

/// The user of Envoy, whose own traffic is not captured.
const PROXY_UID: u32 = 1337;

/// One thread is enough for a lab; whoever reads the access log wants to see the last request in it.
const ENVOY_FLAGS: [&str; 5] = [
    "--concurrency",
    "1",
    "--disable-hot-restart",
    "--file-flush-interval-msec",
    "50",
];

/// What `istio-init` sets up: everything but the proxy's own traffic goes through the proxy
/// (Istio, tools/istio-iptables).
const CAPTURE: &str = "*nat
:ISTIO_INBOUND - [0:0]
:ISTIO_IN_REDIRECT - [0:0]
:ISTIO_OUTPUT - [0:0]
:ISTIO_REDIRECT - [0:0]
-A PREROUTING -p tcp -j ISTIO_INBOUND
-A OUTPUT -p tcp -j ISTIO_OUTPUT
-A ISTIO_INBOUND -p tcp --dport 15008 -j RETURN
-A ISTIO_INBOUND -p tcp --dport 15090 -j RETURN
-A ISTIO_INBOUND -p tcp --dport 15021 -j RETURN
-A ISTIO_INBOUND -p tcp --dport 15020 -j RETURN
-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT
-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN
-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp ! --dport 15008 -m owner --uid-owner 1337 -j ISTIO_IN_REDIRECT
-A ISTIO_OUTPUT -o lo -m owner ! --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -j ISTIO_REDIRECT
COMMIT
";

/// A pod did not come up.
#[derive(Debug, thiserror::Error)]
pub enum PodError {
    /// Its tree could not be mounted.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// A file of it could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its namespace could not be set up.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A program of it could not be started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// It does not answer.
    #[error("{source}; it said: {said}")]
    Ready {
        /// What was waited for.
        source: ReadyError,
        /// The end of its log.
        said: String,
    },
    /// Its processes cannot be told apart.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
}

/// One pod of a lab.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    tree: Tree,
    netns: PathBuf,
    cgroup: Cgroup,
    state: PathBuf,
}

impl Pod {
    /// The pod `name` of `lab`; its logs are in `state`.
    pub(crate) fn new(lab: &str, name: &str, tree: Tree, cgroup: Cgroup, state: PathBuf) -> Self {
        Self {
            tree,
            netns: network::path(&network::inner(lab, name)),
            cgroup,
            state,
        }
    }

    /// Its root, seen from outside.
    pub(crate) fn root(&self) -> &Path {
        &self.tree.root
    }

    /// Whether all of `programs` run in it.
    pub(crate) fn is_running(&self, programs: &[String]) -> bool {
        programs
            .iter()
            .all(|program| !self.cgroup.child(program).processes().is_empty())
    }

    /// Puts its tree together and starts its programs. Its namespace is there already.
    pub(crate) fn start(
        &self,
        lab: &LabPlan,
        plan: &PodPlan,
        base: &Path,
        envoy: Option<&Path>,
    ) -> Result<(), PodError> {
        self.tree.mount(base)?;
        self.tree.mount_proc()?;
        let resolv = dns::pod_resolv_conf(lab.pods.dns, &plan.namespace, &lab.cluster_domain);
        files::write(&below(self.root(), "/etc/resolv.conf"), resolv.as_bytes(), 0o644)?;
        files::write(&below(self.root(), "/etc/hosts"), b"127.0.0.1 localhost\n", 0o644)?;
        for file in &plan.files {
            files::write(&below(self.root(), &file.path), &file.bytes, file.mode)?;
        }
        if let (Some(plan), Some(binary)) = (&plan.envoy, envoy) {
            self.start_envoy(plan, binary)?;
        }
        if !plan.command.is_empty() {
            // As the first user that Debian makes, whom capture does not know.
            let argv: Vec<&str> = plan.command.iter().map(String::as_str).collect();
            self.spawn(APP, 1000, &argv)?;
        }
        Ok(())
    }

    /// Waits until its programs answer.
    pub(crate) fn wait(&self, plan: &PodPlan) -> Result<(), PodError> {
        if plan.envoy.is_some() {
            self.wait_for(ENVOY, envoy::ADMIN_PORT, Answer::Http("/ready"))?;
        }
        plan.ready
            .map_or(Ok(()), |port| self.wait_for(APP, port, Answer::Connects))
    }

    /// `argv` as a command inside of it, as root, whom capture treats as any application.
    pub(crate) fn command(&self, argv: &[&str]) -> Command {
        let mut command = clean(Command::new("nsenter"));
        command
            .arg(net_flag(&self.netns))
            .args(["--", "chroot"])
            .arg(self.root())
            .args(argv);
        command
    }

    fn start_envoy(&self, plan: &EnvoyPlan, binary: &Path) -> Result<(), PodError> {
        self.tree.bind(binary, "/usr/local/bin/envoy")?;
        let identity = plan.identity.as_ref();
        let identity = identity.map(|it| {
            [
                (envoy::CERT_CHAIN, &it.cert_chain),
                (envoy::KEY, &it.key),
                (envoy::ROOTS, &it.roots),
            ]
        });
        for (path, text) in identity.into_iter().flatten() {
            self.write_for_proxy(path, text.as_bytes())?;
        }
        self.write_for_proxy(envoy::BOOTSTRAP, format!("{:#}\n", plan.bootstrap).as_bytes())?;
        self.write_for_proxy(envoy::ACCESS_LOG, b"")?;
        if plan.capture {
            let mut restore = in_netns(&self.netns, "chroot");
            run_with_input(restore.arg(self.root()).arg("iptables-restore"), CAPTURE)?;
        }
        let argv = ["/usr/local/bin/envoy", "-c", envoy::BOOTSTRAP]
            .into_iter()
            .chain(ENVOY_FLAGS);
        let argv: Vec<&str> = argv.collect();
        self.spawn(ENVOY, PROXY_UID, &argv)
    }

    fn write_for_proxy(&self, inside: &str, bytes: &[u8]) -> Result<(), PodError> {
        let path = below(self.root(), inside);
        files::write(&path, bytes, 0o600)?;
        chown(&path, Some(PROXY_UID), Some(PROXY_UID))
            .map_err(|source| FileError::new("give away", &path, source))?;
        Ok(())
    }

    fn spawn(&self, program: &str, uid: u32, argv: &[&str]) -> Result<(), PodError> {
        let (root, uid) = (self.root().display().to_string(), uid.to_string());
        let user = [
            "setpriv",
            "--reuid",
            &uid,
            "--regid",
            &uid,
            "--clear-groups",
            "--",
        ];
        let argv: Vec<&str> = ["chroot", &root]
            .into_iter()
            .chain(user)
            .chain(argv.iter().copied())
            .collect();
        Spawn::new(&self.cgroup.child(program), &self.log(program))
            .netns(&self.netns)
            .start(&argv)?;
        Ok(())
    }

    fn wait_for(&self, program: &str, port: u16, answer: Answer) -> Result<(), PodError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        ready::wait(&self.netns, address, answer, READY_DEADLINE).map_err(|source| {
            let said = std::fs::read_to_string(self.log(program)).unwrap_or_default();
            let lines: Vec<&str> = said.lines().collect();
            PodError::Ready {
                source,
                said: lines[lines.len().saturating_sub(8)..].join("\n"),
            }
        })
    }

    fn log(&self, program: &str) -> PathBuf {
        self.state.join(format!("{program}.log"))
    }
}
