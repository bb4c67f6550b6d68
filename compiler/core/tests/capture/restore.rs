//! Rules in iptables-restore's format, as something that can be compared.

use std::collections::{BTreeMap, BTreeSet};

/// Chains that are made, and the rules of every chain in order; keys are `TABLE CHAIN`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ruleset {
    chains: BTreeSet<String>,
    rules: BTreeMap<String, Vec<String>>,
}

impl Ruleset {
    /// What we write, without the one rule that we add: connections that already stand are left alone.
    pub(crate) fn of_ours(text: &str) -> Self {
        let mut all = Self::default();
        let mut table = String::new();
        for line in text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.ends_with("-p tcp ! --syn -j RETURN"))
        {
            if let Some(name) = line.strip_prefix('*') {
                table = name.to_owned();
            } else if let Some(chain) = line.strip_prefix(':') {
                all.chains
                    .insert(format!("{table} {}", chain.split(' ').next().unwrap()));
            } else {
                all.add(&table, line);
            }
        }
        all
    }

    /// What `istio-iptables` writes, with our chains' names, and rules for interfaces where ours stand.
    pub(crate) fn of_istio(lines: &[String]) -> Self {
        let mut all = Self::default();
        let mut table = String::new();
        for line in lines {
            let line = line
                .replace("ISTIO_", "MESHD_")
                .replace("--to-port ", "--to-ports ");
            if let Some(name) = line.strip_prefix("* ") {
                table = name.to_owned();
            } else if let Some(chain) = line.strip_prefix("-N ") {
                all.chains.insert(format!("{table} {chain}"));
            } else {
                all.add(&table, &line);
            }
        }
        all.move_interfaces("nat PREROUTING", "nat MESHD_INBOUND", " -i ");
        all.move_interfaces("nat OUTPUT", "nat MESHD_OUTPUT", " -o ");
        all
    }

    fn add(&mut self, table: &str, line: &str) {
        if line == "COMMIT" {
            return;
        }
        let words: Vec<_> = line.splitn(3, ' ').collect();
        let [kind, chain, rule] = words.as_slice() else {
            panic!("no rule: {line}")
        };
        let rules = self.rules.entry(format!("{table} {chain}")).or_default();
        match *kind {
            "-A" => rules.push(format!(" {rule}")),
            "-I" => rules.insert(0, format!(" {}", rule.trim_start_matches("1 "))),
            other => panic!("{other} is no kind of rule that is known: {line}"),
        }
    }

    fn move_interfaces(&mut self, from: &str, to: &str, flag: &str) {
        let Some(rules) = self.rules.get_mut(from) else {
            return;
        };
        let (moved, kept): (Vec<_>, Vec<_>) = rules.drain(..).partition(|rule| rule.starts_with(flag));
        *rules = kept;
        self.rules.entry(to.to_owned()).or_default().splice(0..0, moved);
    }
}
