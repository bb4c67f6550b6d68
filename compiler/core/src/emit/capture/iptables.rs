use std::fmt::Write;

use super::rule::{Chain, Family, Match, Rule, Table, Transport, Verdict};

/// Writes `program` for iptables-restore of one family.
pub(super) fn write(program: &[Rule], family: Family) -> String {
    let mut text = "# By meshc. Only chains named MESHD_* and the jumps to them.\n".to_owned();
    for table in [Table::Mangle, Table::Nat, Table::Raw] {
        let of_family = |rule: &&Rule| rule.family.is_none_or(|own| own == family);
        let rules: Vec<_> = program
            .iter()
            .filter(|rule| rule.table == table)
            .filter(of_family)
            .collect();
        if !rules.is_empty() {
            write_table(&mut text, table, &rules, family);
        }
    }
    text
}

fn write_table(text: &mut String, table: Table, rules: &[&Rule], family: Family) {
    let name = match table {
        Table::Mangle => "mangle",
        Table::Nat => "nat",
        Table::Raw => "raw",
    };
    let _ = writeln!(text, "*{name}");
    let mut declared = Vec::new();
    for rule in rules {
        let jump = if let Verdict::Jump(chain) = rule.verdict {
            Some(chain)
        } else {
            None
        };
        for chain in [Some(rule.chain), jump].into_iter().flatten() {
            if chain.is_own() && !declared.contains(&chain) {
                declared.push(chain);
                // Makes the chain, or empties it.
                let _ = writeln!(text, ":{} - [0:0]", chain_name(chain));
            }
        }
    }
    for rule in rules {
        let _ = writeln!(text, "{}", line(rule, family));
    }
    text.push_str("COMMIT\n");
}

pub(super) fn line(rule: &Rule, family: Family) -> String {
    let mut text = format!("-A {}", chain_name(rule.chain));
    for condition in &rule.matches {
        let _ = write!(text, " {}", matching(condition, family));
    }
    let _ = write!(text, " {}", verdict(rule.verdict));
    text
}

pub(super) const fn chain_name(chain: Chain) -> &'static str {
    match chain {
        Chain::Prerouting => "PREROUTING",
        Chain::Output => "OUTPUT",
        Chain::Inbound => "MESHD_INBOUND",
        Chain::Redirect => "MESHD_REDIRECT",
        Chain::InRedirect => "MESHD_IN_REDIRECT",
        Chain::Outbound => "MESHD_OUTPUT",
        Chain::OutboundDns => "MESHD_OUTPUT_DNS",
        Chain::Arriving => "MESHD_PREROUTING",
        Chain::Divert => "MESHD_DIVERT",
        Chain::Tproxy => "MESHD_TPROXY",
        Chain::Drop => "MESHD_DROP",
    }
}

fn matching(condition: &Match, family: Family) -> String {
    match condition {
        Match::In(interface) => format!("-i {}", any(interface, '+')),
        Match::Out(interface) => format!("-o {}", any(interface, '+')),
        Match::From(net) => format!("-s {}", net.text(family)),
        Match::To(net) => format!("-d {}", net.text(family)),
        Match::NotTo(net) => format!("! -d {}", net.text(family)),
        Match::FromElsewhere => "-m addrtype ! --src-type LOCAL".to_owned(),
        Match::Protocol(transport) => format!("-p {}", transport_name(*transport)),
        Match::Port(transport, port) => format!("-p {} --dport {port}", transport_name(*transport)),
        Match::SourcePort(transport, port) => format!("-p {} --sport {port}", transport_name(*transport)),
        Match::NotPorts(transport, ports) => not_ports(*transport, ports),
        Match::NotOpening => "-p tcp ! --syn".to_owned(),
        Match::User(id) => format!("-m owner --uid-owner {id}"),
        Match::NotUser(id) => format!("-m owner ! --uid-owner {id}"),
        Match::Group(id) => format!("-m owner --gid-owner {id}"),
        Match::NotGroup(id) => format!("-m owner ! --gid-owner {id}"),
        Match::Mark(mark) => format!("-m mark --mark {mark}"),
        Match::NotMark(mark) => format!("-m mark ! --mark {mark}"),
        Match::ConnectionMark(mark) => format!("-m connmark --mark {mark}"),
        Match::Established => "-m conntrack --ctstate RELATED,ESTABLISHED".to_owned(),
        Match::Invalid => "-m conntrack --ctstate INVALID".to_owned(),
    }
}

/// The name of an interface, or the beginning of one before `sign`.
pub(super) fn any(interface: &str, sign: char) -> String {
    match interface.strip_suffix(['*', '+']) {
        Some(beginning) => format!("{beginning}{sign}"),
        None => interface.to_owned(),
    }
}

fn not_ports(transport: Transport, ports: &[u16]) -> String {
    let name = transport_name(transport);
    let list: Vec<_> = ports.iter().map(ToString::to_string).collect();
    match list.as_slice() {
        [port] => format!("-p {name} ! --dport {port}"),
        _ => format!("-p {name} -m multiport ! --dports {}", list.join(",")),
    }
}

pub(super) const fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Return => "-j RETURN".to_owned(),
        Verdict::Jump(chain) => format!("-j {}", chain_name(chain)),
        Verdict::Redirect(port) => format!("-j REDIRECT --to-ports {port}"),
        Verdict::Zone(zone) => format!("-j CT --zone {zone}"),
        Verdict::Mark(mark) => format!("-j MARK --set-mark {mark}"),
        Verdict::SaveMark => "-j CONNMARK --save-mark".to_owned(),
        Verdict::RestoreMark => "-j CONNMARK --restore-mark".to_owned(),
        Verdict::Tproxy { port, mark } => {
            format!("-j TPROXY --tproxy-mark {mark}/0xffffffff --on-port {port}")
        }
        Verdict::Accept => "-j ACCEPT".to_owned(),
        Verdict::Drop => "-j DROP".to_owned(),
    }
}
