//! `/usr/sbin/sshd` on a port of loopback, which lets nobody in.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::Seat;

const PROGRAM: &str = "/usr/sbin/sshd";

/// A running sshd; it ends with this value.
pub(crate) struct Sshd {
    port: u16,
    child: Child,
}

/// The tests need an sshd that runs as root. In CI it must be there.
pub(crate) fn available() -> bool {
    let there = Path::new(PROGRAM).exists() && fs::metadata("/proc/self").unwrap().uid() == 0;
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
    /// Starts one with the key `host`; the user has the key `client`.
    pub(crate) fn start(seat: &Seat) -> Self {
        for key in ["host", "client"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-N", "", "-t", "ed25519", "-f"])
                .arg(seat.path(key))
                .status();
            assert!(made.unwrap().success());
        }
        // sshd wants this folder for its unprivileged half; the service makes it, where there is one.
        fs::create_dir_all("/run/sshd").unwrap();
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile none\nPidFile none\n\
             UsePAM no\nPasswordAuthentication no\n",
            seat.path("host").display()
        );
        seat.write("sshd_config", &config);
        let child = Command::new(PROGRAM)
            .args(["-D", "-e", "-f"])
            .arg(seat.path("sshd_config"))
            .stderr(Stdio::from(File::create(seat.path("sshd.log")).unwrap()))
            .spawn()
            .unwrap();
        let mut sshd = Self { port, child };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let alive = sshd.child.try_wait().unwrap().is_none() && Instant::now() < deadline;
            assert!(alive, "sshd: {}", seat.read("sshd.log"));
            std::thread::sleep(Duration::from_millis(10));
        }
        sshd
    }

    /// The line of known hosts that gives this server the key `public`.
    pub(crate) fn line(&self, public: &str) -> String {
        format!("[127.0.0.1]:{} {public}", self.port)
    }

    /// Writes the SSH configuration `name`, which leads every name here, with `known` as known hosts.
    pub(crate) fn config(&self, seat: &Seat, name: &str, known: &str) {
        seat.write(&format!("{name}.known"), known);
        let text = format!(
            "Host *\n  HostName 127.0.0.1\n  Port {}\n  IdentityFile {}\n  UserKnownHostsFile {}\n  \
             GlobalKnownHostsFile /dev/null\n",
            self.port,
            seat.path("client").display(),
            seat.path(&format!("{name}.known")).display()
        );
        seat.write(name, &text);
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
