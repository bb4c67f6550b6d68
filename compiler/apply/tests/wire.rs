//! The line itself: broken in the middle, through jump hosts, with an agent, through a command.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    unreachable_pub,
    reason = "helpers of tests"
)]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::machine::PROGRAM;
use common::{Machine, Sshd, sshd};
use mesh_apply::deploy::Done;
use mesh_apply::host::Login;
use mesh_apply::host::ssh::Ssh;
use mesh_apply::layout::Layout;
use mesh_apply::remove::{self, Removed};
use mesh_wire::bundle::Ssh as Wanted;

/// A port that leads to `to`, and breaks after `limit` bytes.
fn frayed(to: u16, limit: usize) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (near, _) = listener.accept().unwrap();
        let far = TcpStream::connect(("127.0.0.1", to)).unwrap();
        let (mut answers, mut back) = (far.try_clone().unwrap(), near.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut answers, &mut back));
        let _ = std::io::copy(&mut (&near).take(limit as u64), &mut &far);
        let _ = near.shutdown(Shutdown::Both);
        let _ = far.shutdown(Shutdown::Both);
    });
    port
}

#[test]
fn a_transfer_that_breaks_is_continued_where_it_broke() {
    if !sshd::available() {
        return;
    }
    let (server, machine) = (Sshd::start(""), Machine::new());
    let port = frayed(server.port, PROGRAM / 2);
    let known = server.known_hosts("ed25519", port);
    let operator = server.operator(&format!("Host *\nUserKnownHostsFile {}\n", known.display()));
    let failure = machine.apply(&sshd::login(operator, port)).0.unwrap_err();
    assert_eq!(failure.code, "connection-lost", "{failure:?}");

    // The far end notices a little later, and lets go of its lock then.
    let deadline = Instant::now() + Duration::from_secs(20);
    let login = server.login("");
    let (result, plan) = loop {
        match machine.apply(&login) {
            (Err(failure), _) if failure.code == "locked" && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(50));
            }
            (Err(failure), plan) if failure.code == "damaged" => panic!("{failure:?} {plan:?}"),
            other => break other,
        }
    };
    let sent = plan.unwrap().bytes();
    assert_eq!(result, Ok(Done::Applied));
    assert!(sent < 3 * PROGRAM as u64 / 4, "{sent} bytes were sent again");
    let runtime = machine.folder.path().join("runtime/meshd");
    assert_eq!(
        fs::read(machine.home("current/meshd")).unwrap(),
        fs::read(runtime).unwrap()
    );
}

#[test]
fn the_way_leads_through_a_jump_host() {
    if !sshd::available() {
        return;
    }
    let (bastion, server, machine) = (Sshd::start(""), Sshd::start(""), Machine::new());
    let known = server.path("both");
    let texts = [(&bastion, bastion.port), (&server, server.port)]
        .map(|(sshd, port)| fs::read_to_string(sshd.known_hosts("ed25519", port)).unwrap());
    fs::write(&known, texts.concat()).unwrap();
    // Both let the same key in.
    fs::copy(server.path("authorized_keys"), bastion.path("authorized_keys")).unwrap();
    let operator = server.operator(&format!("Host *\nUserKnownHostsFile {}\n", known.display()));
    let via = Some(format!("root@127.0.0.1:{}", bastion.port));
    let wanted = Wanted {
        host: "127.0.0.1".to_owned(),
        port: Some(server.port),
        via,
        ..Wanted::default()
    };
    let login = Ssh::new(operator.into(), "vm", &wanted).unwrap();
    assert_eq!(machine.apply(&login).0, Ok(Done::Applied));
    assert_eq!((bastion.logins(), server.logins()), (2, 2));
    assert_eq!(machine.apply(&login).0, Ok(Done::Unchanged));

    let nowhere = Wanted {
        port: Some(sshd::free_port()),
        ..wanted
    };
    let operator = server.operator(&format!("Host *\nUserKnownHostsFile {}\n", known.display()));
    let failure = machine
        .apply(&Ssh::new(operator.into(), "vm", &nowhere).unwrap())
        .0
        .unwrap_err();
    assert_eq!(failure.code, "jump", "{failure:?}");
}

#[test]
fn a_command_can_be_the_connection() {
    if !sshd::available() {
        return;
    }
    let server = Sshd::start("");
    let program = "python3 -c 'import socket,sys,os,threading\ns=socket.create_connection((sys.argv[1],int(sys.argv[2])))\ndef up():\n while True:\n  b=os.read(0,65536)\n  if not b: os._exit(0)\n  s.sendall(b)\nthreading.Thread(target=up,daemon=True).start()\nwhile True:\n b=s.recv(65536)\n if not b: break\n os.write(1,b)' %h %p";
    let script = server.path("connect");
    fs::write(&script, format!("exec {}", program.replace("%h %p", "\"$@\""))).unwrap();
    let login = server.login(&format!("Host *\n ProxyCommand sh {} %h %p\n", script.display()));
    assert!(login.login().is_ok());
}

/// An agent that ends with this value.
struct Agent(std::process::Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_agents_keys_are_tried() {
    if !sshd::available() {
        return;
    }
    let server = Sshd::start("");
    let socket = server.path("agent");
    let child = Command::new("ssh-agent")
        .args(["-D", "-a"])
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _agent = Agent(child);
    let deadline = Instant::now() + Duration::from_secs(10);
    while !socket.exists() {
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(5));
    }
    let added = Command::new("ssh-add")
        .arg("-q")
        .arg(server.path("client"))
        .env("SSH_AUTH_SOCK", &socket)
        .status();
    assert!(added.unwrap().success());
    let mut operator = server.operator("");
    operator.agent = Some(socket);
    operator.config = mesh_apply::ssh_config::Config::of_text(&format!(
        "IdentityFile /nowhere\nUserKnownHostsFile {}\n",
        server.known_hosts("ed25519", server.port).display()
    ))
    .unwrap();
    assert!(sshd::login(operator.clone(), server.port).login().is_ok());
    operator.config = operator
        .config
        .then(mesh_apply::ssh_config::Config::of_text("IdentitiesOnly yes\n").unwrap());
    let refused = sshd::login(operator, server.port).login().map(drop).unwrap_err();
    assert_eq!(refused.code, "auth", "only named keys may be tried");
}

#[test]
fn rsa_and_ecdsa_keys_open_the_door_too() {
    if !sshd::available() {
        return;
    }
    let server = Sshd::start("");
    for kind in ["rsa", "ecdsa"] {
        let path = server.path(kind);
        sshd::keygen(kind, &path);
        let public = fs::read(server.path(&format!("{kind}.pub"))).unwrap();
        fs::OpenOptions::new()
            .append(true)
            .open(server.path("authorized_keys"))
            .unwrap()
            .write_all(&public)
            .unwrap();
        let mut operator = server.operator("");
        operator.config = mesh_apply::ssh_config::Config::of_text(&format!(
            "IdentityFile {}\nUserKnownHostsFile {}\n",
            path.display(),
            server.known_hosts("ed25519", server.port).display()
        ))
        .unwrap();
        let login = sshd::login(operator, server.port).login();
        assert!(login.is_ok(), "{kind}: {:?}", login.map(drop));
    }
}

#[test]
fn remove_leaves_nothing_and_says_when_there_was_nothing() {
    if !sshd::available() {
        return;
    }
    let (server, machine) = (Sshd::start(""), Machine::new());
    let login = server.login("");
    let Layout { home, prefix } = machine.manner.layout.clone();
    let layout = Layout { home, prefix };
    let remove = || {
        remove::remove(
            login.login().unwrap().as_mut(),
            &layout,
            "root",
            Duration::from_secs(20),
        )
    };
    assert_eq!(remove(), Ok(Removed::Nothing));
    machine.apply(&login).0.unwrap();
    fs::write(machine.home("forgotten"), "").unwrap();
    let failure = remove().unwrap_err();
    assert_eq!((failure.code, failure.cause), ("left-over", layout.home.clone()));
    fs::remove_file(machine.home("forgotten")).unwrap();
    machine.apply(&login).0.unwrap();
    assert_eq!(remove(), Ok(Removed::Gone));
    assert!(!machine.home("").exists() && !machine.root("etc").exists());
}
