//! The flags of `istio-iptables` as settings (Istio `tools/istio-iptables/pkg/cmd/root.go`, `tools/common/config`).

use std::collections::BTreeMap;

use mesh_compiler::emit::capture::rule::Owner;
use mesh_compiler::emit::capture::{Cidrs, DnsServers, Inbound, InboundMode, Owners, Settings};

/// Flags with a value: short and long name, and the variable that says the same.
const VALUES: &[(&str, &str, &str)] = &[
    ("-p", "--envoy-port", "ENVOY_PORT"),
    ("-z", "--inbound-capture-port", "INBOUND_CAPTURE_PORT"),
    ("-e", "--inbound-tunnel-port", "INBOUND_TUNNEL_PORT"),
    ("-u", "--proxy-uid", "PROXY_UID"),
    ("-g", "--proxy-gid", "PROXY_GID"),
    (
        "-m",
        "--istio-inbound-interception-mode",
        "ISTIO_INBOUND_INTERCEPTION_MODE",
    ),
    ("-b", "--istio-inbound-ports", "ISTIO_INBOUND_PORTS"),
    ("-d", "--istio-local-exclude-ports", "ISTIO_LOCAL_EXCLUDE_PORTS"),
    ("-c", "--istio-exclude-interfaces", "ISTIO_EXCLUDE_INTERFACES"),
    ("-i", "--istio-service-cidr", "ISTIO_SERVICE_CIDR"),
    ("-x", "--istio-service-exclude-cidr", "ISTIO_SERVICE_EXCLUDE_CIDR"),
    ("-q", "--istio-outbound-ports", "ISTIO_OUTBOUND_PORTS"),
    (
        "-o",
        "--istio-local-outbound-ports-exclude",
        "ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE",
    ),
    ("-k", "--kube-virt-interfaces", "KUBE_VIRT_INTERFACES"),
    ("-t", "--istio-inbound-tproxy-mark", "ISTIO_INBOUND_TPROXY_MARK"),
    (
        "-r",
        "--istio-inbound-tproxy-route-table",
        "ISTIO_INBOUND_TPROXY_ROUTE_TABLE",
    ),
    ("groups", "", "ISTIO_OUTBOUND_OWNER_GROUPS"),
    ("groups-exclude", "", "ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE"),
    ("loopback", "", "ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR"),
    // How it does its work, not what it captures.
    ("", "--iptables-probe-port", "IPTABLES_PROBE_PORT"),
    ("", "--probe-timeout", "PROBE_TIMEOUT"),
    ("", "--network-namespace", "NETWORK_NAMESPACE"),
    ("", "--force-iptables-binary", "FORCE_IPTABLES_BINARY"),
];

/// Flags that are there or not.
const SWITCHES: &[(&str, &str)] = &[
    ("--redirect-dns", "REDIRECT_DNS"),
    ("--redirect-dns", "ISTIO_META_DNS_CAPTURE"),
    ("--capture-all-dns", "CAPTURE_ALL_DNS"),
    ("--drop-invalid", "DROP_INVALID"),
    ("--drop-invalid", "INVALID_DROP"),
    ("--dual-stack", "DUAL_STACK"),
    ("--dual-stack", "ISTIO_DUAL_STACK"),
    ("-n", "DRY_RUN"),
    ("--dry-run", ""),
    ("--skip-rule-apply", "SKIP_RULE_APPLY"),
    ("--run-validation", "RUN_VALIDATION"),
    ("--cni-mode", "CNI_MODE"),
    ("--reconcile", "RECONCILE"),
    ("--cleanup-only", "CLEANUP_ONLY"),
    ("--force-apply", "FORCE_APPLY"),
    ("--native-nftables", "NATIVE_NFTABLES"),
];

/// What was said, by the flag's short name.
type Said = BTreeMap<&'static str, String>;

/// What `ENVIRONMENT istio-iptables FLAGS` is told on a machine with these name servers.
pub(crate) fn settings(
    flags: &[String],
    environment: &BTreeMap<String, String>,
    nameservers: &[String],
) -> Settings {
    let said = said(flags, environment);
    let text = |flag: &str| said.get(flag).map(String::as_str).filter(|text| !text.is_empty());
    let port = |flag: &str, default: u16| text(flag).map_or(default, |port| port.parse().unwrap());
    let uid = text("-u").unwrap_or("1337");
    Settings {
        outbound_port: port("-p", 15001),
        inbound_port: port("-z", 15006),
        tunnel_port: port("-e", 15008),
        uids: owners(uid),
        gids: owners(text("-g").unwrap_or(uid)),
        inbound: match text("-b") {
            None => Inbound::None,
            Some("*") => Inbound::AllBut(list(text("-d").unwrap_or_default())),
            Some(ports) => Inbound::Only(list(ports)),
        },
        outbound: match text("-i") {
            Some("*") => Cidrs::All,
            some => Cidrs::Only(list(some.unwrap_or_default())),
        },
        exclude_cidrs: list(text("-x").unwrap_or_default()),
        outbound_ports: list(text("-q").unwrap_or_default()),
        exclude_outbound_ports: list(text("-o").unwrap_or_default()),
        dns: match (
            said.contains_key("--redirect-dns"),
            said.contains_key("--capture-all-dns"),
        ) {
            (false, _) => DnsServers::None,
            (true, true) => DnsServers::All,
            (true, false) => {
                DnsServers::Only(nameservers.iter().map(|server| server.parse().unwrap()).collect())
            }
        },
        exclude_interfaces: list(text("-c").unwrap_or_default()),
        virtual_interfaces: list(text("-k").unwrap_or_default()),
        mode: match text("-m") {
            Some("TPROXY") => InboundMode::Tproxy {
                mark: text("-t").unwrap_or("1337").parse().unwrap(),
                table: text("-r").unwrap_or("133").parse().unwrap(),
            },
            _ => InboundMode::Redirect,
        },
        groups: match said.get("groups").map_or("*", String::as_str) {
            "*" => Owners::AllBut(owners(text("groups-exclude").unwrap_or_default())),
            groups => Owners::Only(owners(groups)),
        },
        drop_invalid: said.contains_key("--drop-invalid"),
        loopback: text("loopback").unwrap_or("127.0.0.1/32").parse().unwrap(),
        ..Settings::default()
    }
}

fn said(flags: &[String], environment: &BTreeMap<String, String>) -> Said {
    let mut said = Said::new();
    for (name, value) in environment {
        if let Some((flag, ..)) = VALUES.iter().find(|(.., variable)| variable == name) {
            said.insert(flag, value.clone());
        } else if let Some((flag, _)) = SWITCHES.iter().find(|(_, variable)| variable == name) {
            switch(&mut said, flag, value);
        } else {
            panic!("no setting for the variable {name}");
        }
    }
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let (name, own) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag.as_str(), None),
        };
        if let Some((short, ..)) = VALUES
            .iter()
            .find(|(short, long, _)| [*short, *long].contains(&name))
        {
            let value = own.or_else(|| flags.next().cloned());
            said.insert(short, value.unwrap_or_else(|| panic!("{flag} has no value")));
        } else if let Some((known, _)) = SWITCHES.iter().find(|(known, _)| *known == name) {
            switch(&mut said, known, own.as_deref().unwrap_or("true"));
        } else {
            panic!("no setting for the flag {flag}");
        }
    }
    said
}

fn switch(said: &mut Said, flag: &'static str, value: &str) {
    if value == "true" {
        said.insert(flag, String::new());
    } else {
        said.remove(flag);
    }
}

fn owners(text: &str) -> Vec<Owner> {
    parts(text).map(Owner::from).collect()
}

fn list<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Vec<T> {
    parts(text).map(|item| item.parse().unwrap()).collect()
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(|item| !item.is_empty())
}
