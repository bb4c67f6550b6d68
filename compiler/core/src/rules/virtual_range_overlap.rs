use ipnet::IpNet;

use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};

/// Virtual addresses are nobody's real ones.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let Some(mesh) = &context.spec.mesh else { return };
    for range in &mesh.dns.virtual_ips {
        for network in &context.spec.networks {
            let Some(cidrs) = &network.cidrs else { continue };
            let overlap = cidrs.value.iter().find(|cidr| overlaps(cidr, &range.value));
            if let Some(cidr) = overlap {
                sink.push(found(
                    range.span,
                    &range.value,
                    cidrs.span,
                    cidr,
                    &network.name.value,
                ));
            }
        }
    }
}

fn overlaps(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

fn found(span: Span, range: &IpNet, place: Span, cidr: &IpNet, network: &str) -> Diagnostic {
    let message = format!("virtual addresses of {range} would be real machines of network `{network}`");
    Diagnostic::new(&code::RANGE_OVERLAP, span, message)
        .here("services get addresses of this range")
        .label(place, format!("machines have addresses of {cidr}"))
        .help("write a range that nothing uses, such as \"240.240.0.0/16\"")
}
