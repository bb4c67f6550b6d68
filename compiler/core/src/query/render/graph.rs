//! Pictures of a mesh for other tools: Graphviz, Mermaid and JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::diag::Sources;
use crate::query::graph::{Graph, Node, NodeKind};

/// For `dot`: networks are clusters.
pub fn dot(graph: &Graph) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&graph.mesh));
    out.push_str("  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    for (index, lane) in graph.lanes.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{index} {{");
        let mut label = vec![lane.name.clone()];
        label.extend(lane.cidrs.iter().chain(&lane.gateways).cloned());
        let _ = writeln!(out, "    label={};", quoted(&label.join("\n")));
        for (at, node) in graph
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.lane == index)
        {
            let shape = if node.kind == NodeKind::External {
                ", shape=ellipse"
            } else {
                ""
            };
            let _ = writeln!(
                out,
                "    n{at} [label={}{shape}];",
                quoted(&lines(node).join("\n"))
            );
        }
        out.push_str("  }\n");
    }
    for edge in &graph.edges {
        let mut marks = Vec::new();
        if edge.partly {
            marks.push("style=dashed");
        }
        if edge.gateway {
            marks.push("label=gateway");
        }
        let marks = if marks.is_empty() {
            String::new()
        } else {
            format!(" [{}]", marks.join(", "))
        };
        let _ = writeln!(out, "  n{} -> n{}{marks};", edge.from, edge.to);
    }
    out.push_str("}\n");
    out
}

/// A text of DOT.
fn quoted(text: &str) -> String {
    let text = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{text}\"")
}

/// For Markdown: networks are subgraphs.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    for (index, lane) in graph.lanes.iter().enumerate() {
        let mut label = vec![lane.name.clone()];
        label.extend(lane.cidrs.iter().chain(&lane.gateways).cloned());
        let _ = writeln!(out, "  subgraph l{index}[\"{}\"]", entities(&label.join(", ")));
        for (at, node) in graph
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.lane == index)
        {
            let text: Vec<_> = lines(node).iter().map(|line| entities(line)).collect();
            let text = text.join("<br/>");
            let _ = match node.kind {
                NodeKind::External => writeln!(out, "    n{at}([\"{text}\"])"),
                _ => writeln!(out, "    n{at}[\"{text}\"]"),
            };
        }
        out.push_str("  end\n");
    }
    for edge in &graph.edges {
        let arrow = if edge.partly { "-.->" } else { "-->" };
        let label = if edge.gateway { "|gateway|" } else { "" };
        let _ = writeln!(out, "  n{} {arrow}{label} n{}", edge.from, edge.to);
    }
    out
}

fn entities(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '<' | '>' | '&' | '#' | ';' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// What stands in a node.
pub(super) fn lines(node: &Node) -> Vec<String> {
    let mut lines = vec![format!("{}/{}", node.namespace, node.title)];
    lines.extend(node.detail.iter().filter(|line| !line.is_empty()).cloned());
    if node.open {
        lines.push("open to all of the mesh".to_owned());
    }
    lines
}

/// The newest shape of [`graph_json`]. Fields may be added to it, never changed or taken away.
const FORMAT: u32 = 1;

/// One document.
pub fn graph_json(graph: &Graph, sources: &Sources) -> String {
    let lanes = graph.lanes.iter().map(|lane| {
        json!({
            "name": lane.name,
            "cidrs": lane.cidrs,
            "clusters": lane.clusters,
            "gateways": lane.gateways,
            "outside": lane.outside,
        })
    });
    let nodes = graph.nodes.iter().map(|node| {
        json!({
            "id": node.id,
            "kind": node.kind.word(),
            "lane": graph.lanes.get(node.lane).map(|lane| &lane.name),
            "namespace": node.namespace,
            "name": node.title,
            "detail": node.detail,
            "open": node.open,
            "place": super::place(sources, node.place),
        })
    });
    let id = |at: usize| graph.nodes.get(at).map(|node| &node.id);
    let edges = graph.edges.iter().map(|edge| {
        json!({
            "from": id(edge.from),
            "to": id(edge.to),
            "partly": edge.partly,
            "gateway": edge.gateway,
        })
    });
    let document = json!({
        "format": FORMAT,
        "mesh": graph.mesh,
        "lanes": lanes.collect::<Vec<Value>>(),
        "nodes": nodes.collect::<Vec<Value>>(),
        "edges": edges.collect::<Vec<Value>>(),
    });
    format!("{document:#}\n")
}
