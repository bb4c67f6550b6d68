use std::net::IpAddr;

use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::host_files::Machine;

/// istiod's certificate holds names: an address is none of them.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        if machine.value("ISTIOD_SAN").is_some() {
            continue;
        }
        for address in addresses(machine) {
            let (host, port) = parts(&address.value);
            if !is_address(host) {
                continue;
            }
            let port = port.map_or(String::new(), |port| format!(":{port}"));
            sink.push(
                Diagnostic::new(
                    &code::SAN_MISMATCH,
                    address.span,
                    format!("istiod's certificate does not name `{host}`"),
                )
                .here("the handshake fails at this address")
                .help(format!(
                    "write `istiod.istio-system.svc{port}`, and `{host} istiod.istio-system.svc` into /etc/hosts"
                ))
                .note("it names istiod.istio-system.svc and the like (with a revision: istiod-REVISION.istio-system.svc)"),
            );
        }
    }
}

/// Where istiod is said to be, by every variable and by MeshConfig.
pub(super) fn addresses(machine: &Machine<'_>) -> Vec<Spanned<String>> {
    let mut found: Vec<_> = machine
        .variables()
        .iter()
        .filter(|said| ["CA_ADDR", "PILOT_ADDRESS"].contains(&said.variable.name.value.as_str()))
        .filter(|said| said.variable.literal)
        .map(|said| said.variable.value.clone())
        .collect();
    for (_, mesh) in machine.meshes() {
        found.extend(
            mesh.at(&["defaultConfig", "discoveryAddress"])
                .and_then(|address| address.text()),
        );
    }
    found.retain(|address| !address.value.is_empty());
    found
}

/// The host and the port of `host:port`.
pub(super) fn parts(address: &str) -> (&str, Option<u16>) {
    match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.starts_with('[') => {
            (host.trim_matches(['[', ']']), port.parse().ok())
        }
        _ => (address, None),
    }
}

/// istiod is dialled at an address that is not the machine's own.
pub(super) fn is_gateway(address: &str) -> bool {
    let (host, _) = parts(address);
    let own = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    is_address(host) && !own
}

/// An address, or what stands for one in a guide: `<EAST_WEST_GATEWAY_IP>`.
fn is_address(host: &str) -> bool {
    let placeholder = host.strip_prefix('<').and_then(|host| host.strip_suffix('>'));
    let stands = placeholder.is_some_and(|name| name.to_ascii_uppercase().contains("IP"));
    stands || host.parse::<IpAddr>().is_ok()
}
