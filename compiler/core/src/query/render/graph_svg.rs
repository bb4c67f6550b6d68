//! The picture of a mesh: a band for each network, callers on the left of those that they call.

use super::canvas::{Canvas, Pen, cut, wide};
use super::graph::lines;
use crate::query::graph::{Graph, Lane, Node, NodeKind};

const MARGIN: usize = 24;
/// What is said of a network stands before its nodes.
const HEAD: usize = 210;
const LINE: usize = 15;
const GAP: (usize, usize) = (86, 18);
const WIDEST: usize = 230;

const INK: &str = "#1c2430";
const FAINT: &str = "#475569";
const CALL: &str = "#334155";
const GATEWAY: &str = "#c2410c";

/// The picture of a mesh.
pub fn graph_svg(graph: &Graph) -> String {
    let layout = Layout::of(graph);
    let mut canvas = Canvas::default();
    let title = format!("mesh {}", graph.mesh);
    canvas.text(MARGIN, MARGIN + 14, pen(18, INK, true), &title);
    for (lane, (top, height)) in graph.lanes.iter().zip(&layout.bands) {
        band(&mut canvas, lane, *top, *height, layout.width);
    }
    for edge in &graph.edges {
        let color = if edge.gateway { GATEWAY } else { CALL };
        let path = layout.path(edge.from, edge.to);
        let (from, to) = (&graph.nodes[edge.from], &graph.nodes[edge.to]);
        let part = if edge.partly { " (some requests)" } else { "" };
        let told = format!(
            "{}/{} may call {}/{}{part}",
            from.namespace, from.title, to.namespace, to.title
        );
        canvas.group(&told, |canvas| canvas.arrow(&path, color, edge.partly));
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        draw(&mut canvas, node, layout.boxes[at]);
    }
    let y = layout.height - MARGIN;
    legend(&mut canvas, y);
    canvas.finish(layout.width, layout.height, &title)
}

const fn pen(size: usize, color: &'static str, bold: bool) -> Pen {
    Pen { size, color, bold }
}

fn band(canvas: &mut Canvas, lane: &Lane, top: usize, height: usize, width: usize) {
    let (fill, stroke) = if lane.outside {
        ("#fafaf9", "#d6d3d1")
    } else {
        ("#f1f5f9", "#cbd5e1")
    };
    canvas.rect((MARGIN, top), (width - MARGIN * 2, height), fill, stroke);
    let mut y = top + 22;
    let word = if lane.outside {
        String::new()
    } else {
        "network ".to_owned()
    };
    canvas.text(
        MARGIN + 12,
        y,
        pen(13, INK, true),
        &cut(&format!("{word}{}", lane.name), 26),
    );
    let clusters = lane.clusters.iter().map(|cluster| format!("cluster {cluster}"));
    for line in lane.cidrs.iter().cloned().chain(clusters) {
        y += LINE + 1;
        canvas.text(MARGIN + 12, y, pen(11, FAINT, false), &cut(&line, 30));
    }
    for gateway in &lane.gateways {
        y += LINE + 10;
        let (name, address) = gateway.rsplit_once(' ').unwrap_or(("", gateway));
        canvas.group(gateway, |canvas| {
            canvas.rect(
                (MARGIN + 10, y - 12),
                (HEAD - 30, LINE * 2 + 4),
                "#ffedd5",
                GATEWAY,
            );
            canvas.text(MARGIN + 18, y + 1, pen(11, GATEWAY, true), &cut(name, 26));
            canvas.text(MARGIN + 18, y + LINE, pen(11, GATEWAY, false), &cut(address, 26));
        });
        y += LINE;
    }
}

fn draw(canvas: &mut Canvas, node: &Node, place: Box) {
    let (fill, stroke) = match node.kind {
        NodeKind::Pods => ("#dbeafe", "#2563eb"),
        NodeKind::Vms => ("#dcfce7", "#15803d"),
        NodeKind::Account => ("#f3e8ff", "#7e22ce"),
        NodeKind::External => ("#ffffff", "#78716c"),
        NodeKind::Folded => ("#fef9c3", "#a16207"),
    };
    let all = lines(node);
    canvas.group(&all.join(", "), |canvas| {
        canvas.rect((place.x, place.y), (place.width, place.height), fill, stroke);
        let mut y = place.y + 17;
        let columns = place.width / 7;
        for (index, line) in all.iter().enumerate() {
            let pen = if index == 0 {
                pen(12, INK, true)
            } else {
                pen(11, FAINT, false)
            };
            canvas.text(place.x + 10, y, pen, &cut(line, columns));
            y += LINE;
        }
    });
}

fn legend(canvas: &mut Canvas, y: usize) {
    let mut x = MARGIN;
    for (color, dashed, text) in [
        (CALL, false, "may call"),
        (CALL, true, "some requests only"),
        (GATEWAY, false, "through a gateway"),
    ] {
        canvas.arrow(&format!("M {x} {} L {} {}", y - 4, x + 34, y - 4), color, dashed);
        canvas.text(x + 42, y, pen(11, FAINT, false), text);
        x += 60 + wide(text, 11) + 24;
    }
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, Default)]
struct Box {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// Where everything stands.
struct Layout {
    boxes: Vec<Box>,
    /// Top and height of each lane.
    bands: Vec<(usize, usize)>,
    width: usize,
    height: usize,
}

impl Layout {
    fn of(graph: &Graph) -> Self {
        let layers = layers(graph);
        let last = layers.iter().copied().max().unwrap_or(0);
        let mut boxes = vec![Box::default(); graph.nodes.len()];
        for (at, node) in graph.nodes.iter().enumerate() {
            let all = lines(node);
            let longest = all
                .iter()
                .enumerate()
                .map(|(index, line)| wide(line, if index == 0 { 13 } else { 11 }));
            boxes[at].width = (longest.max().unwrap_or(0) + 24).min(WIDEST);
            boxes[at].height = all.len() * LINE + 10;
        }
        let mut x = MARGIN + HEAD;
        for layer in 0..=last {
            let own = || (0..boxes.len()).filter(|at| layers[*at] == layer);
            let widest = own().map(|at| boxes[at].width).max().unwrap_or(0);
            for at in own().collect::<Vec<_>>() {
                boxes[at].x = x;
                boxes[at].width = widest;
            }
            x += widest + GAP.0;
        }
        let width = (x - GAP.0 + 40 + MARGIN).max(640);
        let mut bands = Vec::new();
        let mut top = MARGIN + 30;
        for (index, lane) in graph.lanes.iter().enumerate() {
            let height = rows(graph, index, last, &layers, top, &mut boxes).max(head(lane));
            bands.push((top, height));
            top += height + 14;
        }
        Self {
            boxes,
            bands,
            width,
            height: top + 22 + MARGIN,
        }
    }

    /// From the right of one to the left of the other; back, round the outside.
    fn path(&self, from: usize, to: usize) -> String {
        let (a, b) = (self.boxes[from], self.boxes[to]);
        let (x1, y1) = (a.x + a.width, a.y + a.height / 2);
        let y2 = b.y + b.height / 2;
        if b.x > a.x + a.width {
            let half = (b.x - x1) / 2;
            return format!(
                "M {x1} {y1} C {} {y1} {} {y2} {} {y2}",
                x1 + half,
                b.x - half,
                b.x
            );
        }
        let x2 = b.x + b.width;
        let out = x1.max(x2) + 46;
        format!("M {x1} {y1} C {out} {y1} {out} {} {x2} {}", y2 + 8, y2 + 8)
    }
}

/// What is said of a network needs so much room.
fn head(lane: &Lane) -> usize {
    34 + (lane.cidrs.len() + lane.clusters.len()) * (LINE + 1) + lane.gateways.len() * (LINE * 2 + 10) + 8
}

/// Puts the nodes of a lane below each other, layer by layer, near those that call them; how high it gets.
fn rows(graph: &Graph, lane: usize, last: usize, layers: &[usize], top: usize, boxes: &mut [Box]) -> usize {
    let mut highest = 0;
    for layer in 0..=last {
        let here = |at: &usize| graph.nodes[*at].lane == lane && layers[*at] == layer;
        let mut own: Vec<usize> = (0..graph.nodes.len()).filter(here).collect();
        let middle = |at: usize| {
            let callers = graph
                .edges
                .iter()
                .filter(|edge| edge.to == at && layers[edge.from] < layer);
            let heights: Vec<usize> = callers.map(|edge| boxes[edge.from].y).collect();
            heights
                .iter()
                .sum::<usize>()
                .checked_div(heights.len())
                .unwrap_or(0)
        };
        own.sort_by_cached_key(|at| (middle(*at), *at));
        let mut y = top + GAP.1;
        for at in own {
            boxes[at].y = y;
            y += boxes[at].height + GAP.1;
        }
        highest = highest.max(y - top);
    }
    highest
}

/// How far right each node stands: behind all that call it, as far as they do not call each other in circles.
fn layers(graph: &Graph) -> Vec<usize> {
    let count = graph.nodes.len();
    let mut layers = vec![0; count];
    let forward = acyclic(graph);
    for _ in 0..count {
        let mut changed = false;
        for &(from, to) in &forward {
            if layers[to] < layers[from] + 1 {
                layers[to] = layers[from] + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    layers
}

/// The edges without those that close a circle, as they are met from the nodes that are called least.
fn acyclic(graph: &Graph) -> Vec<(usize, usize)> {
    let count = graph.nodes.len();
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut called = vec![0_usize; count];
    for edge in &graph.edges {
        next[edge.from].push(edge.to);
        called[edge.to] += 1;
    }
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|at| (called[*at], *at));
    // 0: not seen, 1: on the way, 2: done.
    let mut state = vec![0_u8; count];
    let mut kept = Vec::new();
    for start in order {
        let mut stack = vec![(start, 0)];
        while let Some((at, index)) = stack.pop() {
            if index == 0 {
                if state[at] != 0 {
                    continue;
                }
                state[at] = 1;
            }
            let Some(&to) = next[at].get(index) else {
                state[at] = 2;
                continue;
            };
            stack.push((at, index + 1));
            if state[to] != 1 {
                kept.push((at, to));
                if state[to] == 0 {
                    stack.push((to, 0));
                }
            }
        }
    }
    kept
}
