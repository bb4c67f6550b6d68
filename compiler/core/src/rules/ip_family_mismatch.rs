use std::net::IpAddr;

use ipnet::IpNet;

use super::Context;
use super::scope::places;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::Service;
use crate::spec::decl::RuleDecl;

/// Addresses that a rule names can occur where it is looked at.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for place in places(context) {
        let served: Vec<_> = place
            .services(context)
            .into_iter()
            .filter(|service| !service.is_external())
            .collect();
        for rule in &place.decl.decl.rules {
            for (nets, span) in listed(rule) {
                if let Some(mapped) = nets.iter().find_map(mapped) {
                    sink.push(written_as_ipv4(mapped, span));
                } else if let Some(family) = only(nets).filter(|family| never(&served, *family)) {
                    sink.push(absent(family, span, &place.name()));
                }
            }
        }
    }
}

/// Lists that one of must match; the opposite of what cannot be does no harm.
fn listed(rule: &RuleDecl) -> impl Iterator<Item = (&[IpNet], Span)> {
    [&rule.from_ip.any, &rule.remote_ip.any]
        .into_iter()
        .flatten()
        .map(|list| (list.value.as_slice(), list.span))
}

/// IPv6 that stands for IPv4: connections show the latter.
fn mapped(net: &IpNet) -> Option<IpNet> {
    let IpNet::V6(net) = net else { return None };
    let address = net.addr().to_ipv4_mapped()?;
    let length = net.prefix_len().checked_sub(96)?;
    IpNet::new(IpAddr::V4(address), length).ok()
}

/// Whether all are IPv4 (`Some(true)`) or IPv6.
fn only(nets: &[IpNet]) -> Option<bool> {
    let first = nets.first()?.addr().is_ipv4();
    nets.iter()
        .all(|net| net.addr().is_ipv4() == first)
        .then_some(first)
}

/// All workloads are machines whose addresses are of the other family. Pods' addresses are not known here.
fn never(served: &[&Service], ipv4: bool) -> bool {
    let mut vms = served
        .iter()
        .flat_map(|service| &service.groups)
        .flat_map(|group| &group.vms);
    let known = served.iter().all(|service| service.pods.is_empty());
    known && vms.clone().next().is_some() && vms.all(|vm| vm.address.is_ipv4() != ipv4)
}

fn written_as_ipv4(mapped: IpNet, span: Span) -> Diagnostic {
    let message = "an IPv4 address in IPv6's clothes never matches".to_owned();
    Diagnostic::new(&code::IP_FAMILY, span, message).help(format!("write \"{mapped}\""))
}

fn absent(ipv4: bool, span: Span, place: &str) -> Diagnostic {
    let (named, had) = if ipv4 { ("IPv4", "IPv6") } else { ("IPv6", "IPv4") };
    let message =
        format!("callers of {place} never come from {named}: its machines have {had} addresses only");
    Diagnostic::new(&code::IP_FAMILY, span, message)
        .here(format!("only {named}"))
        .help(format!("name {had} addresses, too"))
}
