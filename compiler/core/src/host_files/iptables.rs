//! Rules of iptables, as `iptables-save` prints them, `iptables-restore` takes them, or `iptables` is told them one by
//! one; and what becomes of a packet by them ([`Ruleset::fate`]).

mod parse;
mod walk;

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::part::Part;
use crate::diag::{Span, Spanned};

pub(crate) use walk::{Fate, Packet, Way};

/// Rules of one family of addresses.
#[derive(Debug, Default)]
pub(crate) struct Ruleset {
    /// They are of ip6tables.
    pub(crate) v6: bool,
    tables: BTreeMap<String, BTreeMap<String, Chain>>,
}

/// A chain of rules.
#[derive(Debug, Default)]
struct Chain {
    /// What becomes of what no rule decides; chains of the user's own have none.
    drops: bool,
    rules: Vec<Rule>,
    /// Rules that were put somewhere else than at the end.
    inserted: usize,
}

/// One rule.
#[derive(Debug)]
struct Rule {
    tests: Vec<Test>,
    target: Target,
    span: Span,
}

/// What a packet must be; `!` turns it round.
#[derive(Debug)]
struct Test {
    negated: bool,
    what: What,
}

#[derive(Debug)]
enum What {
    Protocol(Protocol),
    Source(IpNet),
    Destination(IpNet),
    /// To one of the machine's own addresses.
    LocalDestination,
    Input(String),
    Output(String),
    Ports(Vec<(u16, u16)>),
    User(Id),
    Group(Id),
    /// It opens a connection.
    New,
    /// A state that packets which open connections do not have.
    NotNew,
    /// Something that is not followed here.
    Else,
}

/// TCP, UDP or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Tcp,
    Udp,
    Other,
}

/// A user or a group, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    Number(u32),
    Name(String),
}

#[derive(Debug)]
enum Target {
    Accept,
    Drop,
    Return,
    Jump(String),
    Goto(String),
    Redirect(u16),
    /// To another address.
    Elsewhere,
    /// The packet goes on: marks, logs, counters.
    Continue,
}

/// Tables whose names begin a file.
const TABLES: &[&str] = &["nat", "filter", "mangle", "raw", "security"];

impl Ruleset {
    /// Reads a file.
    pub(crate) fn read(part: Part<'_>) -> Self {
        let mut all = Self::default();
        let mut table = "filter".to_owned();
        for line in part.lines() {
            let line = line.trim();
            if line.text.starts_with('#') {
                all.v6 |= line.text.contains("ip6tables");
                continue;
            }
            if let Some(name) = line.text.strip_prefix('*') {
                name.trim().clone_into(&mut table);
                continue;
            }
            let words = parse::words(line);
            all.take(&table, &words);
        }
        all
    }

    /// Takes a line's words, or those behind `iptables`.
    pub(crate) fn take(&mut self, table: &str, words: &[Spanned<String>]) {
        let Some(command) = parse::command(words, table) else {
            return;
        };
        self.v6 |= command.v6;
        let chain = self
            .tables
            .entry(command.table)
            .or_default()
            .entry(command.chain)
            .or_default();
        match command.action {
            parse::Action::Chain { drops } => chain.drops |= drops,
            parse::Action::Append(rule) => chain.rules.push(rule),
            parse::Action::Insert(at, rule) => chain.insert(at, rule),
        }
    }

    /// A rule of the table that redirects.
    pub(crate) fn redirect(&self, table: &str) -> Option<(Span, u16)> {
        let mut rules = self.tables.get(table)?.values().flat_map(|chain| &chain.rules);
        rules.find_map(|rule| match rule.target {
            Target::Redirect(port) => Some((rule.span, port)),
            _ => None,
        })
    }

    /// A rule of the table that redirects to one of `ports`.
    pub(crate) fn redirects(&self, table: &str, ports: &[u16]) -> Option<Span> {
        let mut rules = self.tables.get(table)?.values().flat_map(|chain| &chain.rules);
        rules.find_map(|rule| match rule.target {
            Target::Redirect(port) if ports.contains(&port) => Some(rule.span),
            _ => None,
        })
    }

    /// The users that rules of the table name, and the groups.
    pub(crate) fn owners(&self, table: &str) -> (Vec<Id>, Vec<Id>) {
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        let chains = self.tables.get(table).into_iter().flat_map(BTreeMap::values);
        for test in chains.flat_map(|chain| &chain.rules).flat_map(|rule| &rule.tests) {
            match &test.what {
                What::User(id) if users.len() < OWNERS && !users.contains(id) => users.push(id.clone()),
                What::Group(id) if groups.len() < OWNERS && !groups.contains(id) => groups.push(id.clone()),
                _ => {}
            }
        }
        (users, groups)
    }
}

/// So many users are looked at; Istio's rules name one.
const OWNERS: usize = 16;

/// So many rules are put between others; moving more would take long, and nobody writes them by hand.
const INSERTED: usize = 500;

impl Chain {
    /// At place `at`, from 1.
    fn insert(&mut self, at: usize, rule: Rule) {
        self.inserted += 1;
        let at = at.saturating_sub(1).min(self.rules.len());
        if self.inserted <= INSERTED {
            self.rules.insert(at, rule);
        } else {
            self.rules.push(rule);
        }
    }
}

/// A file begins like rules of iptables.
pub(crate) fn looks_so(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| {
        let table = line.strip_prefix('*').map(str::trim);
        table.is_some_and(|name| TABLES.contains(&name))
            || ["-A ", "-N ", "-P "].iter().any(|start| line.starts_with(start))
    })
}

/// The network of an address, or of a range.
fn net(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests;
