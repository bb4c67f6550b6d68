//! Everything that can go wrong with a machine has a name, and leaves the machine as it was.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    unreachable_pub,
    reason = "helpers of tests"
)]

mod common;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{Machine, Sshd, sshd};
use mesh_apply::deploy::{self, Done};
use mesh_apply::failure::Failure;
use mesh_apply::fleet::{self, Outcome};
use mesh_apply::host::{Host, Login};
use mesh_apply::plan::Send;
use mesh_apply::progress::Silent;
use mesh_apply::transfer;
use mesh_wire::bundle::Ssh as Wanted;

/// The failure of an apply that must leave no trace.
fn fails(machine: &Machine, login: &dyn Login) -> Failure {
    let failure = machine.apply(login).0.unwrap_err();
    assert!(
        !machine.home("current").exists() && !machine.root("etc").exists(),
        "{failure}"
    );
    let shown = format!("{failure:?}");
    assert!(!shown.contains("SECRET-KEY"), "{shown}");
    failure
}

#[test]
fn a_host_that_is_down_refuses_or_is_silent_or_unknown() {
    if !sshd::available() {
        return;
    }
    let (server, machine) = (Sshd::start(""), Machine::new());
    assert_eq!(
        fails(&machine, &sshd::login(server.operator(""), sshd::free_port())).code,
        "refused"
    );
    // It takes connections, but never says a word.
    let mute = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut operator = server.operator("");
    operator.timeout = Duration::from_millis(300);
    assert_eq!(
        fails(
            &machine,
            &sshd::login(operator, mute.local_addr().unwrap().port())
        )
        .code,
        "timeout"
    );
    let unknown = server.login("Host vm\n HostName no-such-name.invalid\n");
    assert_eq!(fails(&machine, &unknown).code, "name-unknown");
}

#[test]
fn an_unknown_host_key_is_shown_and_a_changed_one_is_refused_always() {
    if !sshd::available() {
        return;
    }
    let (server, machine) = (Sshd::start(""), Machine::new());
    let empty = server.path("empty");
    let unknown = server.login(&format!("Host *\nUserKnownHostsFile {}\n", empty.display()));
    let failure = fails(&machine, &unknown);
    let fingerprint = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(server.path("host_ed25519.pub"))
        .output()
        .unwrap();
    let fingerprint = String::from_utf8(fingerprint.stdout).unwrap();
    assert_eq!(failure.code, "host-key-unknown");
    assert!(
        failure.cause.contains(fingerprint.split(' ').nth(1).unwrap()),
        "{failure}"
    );
    assert!(failure.what.contains("127.0.0.1") && failure.remedy.contains("--accept-new-host-keys"));

    let mut operator = server.operator(&format!("Host *\nUserKnownHostsFile {}\n", empty.display()));
    operator.accept_new = true;
    assert!(
        sshd::login(operator, server.port).login().is_ok(),
        "a new key may be accepted"
    );
    assert!(unknown.login().is_ok(), "and is remembered");

    let text = fs::read_to_string(&empty).unwrap();
    let other = fs::read_to_string(server.path("client.pub")).unwrap();
    let name = text.split(' ').next().unwrap();
    fs::write(&empty, format!("{name} {other}")).unwrap();
    let mut operator = server.operator(&format!("Host *\nUserKnownHostsFile {}\n", empty.display()));
    operator.accept_new = true;
    let failure = fails(&machine, &sshd::login(operator, server.port));
    assert_eq!(failure.code, "host-key-changed");
    assert!(failure.remedy.contains("ssh-keygen -f"), "{failure:?}");
}

#[test]
fn a_host_that_is_known_by_its_other_key_shows_that_one() {
    if !sshd::available() {
        return;
    }
    let server = Sshd::start("");
    let known = server.known_hosts("ecdsa", server.port);
    let login = server.login(&format!("Host *\nUserKnownHostsFile {}\n", known.display()));
    assert!(login.login().is_ok());
}

#[test]
fn a_key_that_is_not_accepted_and_one_with_a_passphrase_are_named() {
    if !sshd::available() {
        return;
    }
    let (server, machine) = (Sshd::start(""), Machine::new());
    let other = server.path("other");
    sshd::keygen("ecdsa", &other);
    let mut operator = server.operator("");
    operator.config = mesh_apply::ssh_config::Config::of_text(&format!(
        "IdentityFile {}\nUserKnownHostsFile {}\n",
        other.display(),
        server.known_hosts("ed25519", server.port).display()
    ))
    .unwrap();
    let failure = fails(&machine, &sshd::login(operator.clone(), server.port));
    assert_eq!(failure.code, "auth");
    assert!(failure.cause.contains("/other"), "{failure}");
    let status = Command::new("ssh-keygen")
        .args(["-q", "-p", "-P", "", "-N", "secret", "-f"])
        .arg(&other)
        .status();
    assert!(status.unwrap().success());
    let failure = fails(&machine, &sshd::login(operator, server.port));
    assert!(
        failure.cause.contains("passphrase") && failure.cause.contains("ssh-add"),
        "{failure}"
    );
}

#[test]
fn a_login_without_the_right_to_act_as_root_is_told_so() {
    if !sshd::available() {
        return;
    }
    // Whoever logs in becomes uid 65534 before anything else.
    let (server, machine) = (
        Sshd::start(
            "ForceCommand exec setpriv --reuid 65534 --regid 65534 --clear-groups sh -c \"$SSH_ORIGINAL_COMMAND\"",
        ),
        Machine::new(),
    );
    let failure = fails(&machine, &server.login(""));
    assert_eq!(failure.code, "sudo");
    assert!(failure.remedy.contains("NOPASSWD"), "{failure:?}");
}

#[test]
fn a_runtime_for_another_machine_is_not_sent() {
    if !sshd::available() {
        return;
    }
    let (server, machine) = (Sshd::start(""), Machine::new());
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
    elf.resize(18, 0);
    // EM_S390, which no machine of a developer is.
    elf.extend([22, 0]);
    machine.put_runtime(&elf);
    let failure = fails(&machine, &server.login(""));
    assert_eq!(failure.code, "architecture");
    assert!(
        failure.cause.contains("there is a runtime for s390x"),
        "{failure}"
    );
    assert!(!machine.home("").exists());
}

/// A file system of its own, small, for as long as this value lives.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn mount(at: &'a Path, size: &str) -> Self {
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "meshc-test"])
            .arg(at)
            .status();
        assert!(status.unwrap().success());
        Self(at)
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_is_seen_before_and_during_the_transfer() {
    if !sshd::available() {
        return;
    }
    let (server, machine) = (Sshd::start(""), Machine::new());
    let folder = machine.folder.path().join("var/lib");
    let _small = Small::mount(&folder, "6m");
    let login = server.login("");
    let failure = fails(&machine, &login);
    assert_eq!(failure.code, "disk-full");
    assert!(failure.cause.contains("are needed"), "{failure}");

    // Somebody else fills the disk after we have looked.
    let release = machine.releases().remove(0);
    let all: Vec<_> = release
        .blobs
        .iter()
        .map(|(sha256, blob)| Send {
            sha256: sha256.clone(),
            from: 0,
            size: blob.size,
        })
        .collect();
    let mut host = login.login().unwrap();
    let manner = &machine.manner;
    let failure = transfer::send(
        host.as_mut(),
        &manner.layout,
        &release,
        &all,
        manner.silence,
        &mut |_| {},
    )
    .unwrap_err();
    assert_eq!(failure.code, "disk-full");
    assert!(failure.cause.contains("ran full"), "{failure}");
    assert!(!machine.home("").exists(), "the machine is as it was");
}

#[test]
fn a_gate_that_fails_is_passed_on_and_the_last_release_stays() {
    if !sshd::available() {
        return;
    }
    let (server, machine) = (Sshd::start(""), Machine::new());
    let login = server.login("");
    fs::create_dir_all(machine.root("")).unwrap();
    fs::write(machine.root("gate-fails"), "").unwrap();
    let failure = fails(&machine, &login);
    assert_eq!(
        (failure.code, failure.cause.as_str()),
        ("install", "check ready: it answers 503")
    );
    assert_eq!(failure.remedy, "look at the application");
    assert!(
        !machine.home("").exists(),
        "a first release that failed leaves nothing"
    );

    fs::remove_file(machine.root("gate-fails")).unwrap();
    machine.apply(&login).0.unwrap();
    let before = fs::read_link(machine.home("current")).unwrap();
    fs::write(machine.root("gate-fails"), "").unwrap();
    machine.build("two\n");
    assert_eq!(machine.apply(&login).0.unwrap_err().code, "install");
    assert_eq!(fs::read_link(machine.home("current")).unwrap(), before);
    assert!(!machine.home("incoming").exists());
}

/// Logs in once, then never again: as if the release had locked the operator out.
struct Once<L>(L, AtomicBool);

impl<L: Login> Login for Once<L> {
    fn login(&self) -> Result<Box<dyn Host>, Failure> {
        if self.1.swap(true, Ordering::SeqCst) {
            return Err(Failure::new(
                "timeout",
                "cannot connect",
                "it does not answer",
                "is it up?",
            ));
        }
        self.0.login()
    }
}

#[test]
fn without_a_second_login_the_release_is_taken_back() {
    if !sshd::available() {
        return;
    }
    let (server, machine) = (Sshd::start(""), Machine::new());
    let failure = fails(&machine, &Once(server.login(""), AtomicBool::new(false)));
    assert_eq!(failure.code, "confirm");
    assert!(failure.cause.contains("taken back at once"), "{failure}");
    assert!(!machine.home("").exists());
}

#[test]
fn a_session_that_the_switch_cut_off_is_replaced_by_a_fresh_one() {
    if !sshd::available() {
        return;
    }
    let (server, mut machine) = (Sshd::start(""), Machine::new());
    machine.manner.confirm = Duration::from_secs(4);
    fs::create_dir_all(machine.root("")).unwrap();
    fs::write(machine.root("cut-off"), "").unwrap();
    assert_eq!(machine.apply(&server.login("")).0, Ok(Done::Applied));
    assert!(machine.home("confirmed").exists());
}

#[test]
fn one_host_fails_and_the_other_goes_on() {
    if !sshd::available() {
        return;
    }
    let (server, good, bad) = (Sshd::start(""), Machine::new(), Machine::new());
    let (up, down) = (
        server.login(""),
        sshd::login(server.operator(""), sshd::free_port()),
    );
    let jobs = [("bad", &bad, &down), ("good", &good, &up)];
    let endings = fleet::run(
        &jobs,
        |job| job.0,
        fleet::Options::default(),
        &Silent,
        |job, tell| deploy::deploy(job.2, "root", &job.1.releases(), &job.1.manner, tell),
    );
    assert!(matches!(&endings[0].result, Outcome::Failed { error } if error.code == "refused"));
    assert_eq!(
        endings[1].result,
        Outcome::Done {
            result: Done::Applied
        }
    );
}

#[test]
fn two_operators_do_not_send_at_once() {
    if !sshd::available() {
        return;
    }
    let (server, machine) = (Sshd::start(""), Machine::new());
    let parts = machine.home("incoming/parts");
    fs::create_dir_all(&parts).unwrap();
    let held = nix::fcntl::Flock::lock(
        fs::File::open(&parts).unwrap(),
        nix::fcntl::FlockArg::LockExclusiveNonblock,
    );
    let failure = fails(&machine, &server.login(""));
    assert_eq!(failure.code, "locked");
    drop(held);
    assert_eq!(machine.apply(&server.login("")).0, Ok(Done::Applied));
}

#[test]
fn differences_are_shown_but_never_those_of_secrets() {
    if !sshd::available() {
        return;
    }
    let (server, mut machine) = (Sshd::start(""), Machine::new());
    let login = server.login("");
    machine.apply(&login).0.unwrap();
    machine.manner.texts = true;
    machine.manner.dry_run = true;
    machine.build_with("two\n", "OTHER-SECRET\n");
    let (result, plan) = machine.apply(&login);
    let shown = mesh_apply::progress::plain::plan_lines(&plan.unwrap(), true).join("\n");
    assert_eq!(result, Ok(Done::Planned));
    assert!(
        shown.contains("-one") && shown.contains("+two") && shown.contains("key.pem (secret)"),
        "{shown}"
    );
    assert!(
        !shown.contains("SECRET-KEY") && !shown.contains("OTHER-SECRET"),
        "{shown}"
    );
    assert_eq!(
        fs::read_to_string(machine.root("etc/meshd/names.json")).unwrap(),
        "one\n",
        "a dry run changes nothing"
    );
}

#[test]
fn a_port_that_is_no_number_is_refused_before_anything_is_done() {
    let operator = mesh_apply::host::ssh::Operator {
        home: "/nowhere".into(),
        user: "me".to_owned(),
        agent: None,
        config: mesh_apply::ssh_config::Config::of_text("Port ssh\n").unwrap(),
        accept_new: false,
        timeout: Duration::from_secs(1),
    };
    let wanted = Wanted {
        host: "vm".to_owned(),
        ..Wanted::default()
    };
    assert!(mesh_apply::host::ssh::Ssh::new(operator.into(), "vm", &wanted).is_err());
}
