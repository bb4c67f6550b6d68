//! A page for the terminal: what our pages are made of (headings, paragraphs, examples), and no more of Markdown.

use mesh_compiler::diag::{Code, Severity};
use mesh_compiler::rules;

use crate::ui::Ui;

const BOLD: &str = "1";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";
const FAINT: &str = "2";

/// The page of a code. Its heading says how bad it is.
pub(super) fn shown(code: &Code, ui: &Ui) -> String {
    let page = rules::page(code).unwrap_or_default();
    let (word, color) = match code.severity {
        Severity::Error => ("error", RED),
        Severity::Warning => ("warning", YELLOW),
    };
    let mut text = format!(
        "{} {}\n",
        paint(word, color, ui),
        paint(&format!("{} {}", code.id, code.slug), BOLD, ui)
    );
    let mut fence: Option<&str> = None;
    for line in page.lines().skip(1) {
        match (fence, line.strip_prefix("```")) {
            (Some(_), Some(_)) => fence = None,
            (Some(language), None) => text.push_str(&example(line, language, ui)),
            (None, Some(info)) => {
                fence = Some(info.split(' ').next().unwrap_or_default());
                text.push_str(&file_name(info, ui));
            }
            (None, None) => text.push_str(&prose(line, ui)),
        }
    }
    text.push('\n');
    text
}

/// A heading of a list.
pub(super) fn heading(text: &str, ui: &Ui) -> String {
    paint(text, BOLD, ui)
}

fn paint(text: &str, color: &str, ui: &Ui) -> String {
    match ui.color && !text.is_empty() {
        true => format!("\u{1b}[{color}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    }
}

/// `csv vms.csv`: a file beside has its name said.
fn file_name(info: &str, ui: &Ui) -> String {
    match info.split_once(' ') {
        Some((_, name)) if name.contains('.') => format!("    {}\n", paint(name, FAINT, ui)),
        _ => String::new(),
    }
}

fn prose(line: &str, ui: &Ui) -> String {
    match line {
        "Wrong:" => return format!("{}\n", paint(line, RED, ui)),
        "Right:" => return format!("{}\n", paint(line, GREEN, ui)),
        _ => {}
    }
    if line.starts_with('#') {
        return format!("{}\n", paint(line.trim_start_matches('#').trim(), BOLD, ui));
    }
    // Entries of lists and rows of tables are lines of their own.
    let hang = if line.starts_with("- ") || line.starts_with("* ") {
        "  "
    } else {
        ""
    };
    let wrapped = match line.starts_with('|') {
        true => line.to_owned(),
        false => wrap(line, ui.width, hang),
    };
    quoted(&wrapped, ui) + "\n"
}

/// Lines of at most `width` columns; those after the first begin with `hang`.
fn wrap(line: &str, width: usize, hang: &str) -> String {
    let mut text = String::with_capacity(line.len() + 8);
    let mut column = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            text.push('\n');
            text.push_str(hang);
            column = hang.len();
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text
}

/// What stands between backticks, coloured; without colours the backticks stay.
fn quoted(text: &str, ui: &Ui) -> String {
    if !ui.color {
        return text.to_owned();
    }
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| match at % 2 {
            1 => paint(part, CYAN, ui),
            _ => part.to_owned(),
        })
        .collect()
}

/// A line of an example: its comment, its quoted texts and its keys have colours.
fn example(line: &str, language: &str, ui: &Ui) -> String {
    let mark = if matches!(language, "kdl" | "json") {
        "//"
    } else {
        "#"
    };
    let mut text = "    ".to_owned();
    let mut rest = line;
    let mut first = true;
    while let Some(next) = rest.chars().next() {
        let blank = rest.len() - rest.trim_start().len();
        let (length, color) = if blank > 0 {
            (blank, "")
        } else if rest.starts_with(mark) {
            (rest.len(), FAINT)
        } else if next == '"' {
            (rest[1..].find('"').map_or(rest.len(), |end| end + 2), GREEN)
        } else {
            let length = rest
                .find(|c: char| c.is_whitespace() || c == '"' || c == '=')
                .unwrap_or(rest.len())
                .max(next.len_utf8());
            let key = rest[length..].starts_with('=') || rest[..length].ends_with(':');
            let name = language == "kdl" && first && next.is_ascii_alphabetic();
            (length, if key || name { CYAN } else { "" })
        };
        let (part, behind) = rest.split_at(length);
        first &= blank > 0;
        text.push_str(&if color.is_empty() {
            part.to_owned()
        } else {
            paint(part, color, ui)
        });
        rest = behind;
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Color;

    #[test]
    fn lines_are_wrapped_between_words() {
        assert_eq!(wrap("a bb ccc dddd", 6, ""), "a bb\nccc\ndddd");
        assert_eq!(wrap("- a bb ccc", 6, "  "), "- a bb\n  ccc");
        assert_eq!(wrap("", 6, ""), "");
    }

    #[test]
    fn without_colours_an_example_is_as_it_is_written() {
        let ui = Ui::of_terminal(Color::Never, |_| None);
        for line in [
            "service cart { port 8080 http } // \"why\"",
            "a: \"b",
            "x=\"é\"  =",
            "",
        ] {
            assert_eq!(example(line, "kdl", &ui), format!("    {line}\n"));
        }
        let ui = Ui::of_terminal(Color::Always, |_| None);
        assert_eq!(
            example("a b=\"c\" // d", "kdl", &ui),
            "    \u{1b}[36ma\u{1b}[0m \u{1b}[36mb\u{1b}[0m=\u{1b}[32m\"c\"\u{1b}[0m \u{1b}[2m// d\u{1b}[0m\n"
        );
    }
}
