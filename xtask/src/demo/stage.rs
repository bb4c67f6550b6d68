use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{as_root, output, root};
use crate::programs::Programs;

/// The lab, and how a user acts in it.
pub(super) struct Stage {
    programs: Programs,
    /// `target/demo`.
    folder: PathBuf,
}

/// The spec that is played.
pub(super) const SPEC: &str = "examples/forum/spec.kdl";

/// The machines of the spec.
pub(super) const VMS: [&str; 4] = ["forum-vm-1", "forum-vm-2", "forum-vm-3", "forum-db-1"];

impl Stage {
    pub(super) fn new(programs: Programs) -> Result<Self> {
        let folder = root().join("target/demo");
        std::fs::create_dir_all(&folder)?;
        Ok(Self { programs, folder })
    }

    /// `target/demo/NAME`.
    pub(super) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Runs meshc on this machine.
    pub(super) fn meshc(&self, args: &[&str]) -> Result<String> {
        finish(Command::new(&self.programs.meshc).current_dir(root()).args(args))
    }

    /// Runs meshc as root, which the lab needs.
    pub(super) fn meshc_as_root(&self, args: &[&str]) -> Result<String> {
        finish(as_root(&self.programs.meshc).args(args))
    }

    /// Runs meshc where the operator sits: inside the lab's network, beside the machines.
    pub(super) fn meshc_in_lab(&self, args: &[&str]) -> Result<String> {
        let meshc = self.programs.meshc.display().to_string();
        let mut all = vec!["lab", "exec", SPEC, "--", meshc.as_str()];
        all.extend(args);
        self.meshc_as_root(&all)
    }

    /// Runs a shell line in a machine or a pod.
    pub(super) fn sh(&self, place: &str, script: &str) -> Result<String> {
        self.meshc_as_root(&["lab", "exec", SPEC, place, "--", "sh", "-c", script])
    }

    /// Logs in by SSH, as the operator does, and runs a shell line.
    pub(super) fn ssh(&self, machine: &str, script: &str) -> Result<String> {
        let config = self.ssh_config()?;
        let quick = ["-o", "ConnectTimeout=5", "-o", "BatchMode=yes"];
        let mut all = vec!["lab", "exec", SPEC, "--", "ssh", "-F", config.as_str()];
        all.extend(quick);
        all.extend([machine, script]);
        self.meshc_as_root(&all)
    }

    /// The SSH configuration that the lab wrote.
    pub(super) fn ssh_config(&self) -> Result<String> {
        let status: serde_json::Value =
            serde_json::from_str(&self.meshc_as_root(&["lab", "status", SPEC, "--format", "json"])?)?;
        let path = status["ssh_config"]
            .as_str()
            .context("`meshc lab status` names no ssh_config")?;
        Ok(path.to_owned())
    }

    /// The folder with the runtime's programs.
    pub(super) fn runtime(&self) -> String {
        self.programs.runtime.display().to_string()
    }

    /// Takes the lab down, if there is one.
    pub(super) fn down(&self) -> Result<()> {
        self.meshc_as_root(&["lab", "down", SPEC]).map(drop)
    }
}

/// Runs a command to its end; its standard output, or an error with all that it said.
fn finish(command: &mut Command) -> Result<String> {
    let shown = command
        .get_args()
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ");
    let done = output(command)?;
    let text = String::from_utf8_lossy(&done.stdout).trim_end().to_owned();
    if done.status.success() {
        return Ok(text);
    }
    let said = String::from_utf8_lossy(&done.stderr);
    bail!("`{shown}`: {}\n{text}\n{}", done.status, said.trim_end())
}
