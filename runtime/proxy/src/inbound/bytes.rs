//! Who may, where there are no requests: a connection is decided about once, before any other is opened for it.

use std::sync::Arc;
use std::time::Instant;

use crate::check::{self, Answer};
use crate::drain::Drain;
use crate::net::Stream;
use crate::peer::Downstream;
use crate::shared::Shared;
use crate::state::Inbound;
use crate::state::authorizers::Authorizer;
use crate::state::policy::{AUTHORIZERS, Attempt, Verdict};
use crate::tcp;
use crate::telemetry::{Flag, Reporter};
use crate::written::Written;

/// Why a connection is closed.
struct Refusal {
    flag: Flag,
    why: String,
}

/// Carries a connection to the application, if it may come in.
pub(super) async fn serve(
    shared: Arc<Shared>,
    listener: Arc<Inbound>,
    stream: Stream,
    mut down: Downstream,
    drain: Drain,
) {
    let (reporter, cluster) = (Reporter::Destination, &listener.cluster);
    if let Err(refusal) = admit(&shared, &listener, &mut down).await {
        return tcp::refused(&shared, &down, reporter, cluster, refusal.flag, refusal.why);
    }
    tcp::to_cluster(&shared, stream, down, cluster.clone(), reporter, drain).await;
}

/// Authorizers are asked before any policy is looked at.
async fn admit(shared: &Shared, listener: &Inbound, down: &mut Downstream) -> Result<(), Refusal> {
    let state = shared.state().clone();
    let log = state.as_ref().and_then(|state| state.log.as_ref());
    let mut written = Written::new(log.is_some_and(|log| log.metadata));
    let admitted = may(shared, listener, down, &mut written).await;
    down.written = written;
    admitted
}

async fn may(
    shared: &Shared,
    listener: &Inbound,
    down: &Downstream,
    written: &mut Written,
) -> Result<(), Refusal> {
    let attempt = Attempt {
        destination: down.destination,
        remote: down.remote.ip(),
        client: down.remote.ip(),
        peer: down.peer.as_deref(),
        sni: down.sni.as_deref(),
        asked: None,
    };
    for authorizer in &listener.authorizers {
        if authorizer.decides_bytes() && authorizer.is_asked(&attempt, written) {
            agrees(shared, authorizer, down, written).await?;
        }
    }
    let Verdict::Denied(policy) = listener.policies.judge(&attempt, written) else {
        return Ok(());
    };
    let policy = policy.unwrap_or("none");
    told(down, policy);
    Err(Refusal {
        flag: Flag::Denied,
        why: format!("rbac_access_denied_matched_policy[{policy}]"),
    })
}

/// Whether an authorizer, or what is set for one that does not answer, lets the connection in.
async fn agrees(
    shared: &Shared,
    authorizer: &Authorizer,
    down: &Downstream,
    written: &mut Written,
) -> Result<(), Refusal> {
    let refusal = |why: &str| Refusal {
        flag: Flag::Unauthorized,
        why: why.to_owned(),
    };
    match ask(shared, authorizer, down, written).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            told(down, &authorizer.wire.name);
            Err(refusal("ext_authz_denied"))
        }
        Err(why) => {
            tracing::warn!(target: "rbac", authorizer = authorizer.wire.name, why, "an authorizer does not answer");
            if authorizer.wire.fail_open {
                return Ok(());
            }
            Err(refusal("ext_authz_error"))
        }
    }
}

/// What the authorizer says, about who is at the two ends: there is no more to tell of bytes.
async fn ask(
    shared: &Shared,
    authorizer: &Authorizer,
    down: &Downstream,
    written: &mut Written,
) -> Result<bool, String> {
    let since = Instant::now();
    let cluster = authorizer.cluster.as_ref();
    let cluster = cluster.ok_or("there is no way to it from here")?;
    let own = shared.state().as_ref().map(|state| state.identity.spiffe.clone());
    let ends = check::ends(down, &own.unwrap_or_default());
    let message = check::call(shared, authorizer, cluster, &ends).await?;
    let answer = Answer::read(&message).ok_or("its answer cannot be read")?;
    answer.write(AUTHORIZERS[1], since.elapsed(), written);
    Ok(answer.is_yes())
}

fn told(down: &Downstream, policy: &str) {
    let principal = down.peer.as_ref().map_or("-", |peer| &peer.spiffe);
    let (remote, destination) = (down.remote, down.destination);
    tracing::warn!(target: "rbac", %remote, principal, %destination, policy, "denied: the connection is closed");
}
