//! Files of machines: what Istio's agent, its start script, systemd, iptables and the resolver read on a VM, and the
//! scripts that write those files. Each [kind](Kind) has its reader; what belongs to one machine ([`Machine`]) is held
//! together by the folder that it lies in, and [rules] compare it with itself and with the objects of the cluster.

pub mod rules;

mod env;
mod iptables;
mod kind;
mod known;
mod lookup;
mod machine;
mod part;
mod place;
mod shell;
mod unit;
mod written;

pub use kind::Kind;
pub(crate) use machine::{Given, Machine, applied, machines};
