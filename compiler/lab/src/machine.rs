//! A booted machine: its disk, its boot, and commands inside of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mesh_wire::Sha256;

use crate::cgroup::{Cgroup, CgroupError};
use crate::command::{CommandError, net_flag, output, run};
use crate::files::{self, FileError, below};
use crate::mount::{MountError, Tree};
use crate::network::VMS_BRIDGE;
use crate::plan::{MachinePlan, Segment};
use crate::process::{Spawn, SpawnError, clean};
use crate::ready::{self, Answer, ReadyError};
use crate::ssh::{self, SshError};

/// How long a machine may take to boot; fleets share few processors.
const BOOT_DEADLINE: Duration = Duration::from_secs(120);

/// Starts the machine again whenever it asks for a reboot (systemd-nspawn then ends with 133). Each start is in
/// the control group `$1`, apart from this loop.
const SUPERVISE: &str = r#"
join='mkdir -p "$1"; echo $$ > "$1/cgroup.procs"; shift; exec "$@"'
while sh -ec "$join" sh "$@"; [ $? = 133 ]; do :; done
echo "the machine has ended"
"#;

/// The last line of [`SUPERVISE`].
const ENDED: &str = "the machine has ended\n";

/// A machine did not come up.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// Its disk could not be put together.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// A file on its disk could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its host key could not be made.
    #[error(transparent)]
    Ssh(#[from] SshError),
    /// A program that prepares it failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// systemd-nspawn could not be started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// It did not finish its boot.
    #[error(transparent)]
    Ready(#[from] ReadyError),
    /// It ended instead.
    #[error("it ended; it said:\n{0}")]
    Ended(String),
    /// Its processes cannot be told apart.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
}

/// One machine of a lab.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    lab: String,
    name: String,
    tree: Tree,
    cgroup: Cgroup,
    log: PathBuf,
}

impl Machine {
    /// The machine `name` of `lab`, whose processes are in `cgroup`.
    pub(crate) fn new(lab: &str, name: &str, tree: Tree, cgroup: Cgroup, log: PathBuf) -> Self {
        Self {
            lab: lab.to_owned(),
            name: name.to_owned(),
            tree,
            cgroup,
            log,
        }
    }

    /// Puts its disk together; returns its host key.
    pub(crate) fn prepare(
        &self,
        plan: &MachinePlan,
        segment: &Segment,
        base: &Path,
        operator: &str,
    ) -> Result<String, BootError> {
        self.tree.mount(base)?;
        let root = &self.tree.root;
        for (path, text) in self.own_files(plan, segment) {
            files::write(&below(root, path), text.as_bytes(), 0o644)?;
        }
        for file in &plan.setup.files {
            files::write(&below(root, &file.path), &file.bytes, file.mode)?;
        }
        if !plan.setup.enable.is_empty() {
            run(Command::new("systemctl")
                .arg("--root")
                .arg(root)
                .args(["--quiet", "enable"])
                .args(&plan.setup.enable))?;
        }
        self.authorize(&plan.user, operator)?;
        Ok(ssh::generate(
            &below(root, "/etc/ssh/ssh_host_ed25519_key"),
            &self.name,
        )?)
    }

    /// Starts it.
    pub(crate) fn start(&self, netns: &Path) -> Result<(), BootError> {
        self.cgroup.make()?;
        let inner = self.cgroup.child("machine");
        let argv = [
            "sh".to_owned(),
            "-c".to_owned(),
            SUPERVISE.to_owned(),
            "sh".to_owned(),
            inner.path().display().to_string(),
            "nsenter".to_owned(),
            net_flag(netns),
            "--".to_owned(),
            "systemd-nspawn".to_owned(),
            "--quiet".to_owned(),
            "--boot".to_owned(),
            // Without systemd on this machine there is nobody to register with and nobody to ask for a unit.
            "--register=no".to_owned(),
            "--keep-unit".to_owned(),
            format!("--directory={}", self.tree.root.display()),
            format!("--machine={}.{}", self.lab, self.name),
            format!("--hostname={}", self.name),
            format!("--network-bridge={VMS_BRIDGE}"),
            "--link-journal=no".to_owned(),
            "--resolv-conf=off".to_owned(),
            "--timezone=off".to_owned(),
            "--console=pipe".to_owned(),
        ];
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let spawn = Spawn::new(&self.cgroup.child("supervisor"), &self.log);
        Ok(spawn.env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1").start(&argv)?)
    }

    /// Waits until it has booted and answers SSH, then runs what the plan wants run once.
    pub(crate) fn finish(&self, plan: &MachinePlan, netns: &Path) -> Result<(), BootError> {
        // Not `--wait`: that misses a boot which ends while it subscribes, and waits for ever.
        let booted = || {
            self.state()
                .is_some_and(|it| matches!(it.as_str(), "running" | "degraded"))
        };
        ready::until(
            BOOT_DEADLINE,
            || booted() || self.has_ended(),
            || format!("systemd of {}", self.name),
        )?;
        if self.has_ended() {
            return Err(BootError::Ended(files::read(&self.log)?));
        }
        let ssh = SocketAddr::from((plan.address, 22));
        ready::wait(netns, ssh, Answer::Greets("SSH-"), BOOT_DEADLINE)?;
        for script in &plan.setup.run {
            if let Some(mut command) = self.command(&["sh", "-ec", script]) {
                run(&mut command)?;
            }
        }
        Ok(())
    }

    fn has_ended(&self) -> bool {
        std::fs::read(&self.log).is_ok_and(|said| said.ends_with(ENDED.as_bytes()))
    }

    /// What systemd inside says of the whole system; `None` while it is not there.
    pub(crate) fn state(&self) -> Option<String> {
        let leader = self.leader()?;
        if !Path::new(&format!("/proc/{leader}/root/run/systemd/private")).exists() {
            return None;
        }
        let answer = output(&mut self.command(&["systemctl", "is-system-running"])?).ok()?;
        Some(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    }

    /// `argv` as a command inside of it; `None` while it is not running.
    pub(crate) fn command(&self, argv: &[&str]) -> Option<Command> {
        let mut command = clean(Command::new("nsenter"));
        let spaces = [
            "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd",
        ];
        command
            .args(["--target", &self.leader()?.to_string()])
            .args(spaces)
            .arg("--")
            .args(argv);
        Some(command)
    }

    /// Its process 1, by this machine's number.
    fn leader(&self) -> Option<u32> {
        let payload = self.cgroup.child("machine").child("payload");
        payload.processes().into_iter().find(|pid| is_first(*pid))
    }

    fn own_files(&self, plan: &MachinePlan, segment: &Segment) -> [(&'static str, String); 5] {
        let name = &self.name;
        let id = Sha256::of(format!("{}/{name}", self.lab).as_bytes());
        [
            ("/etc/hostname", format!("{name}\n")),
            (
                "/etc/hosts",
                format!("127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost ip6-localhost\n"),
            ),
            ("/etc/machine-id", format!("{}\n", &id.as_str()[..32])),
            (
                "/etc/systemd/network/10-lab.network",
                network_unit(plan.address, segment),
            ),
            (
                "/etc/systemd/resolved.conf.d/10-lab.conf",
                "[Resolve]\nLLMNR=no\nMulticastDNS=no\n".to_owned(),
            ),
        ]
    }

    /// Lets the operator in as `user`, who may become root.
    fn authorize(&self, user: &str, operator: &str) -> Result<(), BootError> {
        let script = r#"
            id "$1" > /dev/null 2>&1 || useradd --create-home --shell /bin/bash -- "$1"
            printf '%s ALL=(ALL) NOPASSWD: ALL\n' "$1" > /etc/sudoers.d/lab && chmod 0440 /etc/sudoers.d/lab
            home=$(getent passwd "$1" | cut -d: -f6)
            mkdir -p -m 0700 "$home/.ssh" && printf '%s\n' "$2" > "$home/.ssh/authorized_keys"
            chown -R "$1": "$home/.ssh""#;
        let root = &self.tree.root;
        run(clean(Command::new("chroot"))
            .arg(root)
            .args(["/bin/sh", "-ec", script, "sh", user, operator]))?;
        Ok(())
    }
}

fn network_unit(address: Ipv4Addr, segment: &Segment) -> String {
    let dns = segment.dns.map_or_else(String::new, |dns| format!("DNS={dns}\n"));
    format!(
        "[Match]\nName=host0\n\n[Network]\nAddress={address}/{}\nGateway={}\n{dns}LLMNR=no\nLinkLocalAddressing=no\n\
         IPv6AcceptRA=no\n",
        segment.range.prefix_len(),
        segment.router
    )
}

/// Whether `pid` is process 1 of a namespace of its own.
fn is_first(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    line.is_some_and(|numbers| numbers.split_whitespace().skip(1).last() == Some("1"))
}
