//! What is looked at before anything is changed.

use std::fs;
use std::path::Path;

use super::bundle::Delivery;
use super::services;
use crate::capture;
use crate::failure::{Failure, OnPath};
use crate::layout::Layout;
use crate::report::Report;
use crate::systemd::Systemd;

/// Ports that meshd needs.
const PORTS: [u16; 6] = [15000, 15001, 15006, 15021, 15053, 15090];
/// Free bytes that must be left beside the release.
const SPARE: u64 = 4 << 20;
const SYSTEMD_SINCE: u32 = 232;

/// Looks whether the machine can take the release.
pub(crate) fn check(
    layout: &Layout,
    systemd: Systemd,
    delivery: &Delivery,
    report: &mut Report,
) -> Result<(), Failure> {
    let program = delivery.program()?;
    architecture(&program)?;
    for file in &delivery.bundle.files {
        delivery.bytes(file)?;
    }
    space(layout, &program, delivery)?;
    if systemd == Systemd::Live {
        systemd_is_new_enough()?;
        if services::needs_resolved(&delivery.bundle) && !services::has_resolved(systemd) {
            return Err(Failure::new(
                "send mesh names to meshd",
                "systemd-resolved does not run on this machine",
            )
            .remedy("install and start systemd-resolved, or write `dns capture=\"packets\"` in the spec"));
        }
        if layout.current().is_none() {
            ports_are_free()?;
        }
        let others = capture::foreign();
        if !others.is_empty() {
            return Err(Failure::new("capture traffic", format!("rules of another mesh are in the kernel: {}", others.join(", ")))
                .remedy("stop that agent and remove its rules, with Istio: `pilot-agent istio-iptables --cleanup-only`"));
        }
    }
    report.done("preflight", "architecture, files, disk, ports and rules are fine");
    Ok(())
}

/// The program is for this machine (ELF header, `e_machine`).
fn architecture(program: &Path) -> Result<(), Failure> {
    use std::io::Read as _;
    let mut header = [0; 20];
    let mut read = || fs::File::open(program)?.read_exact(&mut header);
    read().on("read", program)?;
    let machine = u16::from_le_bytes([header[18], header[19]]);
    let here = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
    if header.starts_with(b"\x7fELF") && machine == here {
        return Ok(());
    }
    Err(Failure::new(
        format!("run {}", program.display()),
        "it is not made for this machine's processor",
    )
    .remedy("ship the meshd of this machine's architecture (`uname -m`)"))
}

fn space(layout: &Layout, program: &Path, delivery: &Delivery) -> Result<(), Failure> {
    let home = layout.home();
    let Some(place) = home.ancestors().find(|place| place.is_dir()) else {
        return Ok(());
    };
    let about = nix::sys::statvfs::statvfs(place).on("look at the disk of", place)?;
    let free = about.blocks_available().saturating_mul(about.fragment_size());
    let files: u64 = delivery
        .bundle
        .files
        .iter()
        .filter_map(|file| Some(delivery.bytes(file).ok()?.len() as u64))
        .sum();
    // A program of the store gets a second name only.
    let stored = program.starts_with(layout.store());
    let program = fs::metadata(program).map_or(0, |about| if stored { 0 } else { about.len() });
    let needed = program + files + SPARE;
    if free >= needed {
        return Ok(());
    }
    Err(Failure::new(
        format!("lay out the release in {}", home.display()),
        format!("{} KiB are needed, {} KiB are free", needed >> 10, free >> 10),
    )
    .remedy("make space on that disk"))
}

fn systemd_is_new_enough() -> Result<(), Failure> {
    let text = crate::command::run("systemctl", &["--version"], None)?;
    let version = text
        .split_whitespace()
        .nth(1)
        .and_then(|version| version.parse::<u32>().ok());
    match version {
        Some(version) if version < SYSTEMD_SINCE => Err(Failure::new(
            "use systemd",
            format!("version {version} is too old"),
        )
        .remedy(format!("meshd needs systemd {SYSTEMD_SINCE} or newer"))),
        _ => Ok(()),
    }
}

/// Before the first release nobody may listen where meshd will.
fn ports_are_free() -> Result<(), Failure> {
    for table in [
        "/proc/net/tcp",
        "/proc/net/tcp6",
        "/proc/net/udp",
        "/proc/net/udp6",
    ] {
        let udp = table.contains("udp");
        let text = fs::read_to_string(table).unwrap_or_default();
        let taken = text.lines().skip(1).find_map(|line| port_in_use(line, udp));
        if let Some(port) = taken {
            return Err(
                Failure::new(format!("listen on port {port}"), "another process has it").remedy(format!(
                    "find it with `ss -lntup 'sport = :{port}'`; pilot-agent and Envoy use the same ports"
                )),
            );
        }
    }
    Ok(())
}

/// The port of ours that a line of `/proc/net/tcp` says somebody listens on.
fn port_in_use(line: &str, udp: bool) -> Option<u16> {
    let mut fields = line.split_whitespace().skip(1);
    let port = u16::from_str_radix(fields.next()?.rsplit(':').next()?, 16).ok()?;
    let state = fields.nth(1)?;
    // TCP_LISTEN is 0A; an unconnected UDP socket is 07.
    let listens = state == if udp { "07" } else { "0A" };
    (listens && PORTS.contains(&port) && (!udp || port == 15053)).then_some(port)
}

#[cfg(test)]
mod tests {
    use super::port_in_use;

    #[test]
    fn only_listeners_on_our_ports_count() {
        let line = |port: &str, state: &str| {
            format!("   0: 0100007F:{port} 00000000:0000 {state} 00000000:00000000 00:00")
        };
        assert_eq!(port_in_use(&line("3A9E", "0A"), false), Some(15006));
        assert_eq!(port_in_use(&line("3A9E", "01"), false), None);
        assert_eq!(port_in_use(&line("0016", "0A"), false), None);
        assert_eq!(port_in_use(&line("3ACD", "07"), true), Some(15053));
    }
}
