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
        all.move_marks();
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
            "-A" => rules.push(format!(" {}", one_way(rule))),
            "-I" => {
                let (position, rule) = rule.split_once(' ').unwrap();
                rules.insert(
                    position.parse::<usize>().unwrap() - 1,
                    format!(" {}", one_way(rule)),
                );
            }
            other => panic!("{other} is no kind of rule that is known: {line}"),
        }
    }

    fn move_interfaces(&mut self, from: &str, to: &str, flag: &str) {
        let Some(rules) = self.rules.get_mut(from) else {
            return;
        };
        let (moved, kept): (Vec<_>, Vec<_>) = rules.drain(..).partition(|rule| rule.starts_with(flag));
        *rules = kept;
        // The kernel's chain leads to ours, where something stands there that captures.
        let jump = moved.iter().any(|rule| rule.contains("-j MESHD_"));
        if rules.is_empty() && jump {
            rules.push(" -p tcp -j MESHD_INBOUND".to_owned());
        }
        if rules.is_empty() {
            self.rules.remove(from);
        }
        if !moved.is_empty() {
            self.rules.entry(to.to_owned()).or_default().splice(0..0, moved);
        }
    }

    /// What marks packets stands in chains of our own, which the kernel's jump to.
    fn move_marks(&mut self) {
        let marks = |rule: &String| rule.contains("MARK --");
        if !self
            .rules
            .get("mangle OUTPUT")
            .is_some_and(|rules| rules.iter().any(marks))
        {
            return;
        }
        for (from, to) in [("PREROUTING", "MESHD_PREROUTING"), ("OUTPUT", "MESHD_OUTPUT")] {
            let (from, chain) = (format!("mangle {from}"), format!("mangle {to}"));
            let rules = self.rules.remove(&from).unwrap_or_default();
            self.chains.insert(chain.clone());
            self.rules.insert(chain, rules);
            self.rules.insert(from, vec![format!(" -j {to}")]);
        }
    }
}

/// The rule with its addresses as everybody writes them: IPv6 has several ways.
fn one_way(rule: &str) -> String {
    let word = |word: &str| {
        word.parse::<ipnet::IpNet>()
            .map_or_else(|_| word.to_owned(), |net| net.to_string())
    };
    rule.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
