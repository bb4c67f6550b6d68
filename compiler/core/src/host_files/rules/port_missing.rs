use std::collections::BTreeMap;

use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::host_files::shell::Word;
use crate::manifest::Object;

/// Requests that scripts send are to ports that the Service has.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let services = context.objects.iter().filter(|object| object.is("", "Service"));
    let services: Services<'_> = services
        .map(|service| ((service.name.value.as_str(), service.namespace()), service))
        .collect();
    for command in context.machines.iter().flat_map(|machine| machine.commands()) {
        // What follows `--` runs in a pod.
        let start = command.words.iter().position(|word| word.name() == "curl");
        for word in start.map_or(&[][..], |start| &command.words[start..]) {
            if let Some((host, port)) = target(word) {
                look(&services, word, &host, port, sink);
            }
        }
    }
}

/// Host and port of an address whose host is a Service's: `name.namespace.svc…`.
fn target(word: &Word) -> Option<(String, u16)> {
    let text = word.text.strip_prefix("http://").unwrap_or(&word.text);
    let authority = text.split(['/', '?']).next()?;
    let (host, port) = authority.split_once(':')?;
    Some((host.to_owned(), port.parse().ok()?))
}

/// Services, by name and namespace.
type Services<'a> = BTreeMap<(&'a str, &'a str), &'a Object>;

fn look(services: &Services<'_>, word: &Word, host: &str, port: u16, sink: &mut Sink) {
    let mut parts = host.split('.');
    let (Some(name), Some(namespace), Some("svc")) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let Some(service) = services.get(&(name, namespace)) else {
        return;
    };
    let ports: Vec<Spanned<String>> = service
        .items(&["spec", "ports"])
        .iter()
        .filter_map(|item| item.at(&["port"])?.text())
        .collect();
    let has = ports.iter().any(|own| own.value.parse() == Ok(port));
    if has || ports.is_empty() {
        return;
    }
    let known: Vec<_> = ports.iter().map(|port| port.value.as_str()).collect();
    sink.push(
        Diagnostic::new(
            &code::PORT_UNDECLARED,
            word.span,
            format!("the Service `{name}` has no port {port}"),
        )
        .here("nothing answers here")
        .label(ports[0].span, "these are its ports")
        .help(format!(
            "ask port {}, or add {port} to `spec.ports`",
            known.join(" or ")
        )),
    );
}
