//! The mesh as a picture has it: networks with their clusters and gateways, what runs there, and who may call whom.
//!
//! Who may call is read from the policies in the snapshots of the workloads that are called.

mod access;
mod fold;
mod nodes;

use crate::diag::Span;
use crate::model::Mesh;

/// The mesh as a picture has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// The mesh's name.
    pub mesh: String,
    /// Networks by name, then what lies outside.
    pub lanes: Vec<Lane>,
    /// Ordered by lane and name.
    pub nodes: Vec<Node>,
    /// Ordered by their ends.
    pub edges: Vec<Edge>,
}

/// A network, or what lies outside the mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The network's name.
    pub name: String,
    /// Its addresses.
    pub cidrs: Vec<String>,
    /// The clusters whose pods are on it.
    pub clusters: Vec<String>,
    /// The gateways that lead into it: `name address:port`.
    pub gateways: Vec<String>,
    /// It is what lies outside the mesh.
    pub outside: bool,
}

/// Something that runs somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Unique.
    pub id: String,
    /// Its place in [`Graph::lanes`].
    pub lane: usize,
    /// What it is.
    pub kind: NodeKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub title: String,
    /// What else there is to say, a line each.
    pub detail: Vec<String>,
    /// Everybody in the mesh may call it.
    pub open: bool,
    /// Where it is written.
    pub place: Option<Span>,
}

/// What runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    /// Pods of a service.
    Pods,
    /// A group of VMs.
    Vms,
    /// Pods that only call.
    Account,
    /// A service outside the mesh.
    External,
    /// Several of a namespace, folded into one.
    Folded,
}

/// One may call another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Who calls: a place in [`Graph::nodes`].
    pub from: usize,
    /// Who is called.
    pub to: usize,
    /// Some requests only.
    pub partly: bool,
    /// A gateway is on the way.
    pub gateway: bool,
}

/// More nodes than these nobody reads: those of one namespace and lane are folded into one.
const READABLE: usize = 40;

impl Graph {
    /// The graph of `mesh`.
    pub fn of(mesh: &Mesh) -> Self {
        let lanes = nodes::lanes(mesh);
        let found = nodes::all(mesh, &lanes);
        let mut graph = Self {
            mesh: mesh.name.clone(),
            lanes,
            nodes: Vec::new(),
            edges: Vec::new(),
        };
        access::fill(mesh, &mut graph, found);
        if graph.nodes.len() > READABLE {
            fold::fold(&mut graph);
        }
        graph
    }
}

impl NodeKind {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::Vms => "vms",
            Self::Account => "account",
            Self::External => "external",
            Self::Folded => "folded",
        }
    }
}
