//! Rules in iptables: chains of our own, replaced in one transaction a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::netlink;
use crate::command;
use crate::failure::{Failure, OnPath};
use crate::layout::Layout;

/// What our chains begin with.
const PREFIX: &str = "MESHD_";
/// What the chains of other meshes begin with: Istio, Kuma, Consul, Linkerd.
const FOREIGN: [&str; 4] = ["ISTIO_", "KUMA_MESH_", "CONSUL_PROXY_", "PROXY_INIT_"];

/// A family of addresses, with its programs and its file.
struct Family {
    kernel: netlink::Family,
    save: &'static str,
    restore: &'static str,
    rules: &'static str,
}

/// The rules for IPv4, which are there whenever iptables is to load any.
pub(super) const V4_RULES: &str = "/etc/meshd/capture.v4.rules";

const V4: Family = Family {
    kernel: netlink::Family::Ipv4,
    save: "iptables-save",
    restore: "iptables-restore",
    rules: V4_RULES,
};
const V6: Family = Family {
    kernel: netlink::Family::Ipv6,
    save: "ip6tables-save",
    restore: "ip6tables-restore",
    rules: "/etc/meshd/capture.v6.rules",
};
/// Machines may have the other variant's programs beside the default ones, with rules from before a change.
const OLD_V4: Family = Family {
    save: "iptables-legacy-save",
    restore: "iptables-legacy-restore",
    ..V4
};
const OLD_V6: Family = Family {
    save: "ip6tables-legacy-save",
    restore: "ip6tables-legacy-restore",
    ..V6
};

/// Replaces our chains by those of the bundle; gives the tables that had to be made for them.
pub(crate) fn load(layout: &Layout) -> Result<Vec<String>, Failure> {
    let mut made = Vec::new();
    let v6 = super::has_ipv6().then_some(V6);
    for family in [Some(V4), v6].into_iter().flatten() {
        let path = layout.at(family.rules);
        let rules = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            rules => rules.on("read", &path)?,
        };
        let saved = family.saved();
        let text = replace(&saved, &rules);
        if !text.is_empty() {
            family
                .restore(&text)
                .map_err(|failure| failure.remedy("install `iptables` or `nftables`"))?;
            let new = tables(&text).filter(|table| !tables(&saved).any(|there| there == *table));
            made.extend(new.map(|table| format!("{} {table}", family.save)));
        }
    }
    Ok(made)
}

/// Deletes tables that [`load`] had to make, as far as nobody else uses them by now. The kernel keeps those of the older
/// iptables by its own will.
pub(crate) fn forget(made: &[String]) {
    for family in [V4, V6] {
        let saved = family.saved();
        let own = made
            .iter()
            .filter_map(|made| made.strip_prefix(family.save)?.strip_prefix(' '));
        for table in own.filter(|table| is_bare(&saved, table)) {
            if let Err(error) = netlink::delete_table(family.kernel, table) {
                tracing::debug!(%error, table, "an empty table stays");
            }
        }
    }
}

/// The table is there with nothing in it but the chains that all have, and these let everything pass.
fn is_bare(saved: &str, table: &str) -> bool {
    // Where other programs put chains that iptables does not understand, it says so in a comment.
    let understood = !saved.lines().any(|line| line.contains("incompatible"));
    let ours = |line: &&str| line.starts_with(':') && line.contains(" ACCEPT ");
    understood
        && tables(saved).any(|there| there == table)
        && lines_by_table(saved)
            .filter(|(there, _)| *there == table)
            .all(|(_, line)| ours(&line))
}

/// The tables that a text speaks of.
fn tables(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.strip_prefix('*'))
        .map(str::trim)
}

/// Removes our chains.
pub(crate) fn clear() -> Result<(), Failure> {
    for family in families() {
        let text = replace(&family.saved(), "");
        if !text.is_empty() {
            family.restore(&text)?;
        }
    }
    Ok(())
}

/// Our rules.
pub(crate) fn show() -> String {
    let mut shown = String::new();
    for family in families() {
        let saved = family.saved();
        for line in saved.lines().filter(|line| line.contains(PREFIX)) {
            let _ = writeln!(shown, "{}: {line}", family.save.trim_end_matches("-save"));
        }
    }
    shown
}

/// Chains of other meshes.
pub(crate) fn foreign() -> Vec<String> {
    let mut found = Vec::new();
    for family in families() {
        let saved = family.saved();
        let chains = saved
            .lines()
            .filter_map(|line| line.strip_prefix(':')?.split(' ').next());
        let foreign = chains.filter(|chain| FOREIGN.iter().any(|prefix| chain.starts_with(prefix)));
        found.extend(foreign.map(|chain| format!("{} chain {chain}", family.save.trim_end_matches("-save"))));
    }
    found.sort();
    found.dedup();
    found
}

/// Families that can hold rules. Asking the legacy programs would load their modules where nobody uses them.
fn families() -> Vec<Family> {
    let legacy = |names: &str| std::fs::read_to_string(names).is_ok_and(|names| !names.trim().is_empty());
    let mut families = vec![V4, V6];
    families.extend(legacy("/proc/net/ip_tables_names").then_some(OLD_V4));
    families.extend(legacy("/proc/net/ip6_tables_names").then_some(OLD_V6));
    families
}

impl Family {
    fn saved(&self) -> String {
        command::output(self.save, &[], None)
            .filter(|output| output.ok)
            .map(|output| output.stdout)
            .unwrap_or_default()
    }

    fn restore(&self, text: &str) -> Result<(), Failure> {
        // Somebody else may hold the lock of iptables for a moment.
        command::run(self.restore, &["--noflush", "--wait=5"], Some(text))
            .or_else(|_| command::run(self.restore, &["--noflush"], Some(text)))
            .map(drop)
    }
}

/// Input for `iptables-restore --noflush` that takes away what `saved` has of ours and then adds `rules`: each table in one
/// transaction.
fn replace(saved: &str, rules: &str) -> String {
    let mut tables: BTreeMap<&str, (String, String)> = BTreeMap::new();
    for (table, line) in lines_by_table(saved) {
        if let Some(removal) = removal(line) {
            let entry = &mut tables.entry(table).or_default().0;
            entry.push_str(&removal);
            entry.push('\n');
        }
    }
    for (table, line) in lines_by_table(rules) {
        let entry = &mut tables.entry(table).or_default().1;
        entry.push_str(line);
        entry.push('\n');
    }
    let mut text = String::new();
    for (table, (removals, additions)) in &tables {
        // First the jumps to our chains, then what is in them, then the chains: none is removed while it is used.
        let phase = |prefix: &str| {
            removals
                .lines()
                .filter(|line| line.starts_with(prefix))
                .collect::<Vec<_>>()
                .join("\n")
        };
        let phases = ["-D", "-F", "-X"]
            .map(phase)
            .into_iter()
            .filter(|lines| !lines.is_empty());
        let removals: Vec<String> = phases.collect();
        let removals = if removals.is_empty() {
            String::new()
        } else {
            format!("{}\n", removals.join("\n"))
        };
        let _ = write!(text, "*{table}\n{removals}{additions}COMMIT\n");
    }
    text
}

/// What removes a saved line of ours.
fn removal(line: &str) -> Option<String> {
    if let Some(chain) = line.strip_prefix(':').and_then(|line| line.split(' ').next()) {
        return chain
            .starts_with(PREFIX)
            .then(|| format!("-F {chain}\n-X {chain}"));
    }
    let rule = line.strip_prefix("-A ")?;
    let foreign_chain = !rule.starts_with(PREFIX);
    (foreign_chain && rule.contains(&format!("-j {PREFIX}"))).then(|| format!("-D {rule}"))
}

/// The lines of each table, without its frame.
fn lines_by_table(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut table = "";
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('*') {
            table = name.trim();
            return None;
        }
        (!table.is_empty() && !line.is_empty() && !line.starts_with('#') && line != "COMMIT")
            .then_some((table, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_table_that_nobody_uses_is_bare() {
        let bare = "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [3:180]\nCOMMIT\n";
        assert!(is_bare(bare, "nat") && !is_bare(bare, "raw"));
        assert!(!is_bare(
            &bare.replace("COMMIT", "-A OUTPUT -j ACCEPT\nCOMMIT"),
            "nat"
        ));
        assert!(!is_bare(
            &bare.replace("COMMIT", ":DOCKER - [0:0]\nCOMMIT"),
            "nat"
        ));
        assert!(!is_bare(&bare.replace("OUTPUT ACCEPT", "OUTPUT DROP"), "nat"));
        let foreign = format!(
            "{bare}# Table `nat' contains one or more incompatible base-chains, use 'nft' tool to list them.\n"
        );
        assert!(!is_bare(&foreign, "nat"));
    }

    #[test]
    fn what_was_ours_goes_and_what_is_new_comes_in_one_transaction() {
        let saved = "*nat\n:PREROUTING ACCEPT [0:0]\n:MESHD_INBOUND - [0:0]\n:DOCKER - [0:0]\n\
            -A PREROUTING -j DOCKER\n-A PREROUTING -p tcp -j MESHD_INBOUND\n-A MESHD_INBOUND -j MESHD_IN_REDIRECT\nCOMMIT\n\
            *raw\n:MESHD_DNS - [0:0]\n-A OUTPUT -j MESHD_DNS\nCOMMIT\n";
        let rules = "# ours\n*nat\n-N MESHD_INBOUND\n-A PREROUTING -p tcp -j MESHD_INBOUND\nCOMMIT\n";
        assert_eq!(
            replace(saved, rules),
            "*nat\n-D PREROUTING -p tcp -j MESHD_INBOUND\n-F MESHD_INBOUND\n-X MESHD_INBOUND\n-N MESHD_INBOUND\n\
             -A PREROUTING -p tcp -j MESHD_INBOUND\nCOMMIT\n*raw\n-D OUTPUT -j MESHD_DNS\n-F MESHD_DNS\n-X MESHD_DNS\nCOMMIT\n"
        );
        assert_eq!(
            replace("*nat\n:DOCKER - [0:0]\n-A PREROUTING -j DOCKER\nCOMMIT\n", ""),
            ""
        );
    }
}
