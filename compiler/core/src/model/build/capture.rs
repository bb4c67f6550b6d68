use ipnet::IpNet;

use crate::diag::Spanned;
use crate::model::{Backend, Capture, InboundPorts};
use crate::spec::decl::{CaptureDecl, Choice, Names};

/// What is captured, with what holds where nothing is said. `ssh` is the port of the group's machines, also of those that
/// an autoscaler starts.
pub(super) fn of(decl: &CaptureDecl, ssh: Option<u16>) -> Capture {
    let word =
        |value: &Option<Spanned<String>>, word: &str| value.as_ref().is_some_and(|said| said.value == word);
    Capture {
        inbound: inbound(decl, ssh),
        outbound: match decl.outbound.as_ref().map(|outbound| &outbound.value) {
            Some(Choice::List(ranges)) => Some(tidy(ranges.clone())),
            Some(Choice::Word(word)) if word == "none" => Some(Vec::new()),
            _ => None,
        },
        exclude_outbound: sorted(&decl.exclude_outbound),
        outbound_ports: sorted(&decl.outbound_ports),
        exclude_outbound_ports: sorted(&decl.exclude_outbound_ports),
        exclude_interfaces: names(&decl.exclude_interfaces),
        virtual_interfaces: names(&decl.virtual_interfaces),
        exclude_users: names(&decl.exclude_users),
        exclude_groups: names(&decl.exclude_groups),
        only_groups: decl.only_groups.as_ref().map(|_| names(&decl.only_groups)),
        tproxy: word(&decl.mode, "tproxy"),
        backend: if word(&decl.backend, "iptables") {
            Backend::Iptables
        } else if word(&decl.backend, "nftables") {
            Backend::Nftables
        } else {
            Backend::Auto
        },
        drop_invalid: decl.drop_invalid.as_ref().is_some_and(|drop| drop.value),
        ipv6: decl.ipv6.as_ref().is_none_or(|ipv6| ipv6.value),
        loopback: decl
            .loopback
            .as_ref()
            .and_then(|range| match range.value.first() {
                Some(IpNet::V4(range)) => Some(*range),
                _ => None,
            }),
    }
}

fn inbound(decl: &CaptureDecl, ssh: Option<u16>) -> InboundPorts {
    match decl.inbound.as_ref().map(|inbound| &inbound.value) {
        Some(Choice::List(ports)) => InboundPorts::Only(tidy(ports.clone())),
        Some(Choice::Word(word)) if word == "none" => InboundPorts::Only(Vec::new()),
        Some(Choice::Word(word)) if word == "all" => {
            let mut except = sorted(&decl.exclude_inbound);
            except.extend(ssh);
            InboundPorts::AllBut(tidy(except))
        }
        _ => InboundPorts::Declared,
    }
}

fn sorted<T: Ord + Clone>(list: &Option<Spanned<Vec<T>>>) -> Vec<T> {
    list.as_ref()
        .map(|list| tidy(list.value.clone()))
        .unwrap_or_default()
}

fn names(list: &Option<Spanned<Names>>) -> Vec<String> {
    let names = list.iter().flat_map(|list| &list.value);
    tidy(names.map(|name| name.value.clone()).collect())
}

fn tidy<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}
