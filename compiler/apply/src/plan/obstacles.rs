//! Why a machine cannot carry a release, found before anything is sent.

use crate::facts::Facts;
use crate::failure::Failure;
use crate::plan::Send;
use crate::release::Release;

/// Room that is left for logs and state beside the release.
const SLACK: u64 = 4 << 20;

/// Beyond this many seconds of difference, certificates may not be valid yet or any more.
const SKEW: i64 = 60;

/// The first obstacle, if there is one.
pub(super) fn check(release: &Release, facts: &Facts, send: &[Send]) -> Result<(), Failure> {
    tools(release, facts)?;
    resolver(release, facts)?;
    ports(release, facts)?;
    disk(release, facts, send)
}

fn tools(release: &Release, facts: &Facts) -> Result<(), Failure> {
    if !release.bundle.units.is_empty() && !facts.booted_systemd {
        return Err(Failure::new(
            "systemd",
            "the machine cannot run the release's units",
            "it was not started by systemd",
            "use a machine that systemd runs",
        ));
    }
    for tool in ["tar", "sha256sum"] {
        if !facts.has.contains(tool) {
            return Err(Failure::new(
                "tools",
                "the machine cannot receive a release",
                format!("it has no `{tool}`"),
                format!("install `{tool}` on it"),
            ));
        }
    }
    capture(release, facts)
}

/// A backend of the release is on the machine. Rules that hand packets over with TPROXY need routes too.
fn capture(release: &Release, facts: &Facts) -> Result<(), Failure> {
    let wanted = [
        ("/etc/meshd/capture.nft", "nft"),
        ("/etc/meshd/capture.v4.rules", "iptables"),
    ];
    let of_release = || wanted.iter().filter(|(file, _)| release.has_file(file));
    if of_release().next().is_some() && !of_release().any(|(_, tool)| facts.has.contains(*tool)) {
        let tools: Vec<_> = of_release().map(|(_, tool)| format!("`{tool}`")).collect();
        return Err(Failure::new(
            "netfilter",
            "the machine cannot capture traffic",
            format!("it has no {}", tools.join(" and no ")),
            "install nftables or iptables on it, or write another `capture backend=` in the spec",
        ));
    }
    Ok(())
}

fn resolver(release: &Release, facts: &Facts) -> Result<(), Failure> {
    if !release.has_file("/etc/systemd/resolved.conf.d/") || facts.active("systemd-resolved.service") {
        return Ok(());
    }
    Err(Failure::new(
        "resolver",
        "mesh names cannot be resolved the way the spec asks",
        "systemd-resolved is not active on the machine",
        "write `dns capture=\"packets\"` in the spec, or start systemd-resolved on the machine",
    ))
}

/// A port that something else has. What meshd and its sockets hold is ours when a release is in force.
fn ports(release: &Release, facts: &Facts) -> Result<(), Failure> {
    let ours = |program: &str| facts.release.is_some() && matches!(program, "meshd" | "systemd");
    let needs_ports = release
        .bundle
        .units
        .iter()
        .any(|unit| unit.name.starts_with("meshd"));
    match facts
        .listeners
        .iter()
        .find(|(_, program)| needs_ports && !ours(program))
    {
        None => Ok(()),
        Some((port, program)) => Err(Failure::new(
            "port",
            "a port of the mesh is taken",
            format!("`{program}` listens on {port}"),
            match program.as_str() {
                "envoy" | "pilot-agent" => {
                    "stop and disable Istio's own agent on the machine (`systemctl disable --now istio`)"
                        .to_owned()
                }
                _ => format!("let `{program}` use another port; the mesh needs {port}"),
            },
        )),
    }
}

/// The store gets what is sent, and the release's folder may be a second copy of everything.
fn disk(release: &Release, facts: &Facts, send: &[Send]) -> Result<(), Failure> {
    let Some(free) = facts.free else { return Ok(()) };
    let sent: u64 = send.iter().map(|blob| blob.size - blob.from).sum();
    let needed = sent + release.size() + SLACK;
    if free >= needed {
        return Ok(());
    }
    Err(disk_full(format!(
        "{} are needed and {} are free",
        mib(needed),
        mib(free)
    )))
}

/// There is no room.
pub(crate) fn disk_full(cause: String) -> Failure {
    Failure::new(
        "disk-full",
        "the release does not fit on the machine's disk",
        cause,
        "make room in the file system of /var/lib/meshd and run `meshc apply` again",
    )
}

fn mib(bytes: u64) -> String {
    format!("{}.{} MiB", bytes >> 20, ((bytes % (1 << 20)) * 10) >> 20)
}

pub(super) fn warnings(release: &Release, facts: &Facts, now: i64) -> Vec<String> {
    let mut warnings = Vec::new();
    let skew = facts.clock.map_or(0, |clock| clock - now);
    if skew.abs() > SKEW {
        let direction = if skew > 0 { "ahead" } else { "behind" };
        warnings.push(format!(
            "the machine's clock is {} s {direction}: certificates may be refused",
            skew.abs()
        ));
    }
    if release.has_file("/etc/systemd/resolved.conf.d/") && !facts.has.contains("stub") {
        warnings.push(
            "/etc/resolv.conf does not name 127.0.0.53: only programs that ask systemd-resolved through NSS see mesh names"
                .to_owned(),
        );
    }
    warnings
}
