//! The stream to an SSH server.

use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Endpoint;
use crate::failure::Failure;

/// Connects to `endpoint` itself, whatever its jump hosts are.
pub(super) fn direct(endpoint: &Endpoint, timeout: Duration) -> Result<OwnedFd, Failure> {
    if let Some(command) = &endpoint.command {
        return through_command(command).map_err(|error| failure("proxy-command", endpoint, &error));
    }
    let host = endpoint.host.trim_matches(['[', ']']);
    let addresses = (host, endpoint.port)
        .to_socket_addrs()
        .map_err(|error| unknown_name(endpoint, &error.to_string()))?;
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => {
                // Requests are small and wait for answers; a kernel that refuses is only slower.
                let _ = stream.set_nodelay(true);
                return Ok(stream.into());
            }
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) => Err(failure(code(&error), endpoint, &error)),
        None => Err(unknown_name(endpoint, "it has no address")),
    }
}

/// Starts a command whose standard input and output are the connection.
fn through_command(command: &str) -> io::Result<OwnedFd> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut child = Command::new("sh")
        .args(["-c", &format!("exec {command}")])
        .stdin(Stdio::from(OwnedFd::from(theirs.try_clone()?)))
        .stdout(Stdio::from(OwnedFd::from(theirs)))
        .stderr(Stdio::null())
        .spawn()?;
    // It ends when our side of the pair is closed; somebody has to see that.
    std::thread::spawn(move || child.wait());
    Ok(ours.into())
}

fn unknown_name(endpoint: &Endpoint, cause: &str) -> Failure {
    Failure::new(
        "name-unknown",
        format!("cannot connect to {}", endpoint.describe()),
        format!("the name cannot be resolved: {cause}"),
        "look at the VM's address in the spec, or at `HostName` in ~/.ssh/config",
    )
}

fn code(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "refused",
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "timeout",
        _ => "unreachable",
    }
}

fn failure(code: &'static str, endpoint: &Endpoint, error: &io::Error) -> Failure {
    let (cause, remedy) = match code {
        "refused" => (
            "nothing listens there".to_owned(),
            "is sshd running on the machine, and on this port?",
        ),
        "timeout" => (
            "it does not answer".to_owned(),
            "is the machine up, and does a firewall let SSH through?",
        ),
        _ => (
            error.to_string(),
            "is the machine up, and is there a route to it?",
        ),
    };
    Failure::new(
        code,
        format!("cannot connect to {}", endpoint.describe()),
        cause,
        remedy,
    )
}
