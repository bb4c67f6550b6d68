//! Shapes and texts of an SVG picture. Its fonts are those of the reader: widths are estimated.

use std::fmt::Write;

use super::junit::escaped;

/// The fonts of a picture.
const FONT: &str = "'DejaVu Sans', 'Segoe UI', Helvetica, Arial, sans-serif";

/// A picture in the making.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    body: String,
}

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub(super) size: usize,
    pub(super) color: &'static str,
    pub(super) bold: bool,
}

impl Canvas {
    pub(super) fn text(&mut self, x: usize, y: usize, pen: Pen, text: &str) {
        let weight = if pen.bold { " font-weight=\"bold\"" } else { "" };
        let _ = writeln!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" fill=\"{}\"{weight}>{}</text>",
            pen.size,
            pen.color,
            escaped(text)
        );
    }

    pub(super) fn rect(&mut self, place: (usize, usize), size: (usize, usize), fill: &str, stroke: &str) {
        let ((x, y), (width, height)) = (place, size);
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"{fill}\" stroke=\"{stroke}\"/>"
        );
    }

    pub(super) fn circle(&mut self, x: usize, y: usize, radius: usize, fill: &str) {
        let _ = writeln!(
            self.body,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"/>"
        );
    }

    pub(super) fn line(&mut self, from: (usize, usize), to: (usize, usize), stroke: &str) {
        let _ = writeln!(
            self.body,
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{stroke}\" stroke-width=\"2\"/>",
            from.0, from.1, to.0, to.1
        );
    }

    /// An arrow along `path`.
    pub(super) fn arrow(&mut self, path: &str, stroke: &str, dashed: bool) {
        let dash = if dashed { " stroke-dasharray=\"5 4\"" } else { "" };
        let _ = writeln!(
            self.body,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"1.5\"{dash} marker-end=\"url(#head)\"/>"
        );
    }

    /// What a reader is shown who points at what follows.
    pub(super) fn group(&mut self, title: &str, inside: impl FnOnce(&mut Self)) {
        let _ = writeln!(self.body, "<g><title>{}</title>", escaped(title));
        inside(self);
        self.body.push_str("</g>\n");
    }

    pub(super) fn finish(self, width: usize, height: usize, title: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FONT}\">\n<title>{}</title>\n\
             <defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" \
             orient=\"auto-start-reverse\"><path d=\"M 0 0 L 10 5 L 0 10 z\" fill=\"context-stroke\"/></marker></defs>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escaped(title),
            self.body
        )
    }
}

/// How wide a text is, about.
pub(super) fn wide(text: &str, size: usize) -> usize {
    text.chars().count() * size * 62 / 100
}

/// `text` in lines of at most `columns` characters; words that are longer are taken apart.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut rest: Vec<char> = word.chars().collect();
        while let Some(line) = lines.last_mut() {
            let used = line.chars().count();
            let room = columns.saturating_sub(used + usize::from(used > 0));
            if rest.len() <= room {
                if used > 0 {
                    line.push(' ');
                }
                line.extend(rest);
                break;
            }
            if used == 0 {
                line.extend(rest.drain(..columns.max(1)));
            }
            lines.push(String::new());
        }
    }
    lines
}

/// `text`, cut where it is longer than `columns`.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{kept}…")
}
