//! Programs of the lab that go on after `up` has returned.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cgroup::{Cgroup, CgroupError};
use crate::command::{CommandError, net_flag};
use crate::files::FileError;

/// A program of the lab could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// Its control group could not be made.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// Its log or configuration could not be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// It did not start.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// Joins the control group `$1` first, so that whatever the program starts is in it too; then becomes the program.
const JOIN: &str = "echo $$ > \"$1/cgroup.procs\"; shift; exec \"$@\"";

/// How a program is started.
pub(crate) struct Spawn {
    cgroup: Cgroup,
    log: PathBuf,
    netns: Option<PathBuf>,
    stdin: Stdio,
    env: Vec<(String, String)>,
}

impl Spawn {
    /// In `cgroup`, with its output in the file `log`.
    pub(crate) fn new(cgroup: &Cgroup, log: &Path) -> Self {
        Self {
            cgroup: cgroup.clone(),
            log: log.to_owned(),
            netns: None,
            stdin: Stdio::null(),
            env: Vec::new(),
        }
    }

    /// In the network namespace `netns`.
    pub(crate) fn netns(mut self, netns: &Path) -> Self {
        self.netns = Some(netns.to_owned());
        self
    }

    /// With this on its standard input.
    pub(crate) fn stdin(mut self, stdin: Stdio) -> Self {
        self.stdin = stdin;
        self
    }

    /// With this variable besides PATH, HOME and LANG.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts `argv`. It becomes a child of init: nobody here waits for it.
    pub(crate) fn start(self, argv: &[&str]) -> Result<(), SpawnError> {
        self.cgroup.make()?;
        let open = |source| FileError::new("open", &self.log, source);
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(open)?;
        let errors = log.try_clone().map_err(open)?;
        let mut command = clean(Command::new("setsid"));
        command
            .args(["--fork", "sh", "-ec", JOIN, "sh"])
            .arg(self.cgroup.path());
        if let Some(netns) = &self.netns {
            command.args(["nsenter", &net_flag(netns), "--"]);
        }
        command
            .args(argv)
            .envs(self.env)
            .stdin(self.stdin)
            .stdout(log)
            .stderr(errors);
        let program = || argv.first().map_or_else(String::new, |name| (*name).to_owned());
        let status = command.status().map_err(|source| CommandError::Start {
            program: program(),
            source,
        })?;
        if status.success() {
            return Ok(());
        }
        Err(CommandError::Failed {
            command: argv.join(" "),
            status,
            output: String::new(),
        }
        .into())
    }
}

/// `command` without the environment of whoever runs the lab.
pub(crate) fn clean(mut command: Command) -> Command {
    command
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .env("HOME", "/root")
        .env("LANG", "C.UTF-8")
        .current_dir("/");
    command
}

/// `inner`, in the control group `cgroup`; it keeps the environment that was set on `inner`.
pub(crate) fn joined(cgroup: &Cgroup, inner: Command) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-ec", JOIN, "sh"])
        .arg(cgroup.path())
        .arg(inner.get_program())
        .args(inner.get_args());
    command
}
