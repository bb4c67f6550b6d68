//! Keys of tokens that lie elsewhere, fetched (Envoy `remote_jwks`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::uri::Scheme;
use http::{Request, StatusCode, Uri};
use mesh_wire::cluster as wire;
use tokio::time::Instant;

use crate::client;
use crate::cluster::Cluster;
use crate::shared::Shared;
use crate::state::State;
use crate::state::jwt::Remote;

/// How often it is looked whether keys are due.
const LOOK: Duration = Duration::from_millis(500);
/// Keys are fetched anew after this (Istio's `cache_duration`).
const KEPT: Duration = Duration::from_secs(5 * 60);
/// Where fetching failed, it is tried again after this.
const AGAIN: Duration = Duration::from_secs(2);

/// Fetches the keys that snapshots name by an address, for ever: at once when they are named, and anew every five
/// minutes. Where that fails, those that are known serve on.
///
/// A cluster of the snapshot for host and port is taken where there is one, as Istio does; everybody else is asked
/// directly, by TLS with the machine's trusted certificates where the address says `https`.
pub async fn fetch_keys(shared: Arc<Shared>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        let Some(state) = shared.state().clone() else {
            continue;
        };
        for remote in state.remotes.values() {
            if remote.is_due(Instant::now(), remote.timeout + AGAIN) {
                tokio::spawn(fetch(shared.clone(), state.clone(), remote.clone()));
            }
        }
    }
}

async fn fetch(shared: Arc<Shared>, state: Arc<State>, remote: Arc<Remote>) {
    let next = match text(&shared, &state, &remote).await {
        Ok(text) if remote.learn(&text) => KEPT,
        Ok(_) => {
            tracing::warn!(uri = remote.uri, "what was fetched is no key set");
            AGAIN
        }
        Err(error) => {
            tracing::warn!(uri = remote.uri, error, "keys of tokens cannot be fetched");
            AGAIN
        }
    };
    remote.again(Instant::now() + next);
}

async fn text(shared: &Shared, state: &State, remote: &Remote) -> Result<String, String> {
    let uri: Uri = remote.uri.parse().map_err(|_| "this is no address".to_owned())?;
    let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
        return Err("the address names no host".to_owned());
    };
    let tls = uri.scheme() == Some(&Scheme::HTTPS);
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let cluster = match known(state, host, port, tls) {
        Some(cluster) => cluster,
        None => direct(shared, host, port, tls, remote.timeout)?,
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::get(path)
        .body(Bytes::new())
        .map_err(|error| error.to_string())?;
    let authority = HeaderValue::from_str(authority.as_str()).map_err(|error| error.to_string())?;
    request.headers_mut().insert(HOST, authority);
    let answer = client::ask(shared, &cluster, false, request, remote.timeout)
        .await
        .map_err(|error| error.to_string())?;
    if answer.parts.status != StatusCode::OK {
        return Err(format!("the answer is {}", answer.parts.status));
    }
    String::from_utf8(answer.body.to_vec()).map_err(|_| "the answer is no text".to_owned())
}

/// The mesh's own way there. One that would send a request for `https` in the clear is none.
fn known(state: &State, host: &str, port: u16, tls: bool) -> Option<Arc<Cluster>> {
    let cluster = state.clusters.get(&format!("outbound|{port}||{host}"))?;
    let plain = matches!(cluster.wire.transport, wire::Transport::Plaintext);
    (!(tls && plain)).then(|| cluster.clone())
}

/// A cluster of one host outside the mesh.
fn direct(
    shared: &Shared,
    host: &str,
    port: u16,
    tls: bool,
    timeout: Duration,
) -> Result<Arc<Cluster>, String> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let transport = if tls {
        wire::Transport::Tls(wire::OriginatedTls {
            sni: Some(host.to_owned()),
            sans: Vec::new(),
            alpn: Vec::new(),
            ca_file: None,
            crl_file: None,
            client: None,
            insecure_skip_verify: false,
        })
    } else {
        wire::Transport::Plaintext
    };
    let wire = wire::Cluster::of_host(host, port, transport, timeout);
    let cluster = Cluster::compile("keys", &wire, &Arc::default(), None, false);
    let cluster = cluster.map_err(|error| error.to_string())?;
    cluster.start(shared.lookup());
    Ok(cluster)
}
