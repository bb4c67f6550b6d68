//! From the spec onto the machines, and off them again.

use anyhow::{Context, Result, ensure};

use crate::demo::footprint;
use crate::demo::stage::{SPEC, Stage, VMS};

/// An offline CA, certificates for all workloads, and the whole output.
pub(crate) fn build(stage: &Stage) -> Result<String> {
    let (ca, out) = (stage.path("ca"), stage.path("out"));
    for folder in [&ca, &out] {
        if std::path::Path::new(folder).exists() {
            std::fs::remove_dir_all(folder)?;
        }
    }
    stage.meshc(&["ca", "init", &ca])?;
    stage.meshc(&["ca", "cluster", &ca, "forum-cluster"])?;
    let pods = [
        "--workload",
        "istioinaction/webapp",
        "--workload",
        "istioinaction/intruder",
    ];
    stage.meshc(&[&["ca", "issue", &ca, SPEC][..], &pods].concat())?;
    stage.meshc(&["build", SPEC, "-o", &out, "--identity", &ca])?;
    let text = std::fs::read_to_string(std::path::Path::new(&out).join("build.json"))?;
    let build: serde_json::Value = serde_json::from_str(&text)?;
    let files = build["files"].as_array().context("build.json lists no files")?;
    Ok(format!("{} files from {SPEC}", files.len()))
}

/// Machines that answer SSH, pods with Envoy beside them, and the gateway.
pub(crate) fn boot(stage: &Stage) -> Result<String> {
    stage.meshc_as_root(&["lab", "up", SPEC, "--identity", &stage.path("ca")])?;
    for vm in VMS {
        stage.ssh(vm, "true")?;
        std::fs::write(stage.path(&format!("{vm}.before")), footprint::take(stage, vm)?)?;
    }
    Ok(format!("{} machines answer SSH", VMS.len()))
}

pub(crate) fn apply(stage: &Stage) -> Result<String> {
    ship(stage)?;
    for vm in VMS {
        let status: serde_json::Value =
            serde_json::from_str(&stage.ssh(vm, "sudo meshd status --format json")?)?;
        ensure!(
            status["ready"] == true && status["capture"] == true,
            "{vm} is not ready: {status}"
        );
        ensure!(status["unconfirmed"].is_null(), "{vm} waits for its confirmation");
    }
    Ok(format!("{} machines are in the mesh", VMS.len()))
}

/// The second time there is nothing to do, and meshc says so.
pub(crate) fn apply_again(stage: &Stage) -> Result<String> {
    let before = pids(stage)?;
    let said = ship(stage)?;
    ensure!(
        pids(stage)? == before,
        "meshd was restarted although nothing changed"
    );
    for vm in VMS {
        let mut lines = said.lines().filter(|line| line.contains(vm));
        ensure!(
            lines.any(|line| line.contains("unchanged")),
            "{vm} is not said to be unchanged:\n{said}"
        );
    }
    Ok(format!("{} machines, nothing to do", VMS.len()))
}

fn ship(stage: &Stage) -> Result<String> {
    let (out, config, runtime) = (stage.path("out"), stage.ssh_config()?, stage.runtime());
    stage.meshc_in_lab(&["apply", &out, "--ssh", "-F", &config, "--runtime", &runtime])
}

fn pids(stage: &Stage) -> Result<Vec<String>> {
    VMS.iter()
        .map(|vm| stage.sh(vm, "systemctl show --property MainPID meshd.service"))
        .collect()
}

/// Every machine is as it was before the first apply.
pub(crate) fn remove(stage: &Stage) -> Result<String> {
    let (out, config) = (stage.path("out"), stage.ssh_config()?);
    stage.meshc_in_lab(&["remove", &out, "--ssh", "-F", &config])?;
    for vm in VMS {
        let before = std::fs::read_to_string(stage.path(&format!("{vm}.before")))?;
        let after = footprint::take(stage, vm)?;
        std::fs::write(stage.path(&format!("{vm}.after")), &after)?;
        footprint::compare(before.trim_end(), after.trim_end()).with_context(|| vm.to_owned())?;
    }
    Ok("files, users, rules, units and resolver as before".to_owned())
}
