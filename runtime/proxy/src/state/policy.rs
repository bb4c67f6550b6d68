//! Who may do what: Istio's order over Envoy's conditions.

use std::net::{IpAddr, SocketAddr};

use mesh_wire::policy as wire;
use mesh_wire::policy::Action;

mod condition;
mod stage;
mod template;

#[cfg(fuzzing)]
pub(crate) use template::fuzz;

pub(crate) use condition::{AUTHORIZERS, is_known};
pub(crate) use stage::Stage;

use super::matcher::{Asked, BadPattern};
use crate::telemetry::Places;
use crate::tls::PeerIdentity;
use crate::written::Written;

/// What a decision is made on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// The address dialled, before capture.
    pub(crate) destination: SocketAddr,
    /// The other end of the connection.
    pub(crate) remote: IpAddr,
    /// The client by X-Forwarded-For, or the other end.
    pub(crate) client: IpAddr,
    pub(crate) peer: Option<&'a PeerIdentity>,
    pub(crate) sni: Option<&'a str>,
    /// `None` on a TCP connection.
    pub(crate) asked: Option<Asked<'a>>,
}

/// What became of an attempt, and by which policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict<'a> {
    Allowed(Option<&'a str>),
    Denied(Option<&'a str>),
}

/// The policies of one workload, in the order of Envoy's filters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies(Vec<Stage>);

/// AUDIT notes, DENY refuses, then one ALLOW must match if there is any.
const ORDER: [Action; 3] = [Action::Audit, Action::Deny, Action::Allow];

impl Policies {
    /// What is decided by them is counted in `places`.
    pub(crate) fn compile(set: &wire::PolicySet, places: &Places<'_>) -> Result<Self, BadPattern> {
        let mut stages = Vec::new();
        for action in ORDER {
            stages.extend(Stage::compile(action, &set.policies, places)?);
        }
        Ok(Self(stages))
    }

    /// Nothing of a request has to be looked at.
    pub(crate) fn let_all_in(&self) -> bool {
        self.0.is_empty()
    }

    /// What becomes of an attempt; what policies that are tried out would do is `written` down.
    pub(crate) fn judge(&self, attempt: &Attempt<'_>, written: &mut Written) -> Verdict<'_> {
        let mut by = None;
        for stage in &self.0 {
            match stage.judge(attempt, written) {
                Verdict::Allowed(found) => by = found.or(by),
                Verdict::Denied(found) => return Verdict::Denied(found),
            }
        }
        Verdict::Allowed(by)
    }
}

fn note(what: &str, policy: &str, attempt: &Attempt<'_>) {
    tracing::info!(
        target: "rbac",
        policy,
        principal = attempt.peer.map(|peer| &*peer.spiffe),
        remote = %attempt.remote,
        destination = %attempt.destination,
        "{what}"
    );
}

#[cfg(test)]
mod tests;
