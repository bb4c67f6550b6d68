//! A machine behind SSH, by libssh2.
//!
//! An [`Endpoint`] is what spec and `~/.ssh/config` say together; [`Ssh`] logs in there: a stream (direct, through
//! jump hosts, or through a command), a handshake with a checked host key, and a public key of the agent or of a file.
//! Everything is blocking, and one thread works on one machine.

mod auth;
mod dial;
mod endpoint;
mod exchange;
mod known_hosts;
mod session;
mod tunnel;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use endpoint::{Endpoint, EndpointError, Strictness};
pub use known_hosts::{KnownHosts, Verdict};

use super::{Host, Login};
use crate::failure::Failure;
use crate::ssh_config::Config;

/// The person who works, and the computer that they sit at. The binary's main reads it once from the environment.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Their home folder.
    pub home: PathBuf,
    /// Their name, which is the login where nothing else is said.
    pub user: String,
    /// The socket of their agent.
    pub agent: Option<PathBuf>,
    /// Their SSH configuration.
    pub config: Config,
    /// Host keys that were never seen are trusted and remembered. One that has changed never is.
    pub accept_new: bool,
    /// How long a connection and each step of its handshake may take.
    pub timeout: Duration,
}

/// A login on one machine.
#[derive(Clone, Debug)]
pub struct Ssh {
    operator: Arc<Operator>,
    endpoint: Endpoint,
}

impl Ssh {
    /// A login for what a bundle says of the machine of `vm`.
    ///
    /// # Errors
    /// When the SSH configuration says something for it that cannot be followed.
    pub fn new(
        operator: Arc<Operator>,
        vm: &str,
        wanted: &mesh_wire::bundle::Ssh,
    ) -> Result<Self, EndpointError> {
        let endpoint = Endpoint::resolve(&operator, Some(vm), wanted)?;
        Ok(Self { operator, endpoint })
    }

    /// Where it goes.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl Login for Ssh {
    fn login(&self) -> Result<Box<dyn Host>, Failure> {
        Ok(Box::new(session::open(&self.operator, &self.endpoint)?))
    }
}
