use super::site::Site;
use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, code};

/// No proxy touches datagrams, so that nothing that is said of them holds.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for site in Site::all(context.spec)
        .iter()
        .filter(|site| !site.damaged && !site.traffic.is_empty())
    {
        let ports = site.ports();
        let datagrams = ports.iter().all(|port| port.protocol.value == "udp");
        let Some(port) = ports.first().filter(|_| datagrams) else {
            continue;
        };
        let message = format!(
            "nothing holds on port {}: Istio does not carry UDP",
            port.number.value
        );
        let found = Diagnostic::new(&code::UDP_UNPROXIED, port.span, message)
            .here("callers reach it directly")
            .help("leave `balance`, `limits` and `eject` out of it");
        once.push(found, sink);
    }
}
