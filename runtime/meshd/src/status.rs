//! How meshd is, as it says itself and as its machine shows it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mesh_wire::Status;

use crate::install::Unconfirmed;
use crate::layout::Layout;
use crate::{capture, probe, sockets};

const PATIENCE: Duration = Duration::from_secs(2);

/// What the running process says; `None` when it does not answer.
pub(crate) fn of_process() -> Option<Status> {
    let admin = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), sockets::ADMIN);
    let (code, body) = probe::get(admin, "/status", "", PATIENCE).ok()?;
    if code == 200 {
        serde_json::from_str(&body).ok()
    } else {
        None
    }
}

/// The whole: the process, its releases, and its rules.
pub(crate) fn of_machine(layout: &Layout) -> Status {
    let process = if layout.is_live() { of_process() } else { None };
    let mut status = process.unwrap_or_else(|| Status {
        version: crate::run::VERSION.to_owned(),
        ..Status::default()
    });
    status.release = layout.current();
    let waiting = Unconfirmed::read(layout);
    status.unconfirmed = waiting.as_ref().map(Unconfirmed::seconds);
    status.previous = waiting
        .and_then(|waiting| waiting.back_to)
        .or_else(|| layout.previous());
    status.capture = if layout.is_live() {
        // The kernel shows its rules to root alone; to others it would look as if there were none.
        if nix::unistd::geteuid().is_root() {
            Some(capture::is_up())
        } else {
            capture::watch::are_in_place(layout)
        }
    } else {
        Some(false)
    };
    status
}

/// For people.
pub(crate) fn human(status: &Status) -> String {
    let digest = |digest: &Option<mesh_wire::Sha256>| {
        digest.as_ref().map_or("none", |digest| digest.short()).to_owned()
    };
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let mut rows = vec![
        ("version", status.version.clone()),
        ("release", digest(&status.release)),
        ("previous", digest(&status.previous)),
        ("running", yes(status.running)),
        (
            "ready",
            status
                .reason
                .as_ref()
                .map_or_else(|| yes(status.ready), |reason| format!("no: {reason}")),
        ),
        (
            "capture",
            status
                .capture
                .map_or_else(|| "unknown: ask with sudo".to_owned(), yes),
        ),
        ("snapshot", digest(&status.snapshot)),
    ];
    let refused = [&status.snapshot_error, &status.identity_error];
    rows.extend(
        refused
            .into_iter()
            .flatten()
            .map(|error| ("refused", error.clone())),
    );
    rows.extend(
        status
            .unconfirmed
            .map(|left| ("unconfirmed", format!("taken back in {left} s"))),
    );
    rows.extend(status.spiffe.clone().map(|spiffe| ("identity", spiffe)));
    rows.extend(
        status
            .certificate_seconds
            .map(|left| ("certificate", certificate(left))),
    );
    rows.extend(
        status
            .memory
            .map(|bytes| ("memory", format!("{:.1} MiB", bytes as f64 / 1_048_576.0))),
    );
    rows.extend(status.uptime.map(|seconds| ("uptime", format!("{seconds} s"))));
    rows.iter()
        .map(|(name, value)| format!("{name:<12} {value}\n"))
        .collect()
}

fn certificate(left: i64) -> String {
    match left {
        ..0 => "has ended: issue a new one and apply it".to_owned(),
        0..172_800 => format!("ends in {} h", left / 3600),
        _ => format!("ends in {} days", left / 86_400),
    }
}

/// Resident memory of this process.
pub(crate) fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
