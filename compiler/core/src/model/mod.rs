//! The resolved mesh: what the spec means, with every default filled in and every name looked up.
//!
//! A [`Mesh`] holds [networks](Network), [clusters](Cluster) and [services](Service); a service has pods behind
//! it, or [groups](Group) of [VMs](Vm), or both, or it lies outside the mesh. Emitters read only this.

mod access;
mod authorizer;
mod build;
mod capture;
mod elastic;
mod expectation;
mod file;
mod mesh;
mod raw;
mod route;
mod service;
mod telemetry;
mod traffic;
mod tune;
mod virtual_ip;
mod workload;

pub(crate) use crate::spec::schema::GRPC_CODES;
pub(crate) use access::DEFAULT_POLICY;
pub use access::{Access, Action, Attribute, Choice, Jwt, Rule, Source, When};
pub use authorizer::{Authorizer, HttpAuthorizer};
pub use build::build;
pub(crate) use build::{
    CLUSTER_DOMAIN, Caller, Layer, ROOT_NAMESPACE, egress_name, expectation as read_expectation, find_group,
    group_name, is_guest, machine_services, port_names, protocol_of, resolve_caller, route_demands,
    route_layers, route_ports,
};
pub use capture::{Backend, Capture, InboundPorts};
pub use elastic::{Elastic, Metadata, Token};
pub use expectation::{Expectation, Wanted};
pub use file::{Content, MachineFile, UserFiles};
pub use mesh::{
    Cluster, Dns, DnsCapture, DnsForward, Egress, Gateway, Mesh, Namespace, Network, OutboundMode,
};
pub use raw::{Identity, Raw, RawObject};
pub use route::{
    Destination, HttpAction, HttpForward, HttpMatch, HttpRoute, MirrorTo, RetryPolicy, Routes, Sender,
    StreamMatch, StreamRoute, Target,
};
pub(crate) use service::takes_in;
pub use service::{Exit, ExternalEndpoint, Kind, Port, Protocol, Resolution, Service, Subset, Visibility};
pub use telemetry::{Collector, Log, LogForm, Provider, Telemetry, Tracing, Watch};
pub use traffic::{
    Balance, ClientTls, Eject, HashTable, Http2, Limits, LoadBalancer, LocalityRule, RetryBudget,
    TrafficPolicy, WarmUp,
};
pub use tune::Tune;
pub use virtual_ip::allocate;
pub use workload::{Asked, Engine, Group, Health, Pods, Registration, Ssh, Vm, WorkloadRef};
