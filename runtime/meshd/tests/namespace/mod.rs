//! Network namespaces that exist as long as a thread in them.

#![allow(dead_code, reason = "every test takes a part of this")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "this is a test: a failure shall end it, and it says what it skips"
)]

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Pid, Uid, gettid, setfsgid, setfsuid};
use socket2::{Domain, Socket, Type};

const PATIENCE: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce() + Send>;

/// A namespace of its own with its loopback interface up.
pub(crate) struct Namespace {
    jobs: Sender<Job>,
    thread: Pid,
}

impl Namespace {
    /// Makes one; needs root.
    pub(crate) fn new() -> Self {
        let (jobs, todo): (Sender<Job>, Receiver<Job>) = channel();
        let (tell, told) = channel();
        std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            ip("link set lo up");
            tell.send(gettid()).unwrap();
            todo.into_iter().for_each(|job| job());
        });
        Self {
            jobs,
            thread: told.recv().unwrap(),
        }
    }

    /// The thread that lives in it, for `ip … netns`.
    pub(crate) fn thread(&self) -> Pid {
        self.thread
    }

    /// Runs in the namespace; gives what came of it.
    pub(crate) fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (tell, told) = channel();
        self.jobs.send(Box::new(move || drop(tell.send(job())))).unwrap();
        told.recv().expect("what ran in the namespace failed: see above")
    }

    /// Lays a cable: here is 10.9.0.1 and fd00:9::1, there is .2 and ::2.
    pub(crate) fn link_to(&self, other: &Self) {
        let there = other.thread();
        self.run(move || {
            ip(&format!("link add v0 type veth peer name v1 netns {there}"));
            dress("v0", 1);
        });
        other.run(|| dress("v1", 2));
    }
}

fn dress(interface: &str, last: u8) {
    ip(&format!("addr add 10.9.0.{last}/24 dev {interface}"));
    ip(&format!("addr add fd00:9::{last}/64 dev {interface} nodad"));
    ip(&format!("link set {interface} up"));
}

/// Runs `ip` with these words.
pub(crate) fn ip(line: &str) {
    let output = Command::new("ip").args(line.split(' ')).output().unwrap();
    assert!(
        output.status.success(),
        "ip {line}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A server in this thread's namespace that tells its name to whoever connects.
pub(crate) fn serve(address: SocketAddr, name: &'static str) {
    answer(&socket_for(address), address, name);
}

/// The same for connections to addresses that are others', which TPROXY hands over.
pub(crate) fn serve_transparent(address: SocketAddr, name: &'static str) {
    let socket = socket_for(address);
    if address.is_ipv6() {
        socket.set_ip_transparent_v6(true).unwrap();
    } else {
        socket.set_ip_transparent_v4(true).unwrap();
    }
    answer(&socket, address, name);
}

fn socket_for(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    if address.is_ipv6() {
        socket.set_only_v6(true).unwrap();
    }
    socket
}

fn answer(socket: &Socket, address: SocketAddr, name: &'static str) {
    socket.bind(&address.into()).unwrap();
    socket.listen(16).unwrap();
    let listener = TcpListener::from(socket.try_clone().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.unwrap().write_all(name.as_bytes());
        }
    });
}

/// Says a word on one end of a connection; what the other end hears while the connection lives.
pub(crate) fn say(from: &mut TcpStream, to: &mut TcpStream, word: &str) -> std::io::Result<String> {
    from.write_all(word.as_bytes())?;
    to.set_read_timeout(Some(PATIENCE))?;
    let mut bytes = vec![0; word.len()];
    to.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Connects as a user, from an address if one is given; gives the name that is told.
pub(crate) fn connect(user: u32, from: Option<IpAddr>, to: SocketAddr) -> String {
    // Sockets belong to the file system user of the thread that makes them.
    setfsgid(Gid::from_raw(user));
    setfsuid(Uid::from_raw(user));
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).unwrap();
    setfsuid(Uid::from_raw(0));
    setfsgid(Gid::from_raw(0));
    if let Some(from) = from {
        socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
    }
    socket
        .connect_timeout(&to.into(), PATIENCE)
        .unwrap_or_else(|error| panic!("{to} as {user}: {error}"));
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut name = String::new();
    stream.read_to_string(&mut name).unwrap();
    name
}

/// What the test needs is there. In CI its absence is a failure, at home it is said and the test passed over.
pub(crate) fn needs(programs: &[&str]) -> bool {
    let there = |program: &str| {
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
            .iter()
            .any(|folder| std::path::Path::new(folder).join(program).exists())
    };
    let mut missing: Vec<String> = programs
        .iter()
        .filter(|program| !there(program))
        .map(|program| (*program).to_owned())
        .collect();
    if !Uid::effective().is_root() {
        missing.push("root".to_owned());
    }
    if missing.is_empty() {
        return true;
    }
    let line = format!(
        "needs {}, install with `apt-get install iproute2 iptables nftables`",
        missing.join(", ")
    );
    assert!(std::env::var("CI").is_err(), "{line}");
    println!("skipped: {line}");
    false
}
