use std::fmt::Write;

use super::iptables::{any, transport_name};
use super::rule::{Chain, Family, Match, Net, Owner, Rule, Table, Verdict};

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
    let _ = writeln!(text, "{}", verdict(rule, family));
}

fn chain_name(table: Table, chain: Chain) -> String {
    let prefix = match table {
        Table::Nat if chain.is_own() => "",
        Table::Nat => "nat_",
        Table::Mangle => "mangle_",
        Table::Raw => "raw_",
    };
    let name = match chain {
        Chain::Prerouting => "prerouting",
        Chain::Output => "output",
        Chain::Inbound => "inbound",
        Chain::Redirect => "redirect_outbound",
        Chain::InRedirect => "redirect_inbound",
        Chain::Outbound => "outbound",
        Chain::OutboundDns => "outbound_dns",
        Chain::Arriving => "arriving",
        Chain::Divert => "divert",
        Chain::Tproxy => "tproxy_inbound",
        Chain::Drop => "drop_invalid",
    };
    format!("{prefix}{name}")
}

const fn hook(table: Table, chain: Chain) -> Option<&'static str> {
    match (table, chain) {
        (Table::Nat, Chain::Prerouting) => Some("type nat hook prerouting priority -100; policy accept;"),
        (Table::Nat, Chain::Output) => Some("type nat hook output priority -100; policy accept;"),
        (Table::Mangle, Chain::Prerouting) => {
            Some("type filter hook prerouting priority -150; policy accept;")
        }
        // Of the type `route`: what gets a mark here is routed again.
        (Table::Mangle, Chain::Output) => Some("type route hook output priority -150; policy accept;"),
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
        Match::In(interface) => format!("iifname \"{}\"", any(interface, '*')),
        Match::Out(interface) => format!("oifname \"{}\"", any(interface, '*')),
        Match::From(net) => address("saddr", "", net),
        Match::To(net) => address("daddr", "", net),
        Match::NotTo(net) => address("daddr", "!= ", net),
        Match::FromElsewhere => "fib saddr type != local".to_owned(),
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
        Match::User(owner) => format!("meta skuid {}", quoted(owner)),
        Match::NotUser(owner) => format!("meta skuid != {}", quoted(owner)),
        Match::Group(owner) => format!("meta skgid {}", quoted(owner)),
        Match::NotGroup(owner) => format!("meta skgid != {}", quoted(owner)),
        Match::Mark(mark) => format!("meta mark {mark}"),
        Match::NotMark(mark) => format!("meta mark != {mark}"),
        Match::ConnectionMark(mark) => format!("ct mark {mark}"),
        Match::Established => "ct state related,established".to_owned(),
        Match::Invalid => "ct state invalid".to_owned(),
    }
}

fn quoted(owner: &Owner) -> String {
    match owner {
        Owner::Id(id) => id.to_string(),
        Owner::Name(name) => format!("\"{name}\""),
    }
}

fn verdict(rule: &Rule, family: Option<Family>) -> String {
    match rule.verdict {
        Verdict::Return => "return".to_owned(),
        Verdict::Jump(chain) => format!("jump {}", chain_name(rule.table, chain)),
        Verdict::Redirect(port) => format!("redirect to :{port}"),
        Verdict::Zone(zone) => format!("ct zone set {zone}"),
        Verdict::Mark(mark) => format!("meta mark set {mark}"),
        Verdict::SaveMark => "ct mark set meta mark".to_owned(),
        Verdict::RestoreMark => "meta mark set ct mark".to_owned(),
        Verdict::Tproxy { port, mark } => {
            let protocol = if family == Some(Family::V6) { "ip6" } else { "ip" };
            format!("tproxy {protocol} to :{port} meta mark set {mark} accept")
        }
        Verdict::Accept => "accept".to_owned(),
        Verdict::Drop => "drop".to_owned(),
    }
}
