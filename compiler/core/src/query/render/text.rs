use std::fmt::Write;

use super::{ending, heading, place};
use crate::diag::Sources;
use crate::query::{Hop, Outcome, Trace};

/// Columns of the words that hops begin with.
const WORDS: usize = 10;

/// One hop a line, with what there is to know below it and the places in the spec behind it.
pub fn text(trace: &Trace, sources: &Sources, color: bool) -> String {
    let paint = Paint(color);
    let mut out = String::new();
    let _ = writeln!(out, "{} -> {}\n", paint.bold(&trace.from), paint.bold(&trace.to));
    hops(&mut out, &trace.hops, 0, sources, paint);
    let several = trace.branches.len() > 1;
    for branch in &trace.branches {
        if several {
            let _ = writeln!(out, "\n  {}", paint.bold(&heading(branch)));
        }
        hops(&mut out, &branch.hops, usize::from(several) * 2, sources, paint);
    }
    let end = ending(trace);
    let end = match trace.outcome() {
        Outcome::Delivered | Outcome::Outside | Outcome::Answered(_) => paint.green(&end),
        Outcome::Asked => paint.yellow(&end),
        Outcome::Refused | Outcome::Broken => paint.red(&end),
    };
    let _ = writeln!(out, "\n{end}");
    out
}

fn hops(out: &mut String, hops: &[Hop], indent: usize, sources: &Sources, paint: Paint) {
    let margin = " ".repeat(indent + 2);
    let below = " ".repeat(indent + 2 + WORDS + 1);
    for hop in hops {
        let word = format!("{:<WORDS$}", hop.step.word());
        let word = if hop.fault.is_some() {
            paint.red(&word)
        } else {
            paint.cyan(&word)
        };
        let _ = writeln!(
            out,
            "{margin}{word} {}{}",
            hop.says,
            behind(place(sources, hop.place), paint)
        );
        for note in &hop.notes {
            let text = paint.dim(&note.text);
            let _ = writeln!(out, "{below}{text}{}", behind(place(sources, note.place), paint));
        }
        if let Some(fault) = &hop.fault {
            let code = format!("error[{} {}]", fault.code.id, fault.code.slug);
            let _ = writeln!(out, "{below}{}: {}", paint.red(&code), fault.message);
            let _ = writeln!(out, "{below}help: {}", fault.help);
        }
    }
}

fn behind(place: Option<String>, paint: Paint) -> String {
    place.map_or_else(String::new, |place| paint.dim(&format!("  ({place})")))
}

/// Colours, where they are wanted.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    fn green(self, text: &str) -> String {
        self.with("32;1", text)
    }

    fn yellow(self, text: &str) -> String {
        self.with("33;1", text)
    }

    fn red(self, text: &str) -> String {
        self.with("31;1", text)
    }
}
