//! The flags of `istio-iptables` as settings.

use mesh_compiler::emit::capture::{Cidrs, DnsServers, Inbound, Settings};

/// What `istio-iptables FLAGS` is told on a machine with these name servers.
pub(crate) fn settings(flags: &[String], nameservers: &[String]) -> Settings {
    let mut settings = Settings {
        outbound: Cidrs::Only(Vec::new()),
        ..Settings::default()
    };
    let (mut include, mut exclude) = (String::new(), Vec::new());
    let (mut redirect_dns, mut all_dns) = (false, false);
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let mut value = || {
            flags
                .next()
                .unwrap_or_else(|| panic!("{flag} has no value"))
                .clone()
        };
        match flag.as_str() {
            "-p" => settings.outbound_port = value().parse().unwrap(),
            "-z" => settings.inbound_port = value().parse().unwrap(),
            "-e" => settings.tunnel_port = value().parse().unwrap(),
            "-u" => settings.uids = list(&value()),
            "-g" => settings.gids = list(&value()),
            "-m" => assert_eq!(value(), "REDIRECT", "the only mode that meshd has"),
            "-b" => include = value(),
            "-d" => exclude = list(&value()),
            "-i" => settings.outbound = cidrs(&value()),
            "-x" => settings.exclude_cidrs = list(&value()),
            "-q" => settings.outbound_ports = list(&value()),
            "-o" => settings.exclude_outbound_ports = list(&value()),
            "-c" => settings.exclude_interfaces = list(&value()),
            "-k" => settings.virtual_interfaces = list(&value()),
            "--redirect-dns" => redirect_dns = true,
            "--capture-all-dns" => all_dns = true,
            "--dual-stack" => {}
            other => panic!("no setting for the flag {other}"),
        }
    }
    settings.inbound = match include.as_str() {
        "" => Inbound::None,
        "*" => Inbound::AllBut(exclude),
        ports => Inbound::Only(list(ports)),
    };
    settings.dns = match (redirect_dns, all_dns) {
        (false, _) => DnsServers::None,
        (true, true) => DnsServers::All,
        (true, false) => DnsServers::Only(nameservers.iter().map(|server| server.parse().unwrap()).collect()),
    };
    settings
}

fn cidrs(text: &str) -> Cidrs {
    if text == "*" {
        Cidrs::All
    } else {
        Cidrs::Only(list(text))
    }
}

fn list<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Vec<T> {
    text.split(',')
        .filter(|item| !item.is_empty())
        .map(|item| item.parse().unwrap())
        .collect()
}
