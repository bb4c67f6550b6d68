use super::gateway::{selector, servers};
use super::index::{Index, NETWORKING};
use super::workload::{is_subset, shown};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::manifest::Object;

/// Browsers use one connection of HTTP/2 for all hosts of a certificate: what comes over a connection to one gateway's
/// server is not looked up among the routes of another's.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut seen: Vec<Shown<'_>> = Vec::new();
    for gateway in index.kind(NETWORKING, "Gateway") {
        let mut own: Vec<Shown<'_>> = Vec::new();
        for server in servers(gateway) {
            let is_https = server
                .protocol()
                .is_some_and(|protocol| protocol.value == "HTTPS");
            let name = server
                .datum
                .at(&["tls"])
                .and_then(|tls| tls.field_text("credentialName"));
            let (Some(port), Some(name), true) = (server.number(), name, is_https) else {
                continue;
            };
            let hosts: Vec<_> = server.hosts().into_iter().map(|host| host.value).collect();
            let shown = Shown {
                gateway,
                name,
                port: port.value,
                hosts,
            };
            if let Some(other) = seen.iter().find(|other| other.mixes_with(&shown)) {
                sink.push(found(&shown.name, other.gateway, &other.name));
            }
            own.push(shown);
        }
        seen.extend(own);
    }
}

/// A certificate as a server shows it.
struct Shown<'a> {
    gateway: &'a Object,
    name: Spanned<String>,
    port: String,
    hosts: Vec<String>,
}

impl Shown<'_> {
    /// Both are on one port of the same pods, for different hosts: one host twice is another mistake.
    fn mixes_with(&self, other: &Self) -> bool {
        self.name.value == other.name.value
            && self.port == other.port
            && !self.hosts.iter().any(|host| other.hosts.contains(host))
            && share_pods(self.gateway, other.gateway)
    }
}

/// Some pods serve both.
fn share_pods(one: &Object, two: &Object) -> bool {
    let (one, two) = (selector(one), selector(two));
    is_subset(&one, &two) || is_subset(&two, &one)
}

fn found(name: &Spanned<String>, other: &Object, known: &Spanned<String>) -> Diagnostic {
    let message = format!(
        "two gateways show the certificate of `{}`: requests over one's connections get 404 for the other's hosts",
        name.value
    );
    Diagnostic::new(&code::CERTIFICATE_SHARED, name.span, message)
        .here("again here")
        .label(known.span, format!("first by the {}", shown(other)))
        .help("serve all hosts of the certificate by one Gateway, or take a certificate for each")
}
