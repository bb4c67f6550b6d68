use std::fmt::Write;

use super::iptables::transport_name;
use super::rule::{Chain, Family, Match, Net, Rule, Table, Verdict};

/// Writes `program` for `nft -f`, both families in one table of the family `inet`.
///
/// The table is made, removed and made again in one transaction: it is replaced whether or not it was there.
pub(super) fn write(program: &[Rule]) -> String {
    let mut text = "# By meshc. Replaces the table `inet meshd`, in one transaction.\n".to_owned();
    text.push_str("table inet meshd\ndelete table inet meshd\ntable inet meshd {\n");
    let mut chains = Vec::new();
    // nft wants chains before the rules that jump there, so the kernel's hooks come last.
    for own in [true, false] {
        for rule in program {
            let jump = if let Verdict::Jump(chain) = rule.verdict {
                Some(chain)
            } else {
                None
            };
            for chain in [Some(rule.chain), jump].into_iter().flatten() {
                if chain.is_own() == own && !chains.contains(&(rule.table, chain)) {
                    chains.push((rule.table, chain));
                }
            }
        }
    }
    for (table, chain) in &chains {
        let _ = writeln!(text, "\tchain {} {{", chain_name(*table, *chain));
        if let Some(hook) = hook(*table, *chain) {
            let _ = writeln!(text, "\t\t{hook}");
        }
        for rule in program
            .iter()
            .filter(|rule| rule.table == *table && rule.chain == *chain)
        {
            write_rule(&mut text, rule);
        }
        text.push_str("\t}\n");
    }
    text.push_str("}\n");
    text
}

fn write_rule(text: &mut String, rule: &Rule) {
    let by_address = rule.matches.iter().any(Match::is_of_family);
    let families: &[Family] = match rule.family {
        Some(Family::V4) => &[Family::V4],
        Some(Family::V6) => &[Family::V6],
        None if by_address => &[Family::V4, Family::V6],
        None => return write_line(text, rule, None),
    };
    for family in families {
        write_line(text, rule, Some(*family));
    }
}

fn write_line(text: &mut String, rule: &Rule, family: Option<Family>) {
    text.push_str("\t\t");
    let by_address = rule.matches.iter().any(Match::is_of_family);
    if let Some(family) = family.filter(|_| !by_address) {
        let protocol = if family == Family::V4 { "ipv4" } else { "ipv6" };
        let _ = write!(text, "meta nfproto {protocol} ");
    }
    for condition in &rule.matches {
        let _ = write!(text, "{} ", matching(condition, family.unwrap_or(Family::V4)));
    }
    let _ = writeln!(text, "{}", verdict(rule));
}

const fn chain_name(table: Table, chain: Chain) -> &'static str {
    match (table, chain) {
        (Table::Nat, Chain::Prerouting) => "nat_prerouting",
        (Table::Nat, Chain::Output) => "nat_output",
        (Table::Raw, Chain::Prerouting) => "raw_prerouting",
        (Table::Raw, Chain::Output) => "raw_output",
        (Table::Nat, Chain::Inbound) => "inbound",
        (Table::Nat, Chain::Redirect) => "redirect_outbound",
        (Table::Nat, Chain::InRedirect) => "redirect_inbound",
        (Table::Nat, Chain::Outbound) => "outbound",
        (Table::Nat, Chain::OutboundDns) => "outbound_dns",
        (Table::Raw, Chain::Inbound) => "raw_inbound",
        (Table::Raw, Chain::Redirect) => "raw_redirect_outbound",
        (Table::Raw, Chain::InRedirect) => "raw_redirect_inbound",
        (Table::Raw, Chain::Outbound) => "raw_outbound",
        (Table::Raw, Chain::OutboundDns) => "raw_outbound_dns",
    }
}

const fn hook(table: Table, chain: Chain) -> Option<&'static str> {
    match (table, chain) {
        (Table::Nat, Chain::Prerouting) => Some("type nat hook prerouting priority -100; policy accept;"),
        (Table::Nat, Chain::Output) => Some("type nat hook output priority -100; policy accept;"),
        (Table::Raw, Chain::Prerouting) => Some("type filter hook prerouting priority -300; policy accept;"),
        (Table::Raw, Chain::Output) => Some("type filter hook output priority -300; policy accept;"),
        _ => None,
    }
}

fn matching(condition: &Match, family: Family) -> String {
    let address = |side: &str, not: &str, net: &Net| {
        let protocol = if family == Family::V4 { "ip" } else { "ip6" };
        format!("{protocol} {side} {not}{}", net.text(family))
    };
    match condition {
        Match::In(interface) => format!("iifname \"{interface}\""),
        Match::Out(interface) => format!("oifname \"{interface}\""),
        Match::From(net) => address("saddr", "", net),
        Match::To(net) => address("daddr", "", net),
        Match::NotTo(net) => address("daddr", "!= ", net),
        Match::Protocol(transport) => format!("meta l4proto {}", transport_name(*transport)),
        Match::Port(transport, port) => format!("{} dport {port}", transport_name(*transport)),
        Match::SourcePort(transport, port) => format!("{} sport {port}", transport_name(*transport)),
        Match::NotPorts(transport, ports) => {
            let list: Vec<_> = ports.iter().map(ToString::to_string).collect();
            format!(
                "{} dport != {{ {} }}",
                transport_name(*transport),
                list.join(", ")
            )
        }
        Match::NotOpening => "tcp flags & (fin | syn | rst | ack) != syn".to_owned(),
        Match::User(id) => format!("meta skuid {id}"),
        Match::NotUser(id) => format!("meta skuid != {id}"),
        Match::Group(id) => format!("meta skgid {id}"),
        Match::NotGroup(id) => format!("meta skgid != {id}"),
    }
}

fn verdict(rule: &Rule) -> String {
    match rule.verdict {
        Verdict::Return => "return".to_owned(),
        Verdict::Jump(chain) => format!("jump {}", chain_name(rule.table, chain)),
        Verdict::Redirect(port) => format!("redirect to :{port}"),
        Verdict::Zone(zone) => format!("ct zone set {zone}"),
    }
}
