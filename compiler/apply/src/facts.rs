//! What a machine is and has, asked in one command.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mesh_wire::{Bundle, Sha256};
use serde::Serialize;

use crate::failure::Failure;
use crate::host::{Command, Host, sudo_refused};
use crate::layout::Layout;
use crate::release::Release;
use crate::shell;

const SCRIPT: &str = include_str!("scripts/facts.sh");

/// The ports of the mesh's data plane, as Istio's.
pub const PORTS: [u16; 6] = [15000, 15001, 15006, 15021, 15053, 15090];

/// What a machine is and has. Where nothing is to be done, only the first part was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Facts {
    /// `uname -m`.
    pub arch: String,
    /// The release in force.
    pub release: Option<Sha256>,
    /// That release goes away by itself unless it is confirmed.
    pub unconfirmed: bool,
    /// systemd runs the machine.
    pub booted_systemd: bool,
    /// Units and their states.
    pub units: BTreeMap<String, String>,
    /// Files of the release in force that are not as it says.
    pub drift: Vec<String>,
    /// Nothing was asked beyond what is above.
    pub short: bool,
    /// `uname -r`.
    pub kernel: String,
    /// systemd's version.
    pub systemd: Option<u32>,
    /// Programs and properties that it has: `nft`, `iptables`, `tar`, `sha256sum`, `stub`.
    pub has: BTreeSet<String>,
    /// Seconds since 1970 on its clock.
    pub clock: Option<i64>,
    /// Free bytes where meshd lives.
    pub free: Option<u64>,
    /// Which of the release's blobs its store has.
    pub blobs: BTreeSet<Sha256>,
    /// Blobs of which an earlier transfer left a beginning, with its length.
    pub parts: BTreeMap<Sha256, u64>,
    /// Who listens on the mesh's ports: port and program.
    pub listeners: Vec<(u16, String)>,
    /// The bundle in force.
    #[serde(skip)]
    pub bundle: Option<Bundle>,
}

/// How the machine is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Where meshd lives.
    pub layout: &'a Layout,
    /// The releases that would be right: one for each kind of machine that there is a runtime for.
    pub candidates: &'a [Release],
    /// Everything is asked even where nothing is to be done.
    pub full: bool,
    /// Whom it logs in as, for messages.
    pub user: &'a str,
    /// How long nothing may be heard.
    pub silence: Duration,
}

/// Asks `host` everything that [`plan`](crate::plan) needs.
///
/// # Errors
/// When the machine cannot be asked, or does not let us act as root.
pub fn gather(host: &mut dyn Host, question: &Question<'_>) -> Result<Facts, Failure> {
    let what = "cannot look at the machine";
    let script = script(question);
    let output = host
        .run(&Command::root_stdin(question.silence), &mut script.as_bytes())
        .map_err(|error| error.failure(what))?;
    if let Some(refusal) = sudo_refused(&output, question.user) {
        return Err(refusal);
    }
    parse(&output.text()).ok_or_else(|| {
        let remedy = "the login must reach a POSIX shell that prints nothing of its own on standard output";
        Failure::new("facts", what, output.complaint(), remedy)
    })
}

fn script(question: &Question<'_>) -> String {
    let words = |all: BTreeSet<String>| all.into_iter().collect::<Vec<_>>().join(" ");
    let each =
        |of: &dyn Fn(&Release) -> Vec<String>| words(question.candidates.iter().flat_map(of).collect());
    let ports = PORTS.map(|port| port.to_string()).join("|");
    let values = [
        ("home", question.layout.home.clone()),
        ("prefix", question.layout.prefix.clone()),
        ("releases", each(&|release| vec![release.id.to_string()])),
        (
            "units",
            each(&|release| release.units().into_iter().map(str::to_owned).collect()),
        ),
        (
            "paths",
            each(&|release| {
                release
                    .bundle
                    .files
                    .iter()
                    .map(|file| file.path.clone())
                    .collect()
            }),
        ),
        ("sums", sums(question.candidates)),
        (
            "blobs",
            each(&|release| release.blobs.keys().map(Sha256::to_string).collect()),
        ),
        ("ports", ports),
        ("full", if question.full { "yes" } else { "no" }.to_owned()),
    ];
    shell::script(&values, SCRIPT)
}

/// What `sha256sum -c` reads: the files as they lie in a release, with their digests.
fn sums(candidates: &[Release]) -> String {
    let files = candidates.iter().flat_map(|release| &release.bundle.files);
    let lines: BTreeSet<String> = files
        .map(|file| format!("{}  .{}\n", file.sha256, file.path))
        .collect();
    lines.into_iter().collect()
}

/// Reads the answer; `None` when it does not have both of its ends.
fn parse(text: &str) -> Option<Facts> {
    let (_, text) = text.split_once("meshc facts\n")?;
    let body = text.trim_end().strip_suffix("end")?;
    let (lines, bundle) = match body.split_once("\nbundle\n") {
        Some((lines, bundle)) => (lines, serde_json::from_str(bundle).ok()),
        None => (body, None),
    };
    let mut facts = Facts {
        bundle,
        short: true,
        ..Facts::default()
    };
    for line in lines.lines() {
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        take(&mut facts, key, value);
    }
    Some(facts)
}

fn take(facts: &mut Facts, key: &str, value: &str) {
    let digest = |text: &str| Sha256::try_from(text.to_owned()).ok();
    match key {
        "arch" => value.clone_into(&mut facts.arch),
        "release" => facts.release = digest(value),
        "unconfirmed" => facts.unconfirmed = true,
        "booted" => facts.booted_systemd = value == "systemd",
        "unit" => {
            if let Some((name, state)) = value.split_once(' ') {
                facts.units.insert(name.to_owned(), state.to_owned());
            }
        }
        "drift" => facts.drift.push(value.to_owned()),
        "kernel" => {
            facts.short = false;
            value.clone_into(&mut facts.kernel);
        }
        "systemd" => facts.systemd = value.parse().ok(),
        "has" => {
            facts.has.insert(value.to_owned());
        }
        "clock" => facts.clock = value.parse().ok(),
        "free" => facts.free = value.parse::<u64>().ok().map(|kib| kib.saturating_mul(1024)),
        "blob" => facts.blobs.extend(digest(value)),
        "part" => {
            if let Some((name, size)) = value.split_once(' ')
                && let (Some(name), Ok(size)) = (digest(name), size.parse())
            {
                facts.parts.insert(name, size);
            }
        }
        "listen" => facts.listeners.extend(listener(value)),
        // A fact that a newer script tells is not for us.
        _ => {}
    }
}

/// A line of `ss -H -lntup`: netid, state, two queues, local address, peer, `users:(("name",pid=1,fd=2))`.
fn listener(line: &str) -> Option<(u16, String)> {
    let mut columns = line.split_whitespace();
    let local = columns.nth(4)?;
    let port = local.rsplit_once(':')?.1.parse().ok()?;
    let users = columns.nth(1).unwrap_or_default();
    let program = users.split('"').nth(1).unwrap_or("another process").to_owned();
    Some((port, program))
}

impl Facts {
    /// The unit is active.
    pub fn active(&self, unit: &str) -> bool {
        self.units.get(unit).is_some_and(|state| state == "active")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_with_the_noise_of_a_login_before_it() {
        let digest = "a".repeat(64);
        let text = format!(
            "Welcome!\nmeshc facts\nrelease none\nunit meshd.service inactive\narch x86_64\nkernel 6.1\nfree 2048\n\
             has nft\nblob {digest}\nlisten tcp LISTEN 0 128 127.0.0.1:15001 0.0.0.0:* users:((\"envoy\",pid=7,fd=3))\nend\n"
        );
        let facts = parse(&text).unwrap();
        assert_eq!(
            (facts.arch.as_str(), facts.release.clone(), facts.free),
            ("x86_64", None, Some(2 << 20))
        );
        assert_eq!(facts.listeners, [(15001, "envoy".to_owned())]);
        assert!(facts.blobs.len() == 1 && !facts.short && !facts.active("meshd.service"));
    }

    #[test]
    fn half_an_answer_is_none() {
        assert_eq!(parse("meshc facts\narch x86_64\n"), None);
        assert_eq!(parse("sh: not found"), None);
    }
}
