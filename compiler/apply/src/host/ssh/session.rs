//! A handshake with a checked host key, and a login.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use ssh2::{MethodType, Session};

use super::known_hosts::{KnownHosts, Verdict, algorithm, fingerprint, remember};
use super::{Endpoint, Operator, Strictness, auth, dial, exchange, tunnel};
use crate::failure::Failure;
use crate::host::{Command, Host, Output, RunError};

/// An open login.
pub(super) struct Remote {
    session: Session,
}

impl Host for Remote {
    fn run(&mut self, command: &Command, input: &mut dyn Read) -> Result<Output, RunError> {
        exchange::run(&self.session, &command.line(), input, command.silence)
    }
}

/// Logs in at `endpoint`, through its jump hosts.
pub(super) fn open(operator: &Operator, endpoint: &Endpoint) -> Result<Remote, Failure> {
    let mut hops = endpoint.jumps.iter().chain([endpoint]);
    let first = hops.next().unwrap_or(endpoint);
    let mut session = start(operator, first, dial::direct(first, operator.timeout)?)?;
    for hop in hops {
        let stream = tunnel::open(session, hop, operator.timeout)?;
        session = start(operator, hop, stream)?;
    }
    Ok(Remote { session })
}

fn start(operator: &Operator, endpoint: &Endpoint, stream: OwnedFd) -> Result<Session, Failure> {
    let what = format!("cannot log in to {}", endpoint.describe());
    let broken = |error: ssh2::Error| handshake_failure(&what, &error, operator.timeout);
    let mut session = Session::new().map_err(broken)?;
    session.set_timeout(u32::try_from(operator.timeout.as_millis()).unwrap_or(u32::MAX));
    let known = KnownHosts::read(&endpoint.known_hosts, &endpoint.known_name());
    session
        .method_pref(MethodType::HostKey, &known.preference())
        .map_err(broken)?;
    session.set_tcp_stream(stream);
    session.handshake().map_err(broken)?;
    check_key(&session, endpoint, &known, &what)?;
    auth::authenticate(&session, endpoint, &what)?;
    Ok(session)
}

fn handshake_failure(what: &str, error: &ssh2::Error, timeout: Duration) -> Failure {
    // LIBSSH2_ERROR_TIMEOUT, _SOCKET_TIMEOUT; then the ones that come when the other side says nothing sensible.
    match error.code() {
        ssh2::ErrorCode::Session(-9 | -30) => Failure::new(
            "timeout",
            what,
            format!("the SSH handshake took more than {} s", timeout.as_secs()),
            "look at the machine's load, or give it more time with `--connect-timeout`",
        ),
        ssh2::ErrorCode::Session(-5 | -8) => Failure::new(
            "algorithms",
            what,
            format!("no common algorithms: {}", error.message()),
            "let the machine's sshd offer curve25519 or ECDH, AES and an ed25519, ECDSA or RSA key",
        ),
        _ => Failure::new(
            "handshake",
            what,
            format!("the SSH handshake broke: {}", error.message()),
            "is it an SSH server that listens there, and does it accept more connections (MaxStartups)?",
        ),
    }
}

/// Nothing is sent to a machine before its key was checked.
fn check_key(session: &Session, endpoint: &Endpoint, known: &KnownHosts, what: &str) -> Result<(), Failure> {
    let Some((key, _)) = session.host_key() else {
        return Err(Failure::new(
            "handshake",
            what,
            "the machine showed no host key",
            "look at its sshd",
        ));
    };
    let name = endpoint.known_name();
    let shown = format!("{} {}", algorithm(key), fingerprint(key));
    let file = endpoint
        .known_hosts
        .first()
        .map_or(Path::new("known_hosts"), |file| file.as_path());
    match known.check(key) {
        Verdict::Known => Ok(()),
        _ if endpoint.strictness == Strictness::Off => Ok(()),
        Verdict::New if endpoint.strictness == Strictness::AcceptNew => {
            remember(file, &name, key).map_err(|error| {
                let cause = format!("cannot write `{}`: {error}", file.display());
                Failure::new(
                    "known-hosts",
                    what,
                    cause,
                    "let the file be written, so that the key is remembered",
                )
            })
        }
        Verdict::New => Err(Failure::new(
            "host-key-unknown",
            what,
            format!("its host key was never seen: {shown}"),
            format!(
                "compare it with `ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub` on the machine, then add it (`ssh-keyscan -p {} {} >> {}`) or use `--accept-new-host-keys`",
                endpoint.port,
                endpoint.host,
                file.display()
            ),
        )),
        Verdict::Changed(place) => Err(Failure::new(
            "host-key-changed",
            what,
            format!(
                "its host key is {shown}, but {place} has another one for {name}: the machine was set up anew, or somebody is between"
            ),
            format!(
                "when it was set up anew, forget the old key: `ssh-keygen -f {} -R '{name}'`",
                file.display()
            ),
        )),
        Verdict::Revoked(place) => Err(Failure::new(
            "host-key-revoked",
            what,
            format!("its host key {shown} is revoked in {place}"),
            "give the machine a new host key",
        )),
    }
}
