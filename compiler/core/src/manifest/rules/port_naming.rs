use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// Protocols that names of ports begin with (istio, pkg/config/protocol).
const KNOWN: &[&str] = &[
    "grpc", "grpc-web", "http", "http2", "https", "mongo", "mysql", "redis", "tcp", "tls", "udp",
];

/// The protocol of a port is said where Istio reads it: by `protocol` in a ServiceEntry (istio,
/// serviceentry/conversion.go, protocol.Parse), by the beginning of the name or `appProtocol` in a Service.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for entry in index.kind(NETWORKING, "ServiceEntry") {
        for port in entry.items(&["spec", "ports"]) {
            if let (Some(name), None) = (port.field_text("name"), port.field_text("protocol")) {
                sink.push(of_entry(&name));
            }
        }
    }
    for service in index.kind("", "Service") {
        let external = service
            .text(&["spec", "type"])
            .is_some_and(|kind| kind.value == "ExternalName");
        for port in service.items(&["spec", "ports"]) {
            if port.field_text("appProtocol").is_some() {
                continue;
            }
            let found = if external {
                of_external(port, service)
            } else {
                port.field_text("name").and_then(|name| elsewhere(&name))
            };
            found.into_iter().for_each(|found| sink.push(found));
        }
    }
}

fn of_entry(name: &Spanned<String>) -> Diagnostic {
    let said = name
        .value
        .split('-')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let message = format!(
        "the name `{}` does not say the protocol of a ServiceEntry's port",
        name.value
    );
    let found = Diagnostic::new(&code::PORT_NAMING, name.span, message)
        .here("without `protocol`, proxies guess from the first bytes");
    if KNOWN.contains(&said.as_str()) && said != "udp" {
        found.help(format!(
            "write `protocol: {}` beside it",
            said.to_ascii_uppercase()
        ))
    } else {
        found.help("write `protocol: HTTP`, `HTTPS`, `TLS`, `TCP` or another beside it")
    }
}

/// Of a name outside, a port of bytes takes every connection to its number.
fn of_external(port: &Datum, service: &Object) -> Option<Diagnostic> {
    let name = port.field_text("name");
    let first = name.as_ref().and_then(|name| name.value.split('-').next());
    let said = first.filter(|first| KNOWN.contains(first) && *first != "tcp");
    if said.is_some()
        || port
            .field_text("protocol")
            .is_some_and(|protocol| protocol.value == "UDP")
    {
        return None;
    }
    let span = name.map_or_else(
        || port.field_text("port").map(|port| port.span),
        |name| Some(name.span),
    )?;
    let outside = service.text(&["spec", "externalName"])?;
    let message = format!(
        "a port for bytes of the ExternalName `{}`: proxies take every connection to its number for it",
        service.name.value
    );
    Some(
        Diagnostic::new(&code::PORT_NAMING, span, message)
            .label(outside.span, "this name has no address to be told by")
            .help("begin the name of the port with the protocol, such as `http-…` or `tls-…`"),
    )
}

/// A name that begins with a protocol, without the `-` behind it that ends the protocol.
fn elsewhere(name: &Spanned<String>) -> Option<Diagnostic> {
    let text = name.value.as_str();
    if KNOWN.contains(&text.split('-').next()?) || text.starts_with("grpc-web") {
        return None;
    }
    let word = text.split(['_', '.', '-']).next()?;
    let bare = word.trim_end_matches(|char: char| char.is_ascii_digit());
    let protocol = [word, bare].into_iter().find(|word| KNOWN.contains(word))?;
    let behind = text[protocol.len()..].trim_start_matches(['-', '_', '.']);
    let message = format!("the name `{text}` does not say the protocol of the port: `-` ends it");
    Some(
        Diagnostic::new(&code::PORT_NAMING, name.span, message)
            .here("proxies guess from the first bytes")
            .help(format!("write `{protocol}-{behind}`, or `appProtocol` beside it")),
    )
}
