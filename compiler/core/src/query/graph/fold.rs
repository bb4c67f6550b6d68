//! What is too much for one picture.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edge, Graph, Node, NodeKind};

/// Makes one node of all that one namespace has in one lane.
pub(super) fn fold(graph: &mut Graph) {
    let key = |node: &Node| (node.lane, node.namespace.clone());
    let keys: BTreeSet<_> = graph.nodes.iter().map(key).collect();
    let keys: Vec<_> = keys.into_iter().collect();
    let place = |at: usize| {
        keys.iter()
            .position(|own| *own == key(&graph.nodes[at]))
            .unwrap_or(0)
    };
    let mut edges: BTreeMap<(usize, usize), Edge> = BTreeMap::new();
    for edge in &graph.edges {
        let (from, to) = (place(edge.from), place(edge.to));
        if from == to {
            continue;
        }
        let folded = edges.entry((from, to)).or_insert(Edge {
            from,
            to,
            partly: true,
            gateway: edge.gateway,
        });
        folded.partly &= edge.partly;
    }
    let nodes = keys.iter().map(|(lane, namespace)| {
        let own: Vec<&Node> = graph
            .nodes
            .iter()
            .filter(|node| node.lane == *lane && node.namespace == *namespace)
            .collect();
        match own.as_slice() {
            [only] => (*only).clone(),
            several => folded(*lane, namespace, several),
        }
    });
    graph.nodes = nodes.collect();
    graph.edges = edges.into_values().collect();
}

fn folded(lane: usize, namespace: &str, nodes: &[&Node]) -> Node {
    let mut kinds: BTreeMap<NodeKind, usize> = BTreeMap::new();
    for node in nodes {
        *kinds.entry(node.kind).or_default() += 1;
    }
    let word = |kind: NodeKind, number: usize| {
        let word = match kind {
            NodeKind::Pods => "with pods",
            NodeKind::Vms => "groups of VMs",
            NodeKind::Account => "accounts",
            NodeKind::External => "external",
            NodeKind::Folded => "more",
        };
        format!("{number} {word}")
    };
    let detail: Vec<_> = kinds
        .into_iter()
        .map(|(kind, number)| word(kind, number))
        .collect();
    Node {
        id: format!("folded/{namespace}/{lane}"),
        lane,
        kind: NodeKind::Folded,
        namespace: namespace.to_owned(),
        title: format!("all of {namespace}"),
        detail: vec![detail.join(", ")],
        open: nodes.iter().all(|node| node.open),
        place: nodes.iter().find_map(|node| node.place),
    }
}
