use super::canvas::{Canvas, Pen, wrapped};
use super::{ending, heading, place};
use crate::diag::Sources;
use crate::query::{Branch, Hop, Outcome, Trace};

const MARGIN: usize = 28;
/// The line that joins the hops, and where their texts begin.
const SPINE: usize = 14;
const TEXTS: usize = 120;
const LINE: usize = 17;
/// Branches that stand beside each other.
const BESIDE: usize = 3;

const INK: &str = "#1c2430";
const FAINT: &str = "#64748b";
const GOOD: &str = "#15803d";
const BAD: &str = "#b91c1c";
const STEP: &str = "#2563eb";

/// A picture: the hops from top to bottom, branches beside each other.
pub fn svg(trace: &Trace, sources: &Sources) -> String {
    let beside = trace.branches.len().clamp(1, BESIDE);
    let column = if beside == 1 { 900 } else { 560 };
    let width = MARGIN * 2
        + if beside == 1 {
            column
        } else {
            (column + MARGIN) * beside - MARGIN
        };
    let mut canvas = Canvas::default();
    let mut y = MARGIN + 16;
    for (index, line) in wrapped(&format!("{}  →  {}", trace.from, trace.to), width / 11)
        .iter()
        .enumerate()
    {
        if index > 0 {
            y += 22;
        }
        canvas.text(MARGIN, y, pen(17, INK, true), line);
    }
    y += 14;
    let common = Column {
        x: MARGIN,
        width: if beside == 1 { column } else { width - MARGIN * 2 },
        sources,
    };
    let lone = trace.branches.len() == 1;
    let hops = trace.hops.iter();
    let hops: Vec<&Hop> = if lone {
        hops.chain(&trace.branches[0].hops).collect()
    } else {
        hops.collect()
    };
    y = common.hops(&mut canvas, y, &hops);
    if !lone {
        for row in trace.branches.chunks(BESIDE) {
            y = branches(&mut canvas, y + 8, row, column, sources);
        }
    }
    let end = ending(trace);
    let color = if trace.outcome().is_good() { GOOD } else { BAD };
    for line in wrapped(&end, width / 9) {
        y += 22;
        canvas.text(MARGIN, y, pen(14, color, true), &line);
    }
    canvas.finish(
        width,
        y + MARGIN,
        &format!("{} to {}: {end}", trace.from, trace.to),
    )
}

const fn pen(size: usize, color: &'static str, bold: bool) -> Pen {
    Pen { size, color, bold }
}

/// A row of branches; where it ends.
fn branches(canvas: &mut Canvas, y: usize, row: &[Branch], column: usize, sources: &Sources) -> usize {
    let mut end = y;
    for (index, branch) in row.iter().enumerate() {
        let own = Column {
            x: MARGIN + index * (column + MARGIN),
            width: column,
            sources,
        };
        let color = match branch.end {
            Outcome::Refused | Outcome::Broken => BAD,
            _ => GOOD,
        };
        let mut below = y + 6;
        canvas.rect((own.x, y), (column, 4), color, "none");
        for line in wrapped(&heading(branch), column / 9) {
            below += 20;
            canvas.text(own.x, below, pen(14, color, true), &line);
        }
        let hops: Vec<&Hop> = branch.hops.iter().collect();
        end = end.max(own.hops(canvas, below + 6, &hops));
    }
    end
}

/// Where hops are drawn.
struct Column<'a> {
    x: usize,
    width: usize,
    sources: &'a Sources,
}

impl Column<'_> {
    /// The hops below each other; where they end.
    fn hops(&self, canvas: &mut Canvas, top: usize, hops: &[&Hop]) -> usize {
        let mut y = top;
        for (index, hop) in hops.iter().enumerate() {
            let start = y + 22;
            let end = self.hop(canvas, start, hop);
            let color = if hop.fault.is_some() { BAD } else { STEP };
            if index + 1 < hops.len() {
                canvas.line((self.x + SPINE, start + 2), (self.x + SPINE, end + 16), "#cbd5e1");
            }
            canvas.circle(self.x + SPINE, start - 4, 6, color);
            canvas.text(self.x + SPINE + 14, start, pen(12, color, true), hop.step.word());
            y = end;
        }
        y + 8
    }

    fn hop(&self, canvas: &mut Canvas, start: usize, hop: &Hop) -> usize {
        let x = self.x + TEXTS;
        let columns = (self.width - TEXTS) / 8;
        let mut y = start;
        let mut lines = Vec::new();
        lines.extend(
            wrapped(&hop.says, columns)
                .into_iter()
                .map(|line| (line, INK, 13)),
        );
        if let Some(fault) = &hop.fault {
            let text = format!("{} {}: {}", fault.code.id, fault.code.slug, fault.message);
            lines.extend(wrapped(&text, columns).into_iter().map(|line| (line, BAD, 13)));
            let help = format!("help: {}", fault.help);
            lines.extend(wrapped(&help, columns).into_iter().map(|line| (line, INK, 12)));
        }
        let small = (self.width - TEXTS) / 7;
        for note in &hop.notes {
            let behind = place(self.sources, note.place).map(|place| format!("  ({place})"));
            let text = format!("{}{}", note.text, behind.unwrap_or_default());
            lines.extend(wrapped(&text, small).into_iter().map(|line| (line, FAINT, 11)));
        }
        if let Some(place) = place(self.sources, hop.place) {
            lines.push((place, FAINT, 11));
        }
        for (index, (line, color, size)) in lines.iter().enumerate() {
            if index > 0 {
                y += LINE;
            }
            canvas.text(x, y, pen(*size, color, false), line);
        }
        y + 6
    }
}
