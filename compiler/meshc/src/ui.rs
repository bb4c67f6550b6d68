//! The terminal: the only place of meshc that prints.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// In files and pipes too.
    Always,
    /// Not even on a terminal.
    Never,
}

/// Where a command writes to, and how.
#[derive(Clone, Debug)]
pub(crate) struct Ui {
    /// Standard output takes colours.
    pub(crate) color: bool,
    /// Standard error takes colours.
    pub(crate) color_err: bool,
    /// Somebody watches standard error: bars may move.
    pub(crate) interactive: bool,
    /// Columns.
    pub(crate) width: usize,
}

/// Columns where the terminal does not say how many it has.
const WIDTH: usize = 100;

impl Ui {
    /// The terminal of this process. `env` reads its environment: NO_COLOR (no-color.org), TERM and COLUMNS.
    pub(crate) fn of_terminal(color: Color, env: impl Fn(&str) -> Option<String>) -> Self {
        let plain = env("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env("TERM").is_some_and(|term| term == "dumb");
        let wanted = |terminal: bool| match color {
            Color::Auto => terminal && !plain,
            Color::Always => true,
            Color::Never => false,
        };
        let columns = env("COLUMNS").and_then(|text| text.parse().ok());
        Self {
            color: wanted(std::io::stdout().is_terminal()),
            color_err: wanted(std::io::stderr().is_terminal()),
            interactive: std::io::stderr().is_terminal() && env("CI").is_none(),
            width: columns.filter(|columns| *columns >= 40).unwrap_or(WIDTH),
        }
    }

    /// What was asked for: standard output, as it is.
    pub(crate) fn out(&self, text: impl Display) {
        put(&mut std::io::stdout().lock(), &text.to_string());
    }

    /// What was asked for, and a line's end.
    pub(crate) fn line(&self, text: impl Display) {
        self.out(format_args!("{text}\n"));
    }

    /// What goes on meanwhile: standard error, and a line's end.
    pub(crate) fn note(&self, text: impl Display) {
        put(&mut std::io::stderr().lock(), &format!("{text}\n"));
    }

    /// What went wrong, why, and what helps.
    pub(crate) fn fail(&self, what: impl Display, cause: impl Display, remedy: impl Display) {
        let (start, end) = if self.color_err {
            ("\u{1b}[31;1m", "\u{1b}[0m")
        } else {
            ("", "")
        };
        let mut text = format!("{start}error:{end} {}\n", plain(what));
        for (name, part) in [("cause", plain(cause)), ("help", plain(remedy))] {
            if !part.is_empty() {
                text.push_str(&format!("  {name}: {}\n", part.replace('\n', "\n         ")));
            }
        }
        put(&mut std::io::stderr().lock(), &text);
    }
}

/// A message without the operating system's numbers: `(os error 2)` says nothing that the words before do not.
pub(crate) fn plain(message: impl Display) -> String {
    let mut text = message.to_string();
    while let Some(start) = text.find(" (os error ") {
        let Some(length) = text[start..].find(')') else {
            break;
        };
        text.replace_range(start..=start + length, "");
    }
    text
}

/// Writes; a reader that has gone (`meshc … | head`) is no error of ours.
fn put(to: &mut impl Write, text: &str) {
    to.write_all(text.as_bytes()).and_then(|()| to.flush()).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(color: Color, vars: &[(&str, &str)]) -> Ui {
        Ui::of_terminal(color, |name| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn no_color_is_honoured_but_the_flag_wins() {
        assert!(!with(Color::Auto, &[("NO_COLOR", "1")]).color);
        assert!(with(Color::Always, &[("NO_COLOR", "1")]).color);
        assert!(!with(Color::Never, &[]).color);
    }

    #[test]
    fn messages_have_no_numbers_of_the_operating_system() {
        let error = std::io::Error::from_raw_os_error(2);
        assert_eq!(
            plain(format!("a: {error}; b: {error}")),
            "a: No such file or directory; b: No such file or directory"
        );
        assert_eq!(plain("x (os error "), "x (os error ");
    }

    #[test]
    fn width_is_the_terminals_or_a_usual_one() {
        assert_eq!(with(Color::Never, &[("COLUMNS", "72")]).width, 72);
        assert_eq!(with(Color::Never, &[("COLUMNS", "2")]).width, WIDTH);
        assert_eq!(with(Color::Never, &[]).width, WIDTH);
    }
}
