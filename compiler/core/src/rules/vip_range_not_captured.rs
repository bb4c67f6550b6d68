use std::net::IpAddr;

use ipnet::IpNet;

use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::model::{Kind, Mesh};
use crate::spec::decl::{CaptureDecl, Choice, VmsDecl};

/// What the mesh's names resolve to is captured: a virtual address leads nowhere else.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for (_, _, vms) in context.spec.groups() {
        let capture = context.spec.capture_of(vms);
        let addresses = addresses(context.mesh, &capture, vms);
        for found in [outside(&capture, &addresses), excluded(&capture, &addresses)] {
            found.into_iter().for_each(|found| once.push(found, sink));
        }
    }
}

/// What machines of the group dial, with the service that it belongs to. Those without IPv6 are told of no address of IPv6.
fn addresses(mesh: &Mesh, capture: &CaptureDecl, vms: &VmsDecl) -> Vec<(IpAddr, String)> {
    let ipv6 = capture.ipv6.as_ref().is_none_or(|ipv6| ipv6.value)
        && vms.vms.iter().any(|vm| vm.address.value.is_ipv6());
    let services = mesh.services.iter();
    let dialled = services.filter(|service| service.kind != Kind::Kubernetes { headless: true });
    dialled
        .flat_map(|service| {
            let of_service = service.addresses.iter();
            of_service.map(|address| (*address, service.label()))
        })
        .filter(|(address, _)| address.is_ipv4() || ipv6)
        .collect()
}

fn outside(capture: &CaptureDecl, addresses: &[(IpAddr, String)]) -> Option<Diagnostic> {
    let outbound = capture.outbound.as_ref()?;
    let Choice::List(ranges) = &outbound.value else {
        return None;
    };
    let inside = |address: &IpAddr| ranges.iter().any(|range| range.contains(address));
    let missed: Vec<_> = addresses.iter().filter(|(address, _)| !inside(address)).collect();
    found(outbound, &missed).map(|found| {
        found
            .here("only these destinations are captured")
            .help("add the range of virtual addresses, \"240.240.0.0/16\" unless `virtual-ips` says otherwise, and that of ClusterIPs")
    })
}

fn excluded(capture: &CaptureDecl, addresses: &[(IpAddr, String)]) -> Option<Diagnostic> {
    let ranges = capture.exclude_outbound.as_ref()?;
    let hit = |address: &IpAddr| ranges.value.iter().any(|range: &IpNet| range.contains(address));
    let missed: Vec<_> = addresses.iter().filter(|(address, _)| hit(address)).collect();
    found(ranges, &missed).map(|found| {
        found
            .here("these destinations are left alone")
            .help("leave alone only what is no service's address")
    })
}

fn found<T>(place: &Spanned<T>, missed: &[&(IpAddr, String)]) -> Option<Diagnostic> {
    let (address, service) = missed.first()?;
    let others = match missed.len() - 1 {
        0 => String::new(),
        1 => " and one other address".to_owned(),
        more => format!(" and {more} other addresses"),
    };
    let message = format!("connections to `{service}` at {address}{others} would go round the proxy");
    Some(
        Diagnostic::new(&code::VIP_UNCAPTURED, place.span, message)
            .note("these are virtual addresses or ClusterIPs: without the proxy they lead nowhere"),
    )
}
