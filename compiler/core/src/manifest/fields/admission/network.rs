//! Ports, addresses and what they lead to.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::names::is_host;
use super::{is, key, said, text_that};
use crate::diag::Span;
use crate::manifest::fields::limit::twice;
use crate::syntax::Datum;

const PROTOCOLS: &[&str] = &[
    "grpc",
    "grpc-web",
    "http",
    "http2",
    "http_proxy",
    "https",
    "mongo",
    "mysql",
    "redis",
    "tcp",
    "tls",
    "udp",
    "hbone",
    "doublehbone",
];

pub(super) fn protocol(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| {
        !text.is_empty() && !PROTOCOLS.contains(&text.to_ascii_lowercase().as_str())
    })
}

pub(super) fn port(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| text.parse::<u16>().is_err())
}

fn fields<'a>(datum: &'a Datum, list: &str) -> impl Iterator<Item = &'a Datum> {
    datum.at(&[list]).map_or(&[][..], Datum::items).iter()
}

/// Ports of servers with one name.
pub(super) fn port_names(datum: &Datum) -> Option<Span> {
    let mut seen = BTreeSet::new();
    let names = fields(datum, "servers").filter_map(|server| server.at(&["port"])?.field_text("name"));
    let mut names = names.collect::<Vec<_>>().into_iter();
    names
        .find(|name| !seen.insert(name.value.clone()))
        .map(|name| name.span)
}

pub(super) fn bound_port(datum: &Datum) -> Option<Span> {
    let number = datum.at(&["port", "number"])?.text()?;
    let socket = datum
        .field_text("bind")
        .is_some_and(|bind| bind.value.starts_with("unix://"));
    (number.value == "0" && !socket).then_some(number.span)
}

pub(super) fn own_endpoint(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| {
        let host = ["127.0.0.1:", "0.0.0.0:", "[::1]:", "[::]:"]
            .iter()
            .find_map(|start| text.strip_prefix(start));
        !text.is_empty()
            && !text.starts_with("unix://")
            && host.is_none_or(|port| port.parse::<u16>().is_err())
    })
}

pub(super) fn portless_last(datum: &Datum) -> Option<Span> {
    let listeners: Vec<_> = fields(datum, "egress").collect();
    let (_, before) = listeners.split_last()?;
    let portless = before.iter().find(|listener| listener.entry("port").is_none())?;
    portless.entries().first().map(|entry| entry.key.span)
}

pub(super) fn ingress_ports(datum: &Datum) -> Option<Span> {
    let mut seen = BTreeSet::new();
    let mut ports = fields(datum, "ingress").filter_map(|listener| {
        let bind = listener.field_text("bind").map(|bind| bind.value);
        Some((bind, listener.at(&["port"])?.field_text("number")?))
    });
    ports
        .find(|(bind, number)| !seen.insert((bind.clone(), number.value.clone())))
        .map(|(_, number)| number.span)
}

pub(super) fn egress_proxy(datum: &Datum) -> Option<Span> {
    let proxy = said(datum, "egressProxy")?;
    let fits = is(datum, "mode", "ALLOW_ANY") && proxy.value.at(&["port", "number"]).is_some();
    (!fits).then_some(proxy.key.span)
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || text.parse::<IpNet>().is_ok()
}

pub(super) fn address(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| !is_address(text))
}

pub(super) fn address_or_host(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| !is_address(text) && !is_host(text))
}

pub(super) fn endpoint(datum: &Datum) -> Option<Span> {
    text_that(datum, |text| {
        !text.is_empty() && !text.starts_with("unix://") && text.parse::<IpAddr>().is_err() && !is_host(text)
    })
}

fn is_named(protocol: Option<&str>) -> bool {
    protocol.is_some_and(|protocol| {
        ["http", "http2", "grpc", "grpc-web", "https", "tls"]
            .contains(&protocol.to_ascii_lowercase().as_str())
    })
}

pub(super) fn one_host(datum: &Datum) -> Option<Span> {
    let hosts = datum.at(&["hosts"])?.items();
    let second = hosts.get(1)?.span;
    let addressed = said(datum, "addresses").is_some();
    let mut ports = fields(datum, "ports").filter_map(|port| port.field_text("protocol"));
    let bytes = ports.any(|protocol| !is_named(Some(&protocol.value)));
    (bytes && !addressed).then_some(second)
}

fn is_dynamic(datum: &Datum) -> bool {
    is(datum, "resolution", "DYNAMIC_DNS")
}

pub(super) fn dynamic_wildcard(datum: &Datum) -> Option<Span> {
    let hosts = datum.at(&["hosts"]).filter(|_| is_dynamic(datum))?;
    let mut texts = hosts.items().iter().filter_map(Datum::text);
    texts
        .find(|host| !host.value.starts_with('*'))
        .map(|host| host.span)
}

pub(super) fn dynamic_bare(datum: &Datum) -> Option<Span> {
    let keys = ["addresses", "endpoints"]
        .iter()
        .find_map(|name| key(datum, name));
    keys.filter(|_| is_dynamic(datum))
}

pub(super) fn dynamic_protocols(datum: &Datum) -> Option<Span> {
    let protocols = fields(datum, "ports")
        .filter(|_| is_dynamic(datum))
        .filter_map(|port| port.field_text("protocol"));
    let mut protocols = protocols.collect::<Vec<_>>().into_iter();
    protocols
        .find(|protocol| !is_named(Some(&protocol.value)))
        .map(|protocol| protocol.span)
}

pub(super) fn endpoint_ports(datum: &Datum) -> Option<Span> {
    let names: BTreeSet<_> = fields(datum, "ports")
        .filter_map(|port| port.field_text("name"))
        .map(|name| name.value)
        .collect();
    let ports = fields(datum, "endpoints").filter_map(|endpoint| endpoint.at(&["ports"]));
    let mut keys = ports.flat_map(Datum::entries).map(|entry| &entry.key);
    // Twice the same name is told of the list.
    let sure = twice(datum.at(&["ports"])?, "name").is_none();
    keys.find(|key| sure && !names.contains(&key.value))
        .map(|key| key.span)
}

pub(super) fn none_selects(datum: &Datum) -> Option<Span> {
    let none = datum
        .field_text("resolution")
        .is_none_or(|way| way.value == "NONE");
    key(datum, "workloadSelector").filter(|_| none)
}
