//! Names of the mesh, answered on 15053.
//!
//! A [`Query`](query::Query) is read by hand from the packet; its [`Name`](name::Name) is looked up in the compiled
//! [`Names`]; an answer is written beside the question, without a library and without an allocation. What
//! the mesh does not know is [forwarded](forward) to the [`Resolvers`] of the machine, or to the servers that the
//! name's domain has of its own. Semantics are those of Istio's agent (`pkg/dns/client/dns.go`): A and AAAA of known
//! hosts are answered, everything else goes upstream.

mod answer;
mod forward;
mod lookup;
mod name;
mod query;
mod question;
mod resolvers;
mod server;
mod stats;
mod tcp;
mod udp;

mod names;
mod random;

pub use names::Names;
pub(crate) use question::Question;
pub use resolvers::{Machine, Resolvers};
pub use server::Dns;
pub use stats::Stats;
pub use tcp::serve_tcp;
pub use udp::serve_udp;

#[cfg(test)]
mod tests;

/// Answers a packet from a small table.
#[cfg(fuzzing)]
pub(crate) fn fuzz(packet: &[u8]) {
    let mut table = mesh_wire::NameTable {
        ttl: 30,
        search: vec!["ns.svc.cluster.local".into()],
        ..Default::default()
    };
    for host in ["a.ns.svc.cluster.local", "*.wild.example"] {
        let addresses = vec![[10, 0, 0, 1].into(), std::net::Ipv6Addr::LOCALHOST.into()];
        table.hosts.insert(
            host.into(),
            mesh_wire::snapshot::NameEntry {
                addresses,
                kubernetes: host.starts_with('a'),
            },
        );
    }
    let dns = Dns::new(Names::compile(&table), Resolvers::of(Vec::new()));
    let mut out = Vec::new();
    dns.answer(packet, forward::Transport::Udp, &mut out);
    assert!(
        out.len() <= 4096,
        "an answer by UDP stays within what the client takes"
    );
}
