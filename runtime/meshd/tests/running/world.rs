//! The machine, and the processes on it.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, chown};

use crate::namespace::Namespace;
use crate::servers;

/// meshd's user.
pub(crate) const USER: u32 = 1337;
/// What applications of the machine talk with.
pub(crate) const WEB: &str = "10.9.0.2:80";
pub(crate) const ECHO: &str = "10.9.0.2:9000";
/// The machine's own application, for others.
pub(crate) const OWN: &str = "10.9.0.1:3306";
const ADMIN: &str = "127.0.0.1:15000";
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for something that a process does.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A machine with its applications and peers, and the files of meshd.
pub(crate) struct Machine {
    pub(crate) here: Namespace,
    pub(crate) there: Namespace,
    /// Processes that are started may speak from others' addresses, as meshd's unit lets them with TPROXY.
    pub(crate) may_speak_for_others: bool,
    root: tempfile::TempDir,
}

impl Machine {
    /// One with applications, and with what they talk with.
    pub(crate) fn new() -> Self {
        let machine = Self::capturing("forum/groups/forum-db", &["capture.nft"]);
        machine.here.run(|| servers::web("0.0.0.0:3306"));
        machine.there.run(|| {
            servers::web(WEB);
            servers::echo(ECHO);
        });
        machine.capture();
        machine
    }

    /// One that captures by these files of a golden group, when it is told to.
    pub(crate) fn capturing(group: &str, files: &[&str]) -> Self {
        let (here, there) = (Namespace::new(), Namespace::new());
        here.link_to(&there);
        let machine = Self {
            here,
            there,
            may_speak_for_others: false,
            root: tempfile::tempdir().unwrap(),
        };
        machine.write_files(group, files);
        machine
    }

    /// Has packets led through meshd.
    pub(crate) fn capture(&self) {
        let root = self.path();
        self.here.run(move || {
            let meshd = Command::new(env!("CARGO_BIN_EXE_meshd"))
                .args(["--root", root.to_str().unwrap(), "capture", "up"])
                .status();
            assert!(meshd.unwrap().success());
        });
    }

    fn path(&self) -> PathBuf {
        self.root.path().to_owned()
    }

    fn write_files(&self, group: &str, files: &[&str]) {
        let root = self.path();
        for folder in ["etc/meshd/identity", "run", "var/lib/meshd/state"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../golden")
            .join(group);
        let etc = root.join("etc/meshd");
        for file in files {
            fs::copy(golden.join("rootfs/etc/meshd").join(file), etc.join(file)).unwrap();
        }
        identity(&etc.join("identity"));
        let names = r#"{"format":1,"ttl":30,"hosts":{"web.example":{"addresses":["10.9.0.2"]}}}"#;
        fs::write(etc.join("names.json"), names).unwrap();
        fs::write(etc.join("snapshot.json"), include_str!("snapshot.json")).unwrap();
        own(&root);
    }

    /// The next release: it means the same.
    pub(crate) fn change(&self) {
        let text = format!("{}\n", include_str!("snapshot.json"));
        fs::write(self.root.path().join("etc/meshd/snapshot.json"), text).unwrap();
    }

    /// A release that takes all that arrives for `protocol`; applications see clients' own addresses if they are to.
    pub(crate) fn take(&self, protocol: &str, client_source: bool) {
        let mut snapshot: serde_json::Value = serde_json::from_str(include_str!("snapshot.json")).unwrap();
        let inbound = snapshot["inbound"].as_array_mut().unwrap();
        inbound.retain(|listener| listener["name"] == "virtualInbound");
        inbound[0]["protocol"] = protocol.into();
        inbound[0]["client-source"] = client_source.into();
        fs::write(
            self.root.path().join("etc/meshd/snapshot.json"),
            snapshot.to_string(),
        )
        .unwrap();
    }

    /// The next release, cut off in the middle.
    pub(crate) fn damage(&self) {
        let path = self.root.path().join("etc/meshd/snapshot.json");
        fs::write(path, &include_str!("snapshot.json")[..200]).unwrap();
    }

    /// Starts a meshd, and waits until it serves.
    pub(crate) fn start(&self) -> Process {
        let mut process = self.spawn();
        until("meshd serves", || {
            assert_eq!(process.ended(), None, "{}", process.log());
            process.log().contains("serving version")
        });
        process
    }

    pub(crate) fn spawn(&self) -> Process {
        self.spawn_at(self.path())
    }

    /// Starts one that takes the sockets, and then waits for its snapshot.
    pub(crate) fn spawn_that_waits(&self) -> Process {
        let root = self.path().join("waiting");
        for folder in ["etc/meshd", "var/lib/meshd"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let state = self.path().join("var/lib/meshd/state");
        std::os::unix::fs::symlink(state, root.join("var/lib/meshd/state")).unwrap();
        let pipe = root.join("etc/meshd/snapshot.json");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o644)).unwrap();
        own(&root);
        self.spawn_at(root)
    }

    fn spawn_at(&self, root: PathBuf) -> Process {
        let log = tempfile::NamedTempFile::new().unwrap();
        let own = log.reopen().unwrap();
        let copy = own.try_clone().unwrap();
        let rights = if self.may_speak_for_others {
            "-all,+net_raw"
        } else {
            "-all"
        };
        let child = self.here.run(move || {
            let user = USER.to_string();
            Command::new("setpriv")
                .args(["--reuid", &user, "--regid", &user, "--clear-groups"])
                .args([
                    "--inh-caps",
                    rights,
                    "--ambient-caps",
                    rights,
                    "--bounding-set",
                    rights,
                ])
                .args([
                    env!("CARGO_BIN_EXE_meshd"),
                    "--root",
                    root.to_str().unwrap(),
                    "run",
                ])
                .env_clear()
                .stdout(own)
                .stderr(copy)
                .spawn()
                .unwrap()
        });
        Process { child, log }
    }

    /// A connection of an application to a server elsewhere.
    pub(crate) fn connect(&self, to: &'static str) -> TcpStream {
        let stream = self.here.run(move || TcpStream::connect(to).unwrap());
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A request that is under way for longer than anything else.
    pub(crate) fn ask_slowly(&self) -> JoinHandle<()> {
        let mut stream = self.connect(WEB);
        stream
            .write_all(b"GET /slow HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n")
            .unwrap();
        std::thread::spawn(move || {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(
                answer.starts_with("HTTP/1.1 200") && answer.ends_with("slow"),
                "{answer}"
            );
        })
    }

    /// For how long the process has run that answers on the admin port.
    pub(crate) fn uptime(&self) -> Duration {
        let status = self.here.run(|| {
            let mut stream = TcpStream::connect(ADMIN).unwrap();
            let ask = b"GET /status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
            stream.write_all(ask).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        let (_, body) = status.split_once("\r\n\r\n").unwrap();
        let status: serde_json::Value = serde_json::from_str(body).unwrap();
        Duration::from_secs(status["uptime"].as_u64().unwrap())
    }
}

/// A meshd, which ends with the test.
pub(crate) struct Process {
    child: Child,
    log: tempfile::NamedTempFile,
}

impl Process {
    /// Its exit code, if it has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<Option<i32>> {
        self.child.try_wait().unwrap().map(|status| status.code())
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap()
    }

    /// It has what the other one listens on.
    pub(crate) fn has_sockets(&self) -> bool {
        let folder = format!("/proc/{}/fd", self.child.id());
        let Ok(descriptors) = fs::read_dir(folder) else {
            return false;
        };
        let sockets = descriptors.filter(|descriptor| {
            let link = descriptor
                .as_ref()
                .map(|descriptor| fs::read_link(descriptor.path()));
            matches!(link, Ok(Ok(link)) if link.to_string_lossy().starts_with("socket:"))
        });
        // One is that which it asked on.
        sockets.count() > 5
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn stop(&self) {
        let process = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(process, Signal::SIGTERM).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Gives a folder to meshd's user.
fn own(folder: &Path) {
    chown(folder, Some(Uid::from_raw(USER)), Some(Gid::from_raw(USER))).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            own(&path);
        } else if !path.is_symlink() {
            chown(&path, Some(Uid::from_raw(USER)), Some(Gid::from_raw(USER))).unwrap();
        }
    }
}

fn identity(folder: &Path) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut leaf = rcgen::CertificateParams::default();
    let name = "spiffe://cluster.local/ns/ns/sa/vm".try_into().unwrap();
    leaf.subject_alt_names = vec![rcgen::SanType::URI(name)];
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    for (name, text) in [
        ("cert-chain.pem", leaf.pem()),
        ("root-cert.pem", root.pem()),
        ("key.pem", key.serialize_pem()),
    ] {
        File::create(folder.join(name))
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }
}
