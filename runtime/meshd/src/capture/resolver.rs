//! systemd-resolved, while meshd is away.
//!
//! The bundle's drop-in sends names to meshd, in place of the servers that `resolved.conf` names. When the rules go because
//! meshd cannot be started, a drop-in of `/run` takes that back, so that a machine without the mesh still has its
//! DNS; it is gone with the next `capture up`, and with the next start of the machine.

use std::fs;

use mesh_proxy::dns::Machine;

use crate::failure::{Failure, OnPath};
use crate::layout::Layout;
use crate::systemd::Systemd;

const OURS: &str = "/etc/systemd/resolved.conf.d/50-meshd.conf";
/// Read after ours: drop-ins are sorted by their names, wherever they lie.
const TAKEN_BACK: &str = "/run/systemd/resolved.conf.d/51-meshd-away.conf";
const RESOLVED: &str = "systemd-resolved.service";

/// From now on systemd-resolved asks meshd again.
pub(crate) fn hand_over(layout: &Layout) -> Result<(), Failure> {
    if layout.at(TAKEN_BACK).exists() {
        forget(layout)?;
        restart(layout);
    }
    Ok(())
}

/// From now on systemd-resolved asks the machine's own servers for everything.
pub(crate) fn take_back(layout: &Layout) -> Result<(), Failure> {
    let ends = Systemd::Live.state_of_system() == "stopping";
    if !layout.is_live() || !layout.at(OURS).exists() || ends {
        return Ok(());
    }
    let servers = Machine::new(layout.at("/"), Vec::new()).resolved_servers();
    let text = format!(
        "# meshd is away.\n[Resolve]\nDNS=\nDNS={}\nDomains=\n",
        servers.join(" ")
    );
    let path = layout.at(TAKEN_BACK);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).on("make", folder)?;
    }
    fs::write(&path, text).on("write", &path)?;
    restart(layout);
    Ok(())
}

/// Removes what [`take_back`] wrote, without telling systemd-resolved.
pub(crate) fn forget(layout: &Layout) -> Result<(), Failure> {
    let path = layout.at(TAKEN_BACK);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).on("remove", &path),
        _ => {}
    }
    // Others may have drop-ins there too; then it stays.
    if let Some(folder) = path.parent() {
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

fn restart(layout: &Layout) {
    if layout.is_live() {
        Systemd::Live.try_call("try-restart", &[RESOLVED]);
    }
}
