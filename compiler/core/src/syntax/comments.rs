//! Comments of a text, by what they stand at, so that it may be written in another language with them.

use std::collections::BTreeMap;

use super::format::pieces;
use super::{Datum, Document, Kind, Node, Scalar};
use crate::diag::{FileId, Language, Sink};

/// Comments, by where the node begins that they stand before, or on whose first line.
#[derive(Clone, Debug, Default)]
pub struct Comments {
    /// Lines, without what begins a comment.
    before: BTreeMap<usize, Vec<String>>,
    /// What stands behind everything.
    end: Vec<String>,
}

/// What editors read, and only in YAML.
const SERVER: &str = "yaml-language-server:";

impl Comments {
    /// Those of `text`, which says `nodes`. JSON has none.
    pub fn of(text: &str, language: Language, nodes: &[Node]) -> Self {
        let found = match language {
            Language::Kdl => pieces(text),
            Language::Yaml => of_yaml(text),
            Language::Json => Vec::new(),
        };
        let mut owners = BTreeMap::new();
        nodes.iter().for_each(|node| own(node, &mut owners));
        let mut comments = Self::default();
        for (at, said) in found {
            let lines = said.lines().map(|line| line.trim().to_owned());
            let lines = lines.filter(|line| !line.starts_with(SERVER));
            comments.list(at, text, &owners).extend(lines);
        }
        comments
    }

    /// The comments of a YAML text, in order.
    pub(super) fn lines(text: &str) -> Vec<String> {
        of_yaml(text).into_iter().map(|(_, said)| said).collect()
    }

    /// Where a comment belongs: what begins its line has it, else what follows.
    fn list(&mut self, at: usize, text: &str, owners: &BTreeMap<usize, usize>) -> &mut Vec<String> {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let beside = owners.range(line..at).next();
        match beside.or_else(|| owners.range(at..).next()) {
            Some((_, node)) => self.before.entry(*node).or_default(),
            None => &mut self.end,
        }
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.end.is_empty()
    }

    /// Those of the node that begins here; they are given once.
    pub(super) fn take(&mut self, at: usize) -> Vec<String> {
        self.before.remove(&at).unwrap_or_default()
    }

    /// Those of everything within, which is written on one line.
    pub(super) fn take_all(&mut self, datum: &Datum) -> Vec<String> {
        match &datum.kind {
            Kind::Scalar(_) => self.take(datum.span.start),
            // A list of nodes has no place of its own.
            Kind::List(items) => items.iter().flat_map(|item| self.take_all(item)).collect(),
            Kind::Mapping(entries) => {
                let mut all = self.take(datum.span.start);
                all.extend(entries.iter().flat_map(|entry| self.take_all(&entry.value)));
                all
            }
        }
    }

    /// All that are left.
    pub(super) fn rest(&mut self) -> Vec<String> {
        let mut rest: Vec<_> = std::mem::take(&mut self.before).into_values().flatten().collect();
        rest.append(&mut self.end);
        rest
    }
}

/// The node, its values and what is in it, each with the node that is written where they are.
fn own(node: &Node, owners: &mut BTreeMap<usize, usize>) {
    let start = node.span.start;
    let args = node.args.iter().filter(|arg| arg.scalar != Scalar::Absent);
    let values = args
        .map(|arg| arg.span.start)
        .chain(node.props.iter().map(|prop| prop.key.span.start));
    for at in values {
        owners.entry(at).or_insert(start);
    }
    owners.insert(start, start);
    node.children.iter().for_each(|child| own(child, owners));
}

/// `#` begins a comment at the start of a line or behind a space, where it is not within a value.
fn of_yaml(text: &str) -> Vec<(usize, String)> {
    let mut sink = Sink::default();
    let Some(Document::Data(datum)) = super::parse(text, Language::Yaml, FileId::default(), &mut sink) else {
        return Vec::new();
    };
    let mut values = Vec::new();
    spans(&datum, &mut values);
    values.sort_unstable();
    let within = |at: usize| {
        let before = values.partition_point(|(start, _)| *start <= at);
        before > 0 && at < values[before - 1].1
    };
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let begins = |(at, _): &(usize, &str)| line[..*at].ends_with([' ', '\t']) || *at == 0;
        let mut marks = line.match_indices('#').filter(begins);
        if let Some((at, _)) = marks.find(|(at, _)| !within(start + at)) {
            let said = line[at..].trim_start_matches('#').trim().to_owned();
            found.push((start + at, said));
        }
        start += line.len();
    }
    found
}

/// Where single values and keys are.
fn spans(datum: &Datum, all: &mut Vec<(usize, usize)>) {
    match &datum.kind {
        Kind::Scalar(_) => all.push((datum.span.start, datum.span.end)),
        Kind::List(items) => items.iter().for_each(|item| spans(item, all)),
        Kind::Mapping(entries) => {
            for entry in entries {
                all.push((entry.key.span.start, entry.key.span.end));
                spans(&entry.value, all);
            }
        }
    }
}
