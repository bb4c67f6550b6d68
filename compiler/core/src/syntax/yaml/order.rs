//! YAML put in order: two spaces a level, one space behind `key:` and `-`, at most one empty line. Lines stay the lines
//! they are; what stands on several, such as a text, moves with the key that it is of.

use std::collections::BTreeMap;

use crate::syntax::data::{Datum, Kind};

/// `text`, which says `datum`, in order. Whether it says the same still is for the caller to see: YAML has more ways to
/// write a text than this knows.
pub(in crate::syntax) fn order(text: &str, datum: &Datum) -> String {
    let mut plan = Plan {
        text,
        begins: BTreeMap::new(),
        within: Vec::new(),
    };
    plan.walk(datum, 0);
    plan.within.sort_unstable();
    let mut page = Page::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        plan.line(at, line, &mut page);
        at += line.len();
    }
    page.text.truncate(page.text.trim_end_matches('\n').len());
    page.text.push('\n');
    page.text
}

/// A line that begins with a key or the dash of a list.
#[derive(Clone, Copy, Debug)]
struct Begin {
    /// How far it is indented.
    column: usize,
    /// How far it is to be.
    indent: usize,
    /// How many dashes it begins with.
    dashes: usize,
    /// The key behind them ends here.
    key_end: Option<usize>,
}

struct Plan<'a> {
    text: &'a str,
    /// By where the line begins.
    begins: BTreeMap<usize, Begin>,
    /// Values on several lines: from behind their first character to their end.
    within: Vec<(usize, usize)>,
}

#[derive(Default)]
struct Page {
    text: String,
    /// How far the last line that begins something was moved.
    moved: isize,
}

impl Plan<'_> {
    /// The lines of a block whose keys or dashes are to stand at `indent`.
    fn walk(&mut self, datum: &Datum, indent: usize) {
        self.walk_from(datum, datum.span.start, indent);
    }

    fn walk_from(&mut self, datum: &Datum, start: usize, indent: usize) {
        let end = datum.span.end;
        let flow = self.text[start..].starts_with(['{', '[']);
        match &datum.kind {
            Kind::Mapping(entries) if !flow => {
                for entry in entries {
                    self.begin(entry.key.span.start, indent, Some(entry.key.span.end));
                    let start = self.first_dash(&entry.value);
                    // The entries of a list stand further in than its key.
                    self.walk_from(&entry.value, start, indent + 2);
                }
            }
            Kind::List(items) if !flow => {
                self.dashes(start, end, indent);
                items.iter().for_each(|item| self.walk(item, indent + 2));
            }
            _ if self.text[start..end].contains('\n') => self.within.push((start + 1, end)),
            _ => {}
        }
    }

    /// Where the value of a key begins: to the parser, a list whose dashes stand below its key begins behind the first.
    fn first_dash(&self, datum: &Datum) -> usize {
        let start = datum.span.start;
        let line = self.text[..start].rfind('\n').map_or(0, |end| end + 1);
        let before = self.text[line..start].trim_end_matches(' ');
        match &datum.kind {
            Kind::List(_) if before.trim_start_matches(' ') == "-" => line + before.len() - 1,
            _ => start,
        }
    }

    /// What begins at `at` is to stand at `indent`, if it begins its line, or stands behind dashes only.
    fn begin(&mut self, at: usize, indent: usize, key_end: Option<usize>) {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = &self.text[line..at];
        let column = before.len() - before.trim_start_matches(' ').len();
        let dashes = before.matches('-').count() + usize::from(key_end.is_none());
        if before.chars().any(|c| !matches!(c, ' ' | '-')) {
            return;
        }
        let begin = self.begins.entry(line).or_insert(Begin {
            column,
            indent,
            dashes,
            key_end,
        });
        begin.dashes = dashes;
        begin.key_end = key_end;
    }

    /// The dashes of the list from `start` to `end`: all stand below the first one, where nothing else can.
    fn dashes(&mut self, start: usize, end: usize, indent: usize) {
        let line = self.text[..start].rfind('\n').map_or(0, |end| end + 1);
        let column = start - line;
        let mut at = line;
        for line in self.text[line..end].split_inclusive('\n') {
            let dash = at + column;
            let behind = line.get(column..).and_then(|line| line.strip_prefix('-'));
            if behind.is_some_and(|behind| behind.is_empty() || behind.starts_with([' ', '\n'])) {
                self.begin(dash, indent, None);
            }
            at += line.len();
        }
    }

    fn line(&self, at: usize, line: &str, page: &mut Page) {
        let said = line.trim_end_matches(['\n', '\r']);
        let content = said.trim_start_matches(' ');
        let column = said.len() - content.len();
        if self.is_within(at) {
            // A text of several lines may end in spaces.
            page.put(column, content);
        } else if content.trim_end().is_empty() {
            page.gap();
        } else if let Some(begin) = self.begins.get(&at) {
            page.moved = begin.indent.cast_signed() - begin.column.cast_signed();
            page.text.push_str(&" ".repeat(begin.indent));
            page.text.push_str(self.begun(at, said, begin).trim_end());
            page.text.push('\n');
        } else if content.starts_with('#') {
            page.text.push_str(&" ".repeat(self.comment(at, column)));
            page.text.push_str(content.trim_end());
            page.text.push('\n');
        } else {
            page.put(column, content.trim_end());
        }
    }

    /// The value that this line goes on with began before it.
    fn is_within(&self, at: usize) -> bool {
        let before = self.within.partition_point(|(start, _)| *start <= at);
        self.within[..before].iter().any(|(_, end)| at < *end)
    }

    /// What a line says that begins with dashes or a key, with one space behind each.
    fn begun(&self, at: usize, line: &str, begin: &Begin) -> String {
        let mut rest = line.trim_start_matches(' ');
        let mut said = String::new();
        for _ in 0..begin.dashes {
            rest = rest.strip_prefix('-').unwrap_or(rest).trim_start_matches(' ');
            said.push_str("- ");
        }
        let behind = begin.key_end.and_then(|end| line.split_at_checked(end - at));
        let value = behind.and_then(|(_, behind)| behind.trim_start_matches(' ').strip_prefix(':'));
        match (behind, value) {
            // Comments may stand below each other.
            (Some((key, _)), Some(value)) if !value.trim_start().starts_with('#') => {
                let key = &key[line.len() - rest.len()..];
                said + key + ": " + value.trim_start_matches(' ')
            }
            _ => said + rest,
        }
    }

    /// Where a comment on a line of its own is to stand: as what follows, or as what it stands below of.
    fn comment(&self, at: usize, column: usize) -> usize {
        let next = self.begins.range(at..).next().map(|(_, begin)| begin);
        if let Some(next) = next.filter(|next| column <= next.column) {
            return next.indent;
        }
        let before = self.begins.range(..at).rev().map(|(_, begin)| begin);
        let least = next.map_or(0, |next| next.indent);
        let above = before.into_iter().find(|begin| begin.column <= column);
        above.map_or(0, |begin| begin.indent).max(least)
    }
}

impl Page {
    /// A line that moves with what began before it.
    fn put(&mut self, column: usize, content: &str) {
        if !content.is_empty() {
            let indent = column.saturating_add_signed(self.moved);
            self.text.push_str(&" ".repeat(indent));
            self.text.push_str(content);
        }
        self.text.push('\n');
    }

    /// An empty line, unless there is one already.
    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }
}
