use std::collections::BTreeMap;

use super::traffic;
use crate::model::{Port, Protocol};
use crate::spec::decl::PortDecl;

/// Ports by number, each with a name.
pub(super) fn ports(decls: &[PortDecl]) -> Vec<Port> {
    let names = names(decls);
    let mut ports: Vec<_> = decls
        .iter()
        .zip(names)
        .map(|(decl, name)| Port {
            name,
            number: decl.number.value,
            target: decl.target().value,
            target_name: decl.target_name.as_ref().map(|name| name.value.clone()),
            protocol: protocol(&decl.protocol.value),
            traffic: traffic::policy(&decl.traffic),
            span: decl.span,
        })
        .collect();
    ports.sort_by_key(|port| port.number);
    ports
}

/// The name of each port: its own; else that of the protocol, as Istio reads it (`http`, `tcp-mysql`), with the
/// number where several would have the same.
pub(crate) fn names(decls: &[PortDecl]) -> Vec<String> {
    let mut unnamed: BTreeMap<&str, usize> = BTreeMap::new();
    for decl in decls.iter().filter(|decl| decl.name.is_none()) {
        *unnamed.entry(prefix(&decl.protocol.value)).or_default() += 1;
    }
    let given: Vec<_> = decls.iter().filter_map(|decl| decl.name.as_ref()).collect();
    let name = |decl: &PortDecl| {
        let prefix = prefix(&decl.protocol.value);
        match &decl.name {
            Some(name) => name.value.clone(),
            None if unnamed.get(prefix) == Some(&1) && !given.iter().any(|name| name.value == prefix) => {
                prefix.to_owned()
            }
            None => format!("{prefix}-{}", decl.number.value),
        }
    };
    decls.iter().map(name).collect()
}

/// Istio takes mysql, redis and mongo for bytes unless told otherwise; the name says both.
fn prefix(protocol: &str) -> &str {
    match protocol {
        "mysql" => "tcp-mysql",
        "redis" => "tcp-redis",
        "mongo" => "tcp-mongo",
        other => other,
    }
}

/// The word's protocol; the language has checked the word.
pub(crate) fn protocol(word: &str) -> Protocol {
    match word {
        "http" => Protocol::Http,
        "http2" => Protocol::Http2,
        "grpc" => Protocol::Grpc,
        "grpc-web" => Protocol::GrpcWeb,
        "tls" => Protocol::Tls,
        "https" => Protocol::Https,
        "udp" => Protocol::Udp,
        "mysql" => Protocol::Mysql,
        "redis" => Protocol::Redis,
        "mongo" => Protocol::Mongo,
        _ => Protocol::Tcp,
    }
}
