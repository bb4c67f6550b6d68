//! Logging in with a public key: of the agent, or of a file.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh2::{Agent, PublicKey, Session};

use super::Endpoint;
use crate::failure::Failure;

/// Tries the agent's keys and the key files, in OpenSSH's order, until one is accepted.
pub(super) fn authenticate(session: &Session, endpoint: &Endpoint, what: &str) -> Result<(), Failure> {
    let mut tried = Vec::new();
    let agent = endpoint
        .agent
        .as_deref()
        .and_then(|path| connect_agent(session, path, &mut tried));
    let held: Vec<PublicKey> = agent
        .as_ref()
        .and_then(|agent| agent.identities().ok())
        .unwrap_or_default();
    let named: Vec<Option<Vec<u8>>> = endpoint.identities.iter().map(|path| public_half(path)).collect();
    let is_named = |key: &PublicKey| named.iter().flatten().any(|blob| blob == key.blob());
    // Servers count attempts, so the keys that were named for this host come first.
    let (first, then): (Vec<&PublicKey>, Vec<&PublicKey>) = held.iter().partition(|key| is_named(key));
    let then = if endpoint.identities_only {
        Vec::new()
    } else {
        then
    };
    if let Some(agent) = &agent {
        for key in first.into_iter().chain(then) {
            match agent.userauth(&endpoint.user, key) {
                Ok(()) => return Ok(()),
                Err(error) => tried.push(format!("{} of the agent ({})", key.comment(), error.message())),
            }
        }
    }
    for path in endpoint.identities.iter().filter(|path| path.is_file()) {
        match session.userauth_pubkey_file(&endpoint.user, None, path, None) {
            Ok(()) => return Ok(()),
            Err(error) => tried.push(format!("{} ({})", path.display(), reason(path, &error))),
        }
    }
    Err(refused(session, endpoint, what, &tried))
}

fn connect_agent(session: &Session, path: &Path, tried: &mut Vec<String>) -> Option<Agent> {
    let connect = || -> Result<Agent, ssh2::Error> {
        let mut agent = session.agent()?;
        agent.set_identity_path(path)?;
        agent.connect()?;
        agent.list_identities()?;
        Ok(agent)
    };
    match connect() {
        Ok(agent) => Some(agent),
        Err(error) => {
            tried.push(format!("the agent at {} ({})", path.display(), error.message()));
            None
        }
    }
}

/// The public key beside a key file, to find it among the agent's.
fn public_half(path: &Path) -> Option<Vec<u8>> {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    let text = std::fs::read_to_string(PathBuf::from(name)).ok()?;
    STANDARD.decode(text.split_whitespace().nth(1)?).ok()
}

/// libssh2 calls every trouble with a file the same; the usual one has a remedy.
fn reason(path: &Path, error: &ssh2::Error) -> String {
    // LIBSSH2_ERROR_FILE and LIBSSH2_ERROR_KEYFILE_AUTH_FAILED.
    let unreadable = matches!(error.code(), ssh2::ErrorCode::Session(-16 | -48));
    if unreadable && std::fs::File::open(path).is_ok() {
        return "it has a passphrase, or is no key: give it to ssh-agent with `ssh-add`".to_owned();
    }
    error.message().to_owned()
}

fn refused(session: &Session, endpoint: &Endpoint, what: &str, tried: &[String]) -> Failure {
    let methods = session
        .auth_methods(&endpoint.user)
        .unwrap_or_default()
        .to_owned();
    let keys = if tried.is_empty() {
        "there is no key to try".to_owned()
    } else {
        format!("tried {}", tried.join(", "))
    };
    let remedy = if methods.is_empty() || methods.split(',').any(|method| method == "publickey") {
        format!(
            "put a public key into ~{}/.ssh/authorized_keys on the machine, or name the right key with `IdentityFile` in ~/.ssh/config",
            endpoint.user
        )
    } else {
        format!("the machine accepts only {methods}: allow `publickey` in its sshd_config")
    };
    Failure::new(
        "auth",
        what,
        format!("no key of {} was accepted; {keys}", endpoint.user),
        remedy,
    )
}
