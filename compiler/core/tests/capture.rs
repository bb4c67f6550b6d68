//! The capture rules, against those of `istio-iptables` and against the kernel's own tools.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

#[path = "capture/cases.rs"]
mod cases;
#[path = "common/mod.rs"]
mod common;
#[path = "capture/flags.rs"]
mod flags;
#[path = "capture/restore.rs"]
mod restore;

use std::collections::BTreeMap;

use mesh_compiler::emit::capture::{Cidrs, DnsServers, Inbound, InboundMode, Owners, Settings, rules};
use mesh_compiler::emit::{self, Options};
use mesh_wire::Sha256;

/// Where our rules differ from Istio's on purpose. Everything else must be equal, rule by rule.
///
/// - The chains are named `MESHD_*`.
/// - IPv6: without `--dual-stack` Istio writes no rule; ours are then the same as for IPv4, in IPv6's addresses,
///   since what a machine sends over IPv6 would go round the mesh (compared in `ipv6_mirrors_ipv4`).
/// - Rules for single interfaces stand at the head of our own chains, not in the kernel's
///   ([`restore::Ruleset::of_istio`] moves them). So does what marks packets for TPROXY.
/// - Lines that make chains stand before the rules, and empty the chain where it is there already.
#[test]
fn rules_are_those_of_istio() {
    for case in cases::all().unwrap_or_default() {
        let ours = rules(&case.settings);
        for (family, text, theirs) in [
            ("v4", &ours.v4, &case.iptables),
            ("v6", &ours.v6, &case.ip6tables),
        ] {
            if !theirs.is_empty() {
                let expected = restore::Ruleset::of_istio(theirs);
                let ours = restore::Ruleset::of_ours(text);
                assert_eq!(ours, expected, "{family} of {}", case.path.display());
            }
        }
    }
}

#[test]
fn ipv6_mirrors_ipv4() {
    let settings = Settings {
        inbound: Inbound::Only(vec![3306]),
        dns: DnsServers::All,
        ..Settings::default()
    };
    let ours = rules(&settings);
    let mirrored = ours
        .v4
        .replace("127.0.0.1/32", "::1/128")
        .replace("127.0.0.6/32", "::6/128");
    assert_eq!(ours.v6, mirrored);
}

#[test]
fn rules_of_one_family_stay_in_it() {
    let flags = [
        "-i",
        "10.0.0.0/8,fd00::/8",
        "-x",
        "10.9.0.0/16",
        "--redirect-dns",
        "-k",
        "virbr0",
        "-c",
        "eth1",
    ];
    let servers = ["192.0.2.53", "2001:db8::53"];
    let ours = rules(&cases::said(&flags, &servers));
    assert!(
        ours.v4.contains("-d 10.0.0.0/8 -j MESHD_REDIRECT") && !ours.v4.contains("fd00::"),
        "{}",
        ours.v4
    );
    assert!(
        ours.v6.contains("-d fd00::/8 -j MESHD_REDIRECT") && !ours.v6.contains("10."),
        "{}",
        ours.v6
    );
    assert!(
        ours.v6
            .contains("-d 2001:db8::53/128 -j REDIRECT --to-ports 15053"),
        "{}",
        ours.v6
    );
    let kernels = |line: &&str| line.starts_with("-A PREROUTING") || line.starts_with("-A OUTPUT");
    for line in ours.v4.lines().chain(ours.v6.lines()).filter(kernels) {
        assert!(
            line.contains("-j MESHD_"),
            "only jumps stand in the kernel's chains: {line}"
        );
    }
}

/// Every reference, and settings beyond them, as the kernel's tools take them.
fn all_settings() -> Vec<Settings> {
    let mut all = vec![Settings::default()];
    let cases = cases::all().unwrap_or_default().into_iter();
    all.extend(cases.map(|case| cases::numbered(case.settings)));
    let rich = [
        "-b",
        "*",
        "-d",
        "22",
        "-i",
        "10.0.0.0/8,fd00::/8",
        "-x",
        "10.9.0.0/16",
        "-o",
        "25",
        "-q",
        "9999",
        "-k",
        "virbr0",
        "-c",
        "eth1",
        "--redirect-dns",
    ];
    let servers = ["192.0.2.53", "2001:db8::53"];
    all.push(cases::said(&rich, &servers));
    all.push(Settings {
        groups: Owners::Only(vec!["root".into(), 1000.into()]),
        exclude_users: vec!["daemon".into(), 33.into()],
        ..cases::said(&rich, &servers)
    });
    all.push(Settings {
        ipv6: false,
        drop_invalid: true,
        ..cases::said(&rich, &servers)
    });
    all.push(Settings {
        mode: InboundMode::TPROXY,
        drop_invalid: true,
        ..cases::said(&rich, &servers)
    });
    all.push(Settings {
        mode: InboundMode::TPROXY,
        inbound: Inbound::Only(vec![3306]),
        groups: Owners::AllBut(vec!["nogroup".into()]),
        ..Settings::default()
    });
    all.push(Settings {
        inbound: Inbound::Only(vec![80, 443]),
        dns: DnsServers::All,
        ..Settings::default()
    });
    all
}

/// A group of machines that says all that can be said, below a mesh that says something for all.
const SPEC: &str = r#"
mesh shop {
    dns capture=packets
    capture drop-invalid=#true exclude-outbound="169.254.169.254/32" inbound=all
}
network kube
network vm cidr="10.10.0.0/24"
cluster main network=kube { gateway address="203.0.113.10" }
namespace shop {
    service api {
        port 8080 http
        vms network=vm {
            health tcp=8080
            ssh port=2222
            capture inbound="9090,8080" outbound="240.240.0.0/16,10.0.0.0/8,203.0.113.10/32" outbound-ports=9999 \
                exclude-outbound-ports=25 exclude-interfaces="wg*" virtual-interfaces=docker0 \
                exclude-users="dnsmasq,33" exclude-groups=backup mode=tproxy backend=iptables ipv6=#false \
                loopback="127.0.0.0/8"
            vm api-1 address="10.10.0.5"
        }
    }
    service web {
        port 80 http
        vms network=vm {
            health tcp=80
            vm web-1 address="10.10.0.6"
        }
    }
    service old {
        port 81 http
        vms network=vm engine=envoy {
            health tcp=81
            ssh port=2200
            capture outbound="240.240.0.0/16" exclude-inbound=9100 exclude-groups="backup,33" exclude-interfaces="wg*"
            vm old-1 address="10.10.0.7"
        }
    }
}
"#;

#[test]
fn the_spec_says_what_is_captured() {
    let mesh = common::compile_text(SPEC);
    let of = |name: &str| {
        let service = mesh.service("shop", name).unwrap();
        Settings::of_group(&mesh, &service.groups[0])
    };
    let nets = |list: &str| {
        list.split(',')
            .map(|net| net.parse().unwrap())
            .collect::<Vec<_>>()
    };
    let of_mesh = Settings {
        inbound: Inbound::AllBut(vec![22, 15020, 15021, 15090]),
        exclude_cidrs: nets("169.254.169.254/32"),
        dns: DnsServers::All,
        drop_invalid: true,
        ..Settings::default()
    };
    assert_eq!(
        of("web"),
        of_mesh,
        "SSH and the mesh's own ports are always left alone"
    );
    let own = Settings {
        inbound: Inbound::Only(vec![8080, 9090]),
        outbound: Cidrs::Only(nets("10.0.0.0/8,203.0.113.10/32,240.240.0.0/16")),
        outbound_ports: vec![9999],
        exclude_outbound_ports: vec![25],
        exclude_interfaces: vec!["wg*".to_owned()],
        virtual_interfaces: vec!["docker0".to_owned()],
        exclude_users: vec![33.into(), "dnsmasq".into()],
        groups: Owners::AllBut(vec!["backup".into()]),
        mode: InboundMode::TPROXY,
        ipv6: false,
        loopback: "127.0.0.0/8".parse().unwrap(),
        ..of_mesh
    };
    assert_eq!(of("api"), own, "what a group says goes before what the mesh says");
}

fn output() -> BTreeMap<String, emit::File> {
    let options = Options {
        spec: Sha256::of(b""),
        credentials: BTreeMap::new(),
    };
    emit::emit(&common::compile_text(SPEC), &options)
}

#[test]
fn istios_own_agent_is_told_too() {
    let output = output();
    let env = std::str::from_utf8(&output["vms/old-1/istio/cluster.env"].bytes).unwrap();
    for line in [
        "ISTIO_INBOUND_PORTS='*'",
        "ISTIO_LOCAL_EXCLUDE_PORTS='22,15090,15021,15020,2200,9100'",
        "ISTIO_SERVICE_CIDR='240.240.0.0/16'",
        "ISTIO_SERVICE_EXCLUDE_CIDR='169.254.169.254/32'",
        "ISTIO_EXCLUDE_INTERFACES='wg+'",
        "ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE='33,backup'",
        "INVALID_DROP='true'",
    ] {
        assert!(
            env.lines().any(|there| there == line),
            "{line} is missing in\n{env}"
        );
    }
    let unsaid = ["TPROXY", "ISTIO_OUTBOUND_PORTS"];
    assert!(!unsaid.iter().any(|name| env.contains(name)), "{env}");
}

#[test]
fn a_backend_gets_its_own_files_only() {
    let output = output();
    let rules = |group: &str| -> Vec<_> {
        let folder = format!("groups/{group}/rootfs/etc/meshd/");
        let names = output.keys().filter_map(|path| path.strip_prefix(&folder));
        names.filter(|name| name.starts_with("capture.")).collect()
    };
    assert_eq!(
        rules("web"),
        ["capture.nft", "capture.v4.rules", "capture.v6.rules"]
    );
    assert_eq!(rules("api"), ["capture.v4.rules"], "iptables, and no IPv6");
    let text = |path: &str| String::from_utf8(output[path].bytes.to_vec()).unwrap();
    let rules = text("groups/api/rootfs/etc/meshd/capture.v4.rules");
    for rule in [
        "-i docker0 -d 240.240.0.0/16 -j MESHD_REDIRECT",
        "-o wg+ -j RETURN",
        "--on-port 15006",
    ] {
        assert!(rules.contains(rule), "{rule} is missing in\n{rules}");
    }
    let transparent = |group: &str| {
        text(&format!("groups/{group}/rootfs/etc/systemd/system/meshd.socket")).contains("Transparent=yes")
    };
    assert!(
        transparent("api") && !transparent("web"),
        "TPROXY needs a transparent socket"
    );
}

#[test]
fn iptables_takes_the_rules() {
    for settings in all_settings() {
        let ours = rules(&settings);
        for (tool, text) in [("iptables", &ours.v4), ("ip6tables", &ours.v6)] {
            // Twice: the second time all chains are there and are emptied first.
            let script = format!(
                "{tool}-restore --test --noflush $1 && {tool}-restore --noflush $1 && \
                {tool}-save -t nat | grep '^-A MESHD' > $1.a && {tool}-restore --noflush $1 && \
                {tool}-save -t nat | grep '^-A MESHD' > $1.b && cmp $1.a $1.b"
            );
            let Some(output) = in_namespace(&format!("{tool}-restore"), "iptables", &script, text) else {
                return;
            };
            assert_eq!(output, "", "{tool} refuses\n{text}");
        }
    }
}

#[test]
fn nft_takes_the_rules_and_replaces_them() {
    for settings in all_settings() {
        let text = rules(&settings).nft;
        let script = "nft --check -f $1 && nft -f $1 && nft list table inet meshd > $1.a && nft -f $1 && \
            nft list table inet meshd > $1.b && cmp $1.a $1.b";
        let Some(output) = in_namespace("nft", "nftables", script, &text) else {
            return;
        };
        assert_eq!(output, "", "nft refuses\n{text}");
    }
}

/// Runs `script` in a network of its own with `text` in a file, `$1`; what it complains of. `None` where the tool
/// is missing.
fn in_namespace(tool: &str, package: &str, script: &str, text: &str) -> Option<String> {
    use std::process::Command;
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {tool} unshare")])
        .output()
        .unwrap();
    let lacks = format!("{tool} and unshare, install with apt-get install {package} util-linux");
    if !common::present(found.status.success(), &lacks) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules");
    std::fs::write(&file, text).unwrap();
    let mut unshare = Command::new("unshare");
    unshare.arg("--net");
    if !is_root() {
        unshare.arg("--map-root-user");
    }
    let output = unshare
        .args(["sh", "-c", script, "sh"])
        .arg(&file)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() {
        String::new()
    } else {
        format!("{}: {complaint}", output.status)
    })
}

fn is_root() -> bool {
    let id = std::process::Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}
