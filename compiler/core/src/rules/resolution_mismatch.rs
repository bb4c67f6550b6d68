use std::net::IpAddr;

use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::spec::decl::{EndpointDecl, ExternalDecl};

/// The way to find an external service fits what is said of where it is (Istio `ValidateServiceEntry`).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, external) in context.spec.externals().filter(|(_, external)| !external.damaged) {
        look(external).into_iter().for_each(|found| sink.push(found));
        ports(external, sink);
    }
}

fn look(external: &ExternalDecl) -> Option<Diagnostic> {
    let said = external.resolution.as_ref();
    let word = said.map_or("", |said| said.value.as_str());
    let place = said.map_or(external.host.span, |said| said.span);
    let wildcard = external.host.value.starts_with("*.");
    let addresses = || external.endpoints.iter().flat_map(|endpoint| &endpoint.addresses);
    let wrong = |span: Span, message: &str, help: &str| {
        Some(Diagnostic::new(&code::RESOLUTION, span, message).help(help))
    };
    match word {
        "static" if external.endpoints.is_empty() => wrong(
            place,
            "`static` needs endpoints",
            "write `endpoint \"192.0.2.1\"` in it, or `resolution=dns`",
        ),
        "static" => {
            let name = addresses().find(|address| address.value.parse::<IpAddr>().is_err())?;
            let message = format!(
                "`{}` has to be looked up, and `static` looks nothing up",
                name.value
            );
            wrong(name.span, &message, "write an address, or `resolution=dns`")
        }
        "none" => {
            let endpoint = external.endpoints.first()?;
            let message = "with `none`, connections go to the address that was dialled, never to an endpoint";
            wrong(
                endpoint.span,
                message,
                "leave the endpoints out, or `resolution=none`",
            )
        }
        "dns" | "dns-round-robin" if wildcard && external.endpoints.is_empty() => {
            let help = "leave `resolution=` out: connections then go to the address that was dialled; or write `endpoint`";
            wrong(place, "a wildcard cannot be looked up", help)
        }
        "dns-round-robin" => {
            let second = addresses().nth(1)?;
            wrong(
                second.span,
                "`dns-round-robin` takes one endpoint",
                "leave the others out, or write `resolution=dns`",
            )
        }
        _ => None,
    }
}

/// Endpoints name ports of the service.
fn ports(external: &ExternalDecl, sink: &mut Sink) {
    let known = |number: u16| external.ports.iter().any(|port| port.number.value == number);
    let of = |endpoint: &EndpointDecl| endpoint.ports.clone();
    for (number, _) in external
        .endpoints
        .iter()
        .flat_map(of)
        .filter(|(number, _)| !known(number.value))
    {
        let message = format!("the endpoint names port {}, which nobody declares", number.value);
        sink.push(
            Diagnostic::new(&code::PORT_UNDECLARED, number.span, message)
                .here("not declared")
                .help("name a port that callers dial: its number stands at `port` of the service"),
        );
    }
}
