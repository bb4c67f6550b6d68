//! How the wire is protected, and whether the workload's side agrees.

use mesh_wire::cluster::{Cluster, OriginatedTls, Transport};
use mesh_wire::listener::{InboundListener, MtlsMode};
use mesh_wire::matcher::StringMatch;
use serde_json::json;

use super::peer::Peer;
use super::{Hop, Outcome, Step, Walk};
use crate::diag::code;
use crate::emit::capture::{self, Settings, program, rule::Family};
use crate::query::packet::{self, Fate, Packet};
use crate::query::place;
use crate::query::wire::listener;

/// What the caller's side puts on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    Mesh,
    Plain,
    /// TLS that is not the mesh's.
    Foreign,
}

/// What leaves the mesh, and how.
pub(super) fn outside(cluster: &Cluster, there: &str) -> Hop {
    let hop = match &cluster.transport {
        Transport::Tls(tls) => Hop::new(
            Step::Transport,
            format!("TLS that the proxy begins, {}", originated(tls)),
        ),
        Transport::Plaintext | Transport::Mesh(_) => Hop::new(
            Step::Transport,
            "as the application sends it: no mutual TLS outside the mesh",
        ),
    };
    hop.note(format!(
        "{there} lies outside the mesh: what it says to it nobody here knows"
    ))
    .fact(
        "protection",
        match &cluster.transport {
            Transport::Tls(_) => "tls",
            Transport::Plaintext | Transport::Mesh(_) => "as-sent",
        },
    )
}

fn originated(tls: &OriginatedTls) -> String {
    let sni = tls
        .sni
        .as_deref()
        .map_or_else(|| "without SNI".to_owned(), |sni| format!("SNI {sni}"));
    let names: Vec<_> = tls.sans.iter().map(text).collect();
    match (tls.insecure_skip_verify, names.is_empty()) {
        (true, _) => format!("{sni}; the certificate is not checked"),
        (false, true) => format!("{sni}; the certificate's name is not checked"),
        (false, false) => format!("{sni}; the certificate has to carry {}", names.join(" or ")),
    }
}

fn text(name: &StringMatch) -> String {
    match name {
        StringMatch::Exact(text) | StringMatch::Prefix(text) | StringMatch::Suffix(text) => text.clone(),
        StringMatch::Contains(text) | StringMatch::Regex(text) => text.clone(),
        StringMatch::IgnoreCase(inner) => self::text(inner),
    }
}

impl<'a> Walk<'_, 'a> {
    /// The hops at the workload's side, and how they end. `cluster` is how the caller's proxy reaches it; without one,
    /// no proxy does.
    pub(super) fn meet(
        &mut self,
        peer: &Peer<'a>,
        mtls: bool,
        cluster: Option<&Cluster>,
    ) -> (Vec<Hop>, Outcome) {
        let (wire, mut hop) = self.sent_as(mtls, cluster);
        hop.place = Some(self.mtls_place(peer));
        let workload = peer.workload(self.asker.mesh);
        let told = workload.and_then(|workload| self.asker.told(&workload));
        let Some(told) = told else {
            return self.unguarded(peer, wire, hop);
        };
        if let Err(why) = self.captured_at(peer) {
            return self.uncaptured(peer, wire, hop, &why);
        }
        let Some(found) = listener::inbound(&told.snapshot, peer.port()) else {
            return (vec![hop], Outcome::Delivered);
        };
        hop.add_note(self.mode_says(peer, found), None);
        hop.facts.insert("mode".to_owned(), json!(found.mtls));
        if let Some((message, help)) = self.disagreement(peer, wire, found, cluster) {
            return (
                vec![hop.fault(&code::MTLS_MISMATCH, message, help)],
                Outcome::Refused,
            );
        }
        if wire == Wire::Foreign {
            hop.add_note("the TLS is passed on to the application", None);
        }
        let identity = (wire == Wire::Mesh).then(|| self.identity()).flatten();
        let (policy, end) = self.policy(peer, found, identity.as_deref(), cluster);
        (vec![hop, policy], end)
    }

    /// What the caller's proxy does to the wire.
    fn sent_as(&self, mtls: bool, cluster: Option<&Cluster>) -> (Wire, Hop) {
        let hop = |says: String, word: &str| Hop::new(Step::Transport, says).fact("protection", word);
        match cluster.map(|cluster| &cluster.transport) {
            Some(Transport::Mesh(tls)) if mtls => {
                let hop = hop(format!("mutual TLS of the mesh, SNI {}", tls.sni), "mesh")
                    .fact("sni", tls.sni.as_str())
                    .fact("alpn", json!(tls.alpn));
                (Wire::Mesh, hop)
            }
            Some(Transport::Tls(tls)) => {
                let says = format!("TLS that the proxy begins, {}", originated(tls));
                (Wire::Foreign, hop(says, "tls"))
            }
            Some(Transport::Mesh(_)) => {
                let says = "plaintext: the endpoint speaks no mutual TLS of the mesh".to_owned();
                (Wire::Plain, hop(says, "plaintext"))
            }
            Some(Transport::Plaintext) => (Wire::Plain, hop("plaintext".to_owned(), "plaintext")),
            None => (
                Wire::Plain,
                hop("plaintext, without an identity".to_owned(), "plaintext"),
            ),
        }
    }

    fn identity(&self) -> Option<String> {
        let told = self.told.as_ref()?;
        Some(told.snapshot.identity.as_ref()?.spiffe.clone())
    }

    /// No proxy stands before the workload: nothing of the mesh holds there.
    fn unguarded(&self, peer: &Peer<'_>, wire: Wire, hop: Hop) -> (Vec<Hop>, Outcome) {
        let hop = hop.note(format!("{} have no sidecar: no policy holds there", peer.label()));
        if wire == Wire::Mesh {
            let message = "the caller speaks mutual TLS, and no sidecar answers it".to_owned();
            let help = "inject sidecars into the namespace: `injection=#true`";
            return (
                vec![hop.fault(&code::MTLS_MISMATCH, message, help)],
                Outcome::Refused,
            );
        }
        (vec![hop], Outcome::Delivered)
    }

    /// Whether the machine's rules give the connection to its proxy; else why not.
    fn captured_at(&self, peer: &Peer<'_>) -> Result<(), String> {
        let Peer::Vm { group, vm, port } = peer else {
            return Ok(());
        };
        let program = program::program(&Settings::of_group(self.asker.mesh, group));
        let packet = Packet {
            to: vm.address,
            port: *port,
            local: false,
        };
        match packet::arriving(&program, packet) {
            Fate::Captured(..) => Ok(()),
            Fate::Passes(Some(rule)) => Err(format!("by {}", capture::line(rule, Family::of(&vm.address)))),
            Fate::Passes(None) => Err("no rule takes it".to_owned()),
        }
    }

    /// The workload's machine does not capture the port: the application gets what was sent.
    fn uncaptured(&self, peer: &Peer<'_>, wire: Wire, hop: Hop, why: &str) -> (Vec<Hop>, Outcome) {
        let port = peer.port();
        let hop = hop.note(format!(
            "port {port} of {} is not captured, {why}: no policy holds there",
            peer.label()
        ));
        if wire != Wire::Mesh {
            return (vec![hop], Outcome::Delivered);
        }
        let message =
            format!("the caller speaks mutual TLS, and port {port} of the machine answers without it");
        let help =
            format!("capture it: `capture inbound=declared`, or take {port} out of `exclude-inbound=`");
        (
            vec![hop.fault(&code::INBOUND_UNCAPTURED, message, help)],
            Outcome::Broken,
        )
    }

    fn mode_says(&self, peer: &Peer<'_>, found: &InboundListener) -> String {
        let mode = match found.mtls {
            MtlsMode::Strict => "strict: nothing but mutual TLS of the mesh",
            MtlsMode::Permissive => "permissive: mutual TLS of the mesh, and everything else",
            MtlsMode::Disable => "disable: no mutual TLS",
        };
        format!("{} take port {} as {mode}", peer.label(), peer.port())
    }

    fn mtls_place(&self, peer: &Peer<'a>) -> crate::diag::Span {
        let mesh = self.asker.mesh;
        place::of_mtls(mesh, peer.namespace(), &peer.services(mesh), peer.port())
    }

    /// Why the two sides do not agree, and what to do.
    fn disagreement(
        &self,
        peer: &Peer<'_>,
        wire: Wire,
        found: &InboundListener,
        cluster: Option<&Cluster>,
    ) -> Option<(String, String)> {
        let mesh = self.asker.mesh;
        match (found.mtls, wire) {
            (MtlsMode::Strict, Wire::Plain | Wire::Foreign) => {
                let what = if wire == Wire::Plain { "plaintext" } else { "TLS of its own" };
                let help = match cluster {
                    None => "let the caller join the mesh, or write `mtls permissive` for the port",
                    Some(_) => "let both ends speak mutual TLS, or write `mtls permissive` for the port",
                };
                Some((format!("{what} arrives where only mutual TLS of the mesh is taken"), help.to_owned()))
            }
            (MtlsMode::Disable, Wire::Mesh) => Some((
                "the caller speaks mutual TLS, and the workload's side takes none".to_owned(),
                "write `mtls disable` where the caller's side learns of it: for the whole service or namespace".to_owned(),
            )),
            (_, Wire::Mesh) => {
                let Some(Transport::Mesh(tls)) = cluster.map(|cluster| &cluster.transport) else {
                    return None;
                };
                let own = peer.spiffe(mesh);
                let carries = tls.sans.is_empty() || tls.sans.contains(&StringMatch::Exact(own.clone()));
                (!carries).then(|| {
                    (
                        format!("the workload shows {own}, which the caller does not expect"),
                        "give all workloads of the service one `account=`, or name the others".to_owned(),
                    )
                })
            }
            _ => None,
        }
    }
}
