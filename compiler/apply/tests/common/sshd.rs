//! `/usr/sbin/sshd`, with keys and configuration in a folder of its own.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mesh_apply::host::ssh::{Operator, Ssh};
use mesh_apply::ssh_config::Config;
use mesh_wire::bundle::Ssh as Wanted;

const PROGRAM: &str = "/usr/sbin/sshd";

/// A running sshd; it ends with this value.
pub struct Sshd {
    pub folder: tempfile::TempDir,
    pub port: u16,
    child: Child,
}

/// The tests of this file need an sshd that runs as root. In CI it must be there.
pub fn available() -> bool {
    let there = Path::new(PROGRAM).exists() && nix::unistd::geteuid().is_root();
    assert!(
        there || std::env::var_os("CI").is_none(),
        "needs root and {PROGRAM}: apt-get install openssh-server"
    );
    if !there {
        println!("skipped: needs sshd, install with apt-get install openssh-server (and run as root)");
    }
    there
}

impl Sshd {
    /// Starts one that root may log in to with the key `client`; `extra` is more configuration.
    pub fn start(extra: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for kind in ["ed25519", "ecdsa"] {
            keygen(kind, &path.join(format!("host_{kind}")));
        }
        keygen("ed25519", &path.join("client"));
        fs::copy(path.join("client.pub"), path.join("authorized_keys")).unwrap();
        // sshd wants this folder for its unprivileged half; the service makes it, where there is one.
        fs::create_dir_all("/run/sshd").unwrap();
        let port = free_port();
        let show = path.display();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {show}/host_ed25519\nHostKey {show}/host_ecdsa\n\
             AuthorizedKeysFile {show}/authorized_keys\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n\
             PasswordAuthentication no\nMaxStartups 100\n{extra}\n"
        );
        fs::write(path.join("sshd_config"), config).unwrap();
        let child = Command::new(PROGRAM)
            .args(["-D", "-e", "-f"])
            .arg(path.join("sshd_config"))
            .stderr(Stdio::from(fs::File::create(path.join("log")).unwrap()))
            .spawn()
            .unwrap();
        let mut sshd = Self { folder, port, child };
        sshd.wait();
        sshd
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(
                self.child.try_wait().unwrap().is_none() && Instant::now() < deadline,
                "sshd: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How many logins it accepted.
    pub fn logins(&self) -> usize {
        self.log()
            .lines()
            .filter(|line| line.contains("Accepted publickey"))
            .count()
    }

    /// A file of known hosts that has this server's key of `kind`, under `port`.
    pub fn known_hosts(&self, kind: &str, port: u16) -> PathBuf {
        let key = fs::read_to_string(self.path(&format!("host_{kind}.pub"))).unwrap();
        let file = self.path(&format!("known_hosts_{kind}_{port}"));
        fs::write(&file, format!("[127.0.0.1]:{port} {key}")).unwrap();
        file
    }

    /// An operator who has the client's key, and the SSH configuration `extra`.
    pub fn operator(&self, extra: &str) -> Operator {
        let known = self.known_hosts("ed25519", self.port);
        let identity = self.path("client");
        let config = format!(
            "{extra}\nHost *\nIdentityFile {}\nUserKnownHostsFile {}\nGlobalKnownHostsFile /dev/null\n",
            identity.display(),
            known.display()
        );
        Operator {
            home: self.folder.path().to_owned(),
            user: "root".to_owned(),
            agent: None,
            config: Config::of_text(&config).unwrap(),
            accept_new: false,
            timeout: Duration::from_secs(10),
        }
    }

    pub fn login(&self, extra: &str) -> Ssh {
        login(self.operator(extra), self.port)
    }
}

/// A login at 127.0.0.1.
pub fn login(operator: Operator, port: u16) -> Ssh {
    let wanted = Wanted {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        ..Wanted::default()
    };
    Ssh::new(Arc::new(operator), "vm", &wanted).unwrap()
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // Only the listener is ended; what it forked ends with its connections.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn keygen(kind: &str, path: &Path) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-N", "", "-t", kind, "-f"])
        .arg(path)
        .status()
        .unwrap();
    assert!(status.success());
}

/// A port that is free until its program takes it: from below those that the system gives to whoever asks for any
/// (`ip_local_port_range`), where a connection's own end or another test's listener would come between.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    std::iter::repeat_with(|| std::process::id() * 61 + NEXT.fetch_add(1, Ordering::Relaxed))
        .map(|next| u16::try_from(16_000 + next % 16_000).unwrap())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}
