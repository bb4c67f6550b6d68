//! The health gate: what must hold before a release counts as in force.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use mesh_wire::bundle::{Check, Probe, ProbeAction};

use super::stage::Release;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::report::Report;
use crate::snapshot;
use crate::systemd::Systemd;
use crate::{command, probe, status};

/// How long the whole gate may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// A snapshot that is refused for so long stays refused: the process has read the new files by then.
const REFUSAL: Duration = Duration::from_secs(3);
/// How long one answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
const READY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 15021);
const DNS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 15053);

/// What one look said.
enum Look {
    Holds(String),
    /// Not yet; what is missing.
    NotYet(String),
    /// It will never hold.
    Never(String),
}

/// Waits until all checks of the release hold, at most until the deadline.
pub(crate) fn pass(
    layout: &Layout,
    systemd: Systemd,
    release: &Release,
    report: &mut Report,
) -> Result<(), Failure> {
    if systemd == Systemd::Image {
        return Ok(());
    }
    let deadline = Instant::now() + DEADLINE;
    for check in &release.bundle.checks {
        let (name, detail) = wait(layout, systemd, check, deadline);
        match detail {
            Ok(detail) => report.done(name, detail),
            Err(detail) => {
                report.failed(name, &detail);
                report.failed("log", last_words());
                let remedy = match check {
                    Check::Probe(_) => "start the application, or correct its `health` in the spec",
                    _ => "see `journalctl -u meshd` on the machine",
                };
                return Err(Failure::new(format!("pass the check `{name}`"), detail).remedy(remedy));
            }
        }
    }
    Ok(())
}

/// What meshd logged last: after a first installation that is taken back people would look for it in vain.
fn last_words() -> String {
    let lines = command::output(
        "journalctl",
        &["-u", "meshd", "-n", "3", "-o", "cat", "--no-pager"],
        None,
    );
    lines
        .map(|output| output.stdout.trim().replace('\n', " | "))
        .unwrap_or_default()
}

fn wait(
    layout: &Layout,
    systemd: Systemd,
    check: &Check,
    deadline: Instant,
) -> (&'static str, Result<String, String>) {
    let (name, look): (_, Box<dyn Fn() -> Look + '_>) = match check {
        Check::UnitActive(unit) => ("unit", Box::new(move || unit_is_active(systemd, unit))),
        Check::Ready => {
            let begin = Instant::now();
            (
                "ready",
                Box::new(move || is_ready(layout, begin.elapsed() >= REFUSAL)),
            )
        }
        Check::Name(host) => ("name", Box::new(|| is_answered(host))),
        Check::Probe(probe) => ("probe", Box::new(|| app_answers(probe))),
    };
    loop {
        match look() {
            Look::Holds(detail) => return (name, Ok(detail)),
            Look::Never(detail) => return (name, Err(detail)),
            Look::NotYet(detail) if Instant::now() >= deadline => return (name, Err(detail)),
            Look::NotYet(_) => std::thread::sleep(PAUSE),
        }
    }
}

fn unit_is_active(systemd: Systemd, unit: &str) -> Look {
    match systemd.state(unit).as_str() {
        "active" => Look::Holds(format!("{unit} is active")),
        "failed" => Look::Never(format!("{unit} failed; see `journalctl -u {unit}`")),
        state => Look::NotYet(format!("{unit} is {state}")),
    }
}

/// Ready, and that with the snapshot of this release: the process before the switch was ready too.
fn is_ready(layout: &Layout, refusal_counts: bool) -> Look {
    let wanted = snapshot::digest(&snapshot::Paths::of(layout));
    let Some(status) = status::of_process() else {
        return Look::NotYet("meshd does not answer on 15000".to_owned());
    };
    if wanted.is_none() || status.snapshot != wanted {
        return match status.snapshot_error {
            Some(error) if refusal_counts => Look::Never(format!("meshd refuses the snapshot: {error}")),
            Some(error) => Look::NotYet(format!("meshd refuses the snapshot: {error}")),
            None => Look::NotYet("meshd has not taken over the snapshot yet".to_owned()),
        };
    }
    match probe::get(READY, "/healthz/ready", "", PATIENCE) {
        Ok((200, _)) => Look::Holds("15021 says ready, with this snapshot".to_owned()),
        Ok((code, body)) => Look::NotYet(format!("15021 answers {code}: {}", body.trim())),
        Err(error) => Look::NotYet(format!("15021 does not answer: {error}")),
    }
}

fn is_answered(host: &str) -> Look {
    match probe::resolve(DNS, host, PATIENCE) {
        Ok(0) => Look::NotYet(format!("15053 has no address for {host}")),
        Ok(count) => Look::Holds(format!("{host} has {count} address(es)")),
        Err(error) => Look::NotYet(error),
    }
}

fn app_answers(app: &Probe) -> Look {
    let patience = Duration::from_secs(u64::from(app.timeout.max(1)));
    let local = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    match &app.action {
        ProbeAction::Tcp { port } => match TcpStream::connect_timeout(&local(*port), patience) {
            Ok(_) => Look::Holds(format!("the application takes connections on {port}")),
            Err(error) => Look::NotYet(format!("the application on {port}: {error}")),
        },
        ProbeAction::Http { port, path, headers } => {
            let headers: String = headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}\r\n"))
                .collect();
            match probe::get(local(*port), path, &headers, patience) {
                Ok((code @ 200..=399, _)) => {
                    Look::Holds(format!("the application answers {code} on {port}{path}"))
                }
                Ok((code, _)) => Look::NotYet(format!("the application answers {code} on {port}{path}")),
                Err(error) => Look::NotYet(format!("the application on {port}: {error}")),
            }
        }
        ProbeAction::Exec { command } => run(command),
    }
}

fn run(line: &[String]) -> Look {
    let Some((program, arguments)) = line.split_first() else {
        return Look::Never("the probe has no command".to_owned());
    };
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match command::output(program, &arguments, None) {
        Some(output) if output.ok => Look::Holds(format!("`{program}` ends with 0")),
        Some(_) => Look::NotYet(format!("`{program}` does not end with 0")),
        None if Path::new(program).exists() => Look::NotYet(format!("`{program}` cannot be run")),
        None => Look::Never(format!("`{program}` is missing")),
    }
}
