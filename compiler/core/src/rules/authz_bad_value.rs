use std::net::IpAddr;

use ipnet::IpNet;

use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::spec::decl::{Attribute, WhenDecl};

/// What `when` compares with is what its attribute can be.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let rules = context.spec.access().flat_map(|access| &access.decl.rules);
    for when in rules.flat_map(|rule| &rule.when).filter(|when| !when.damaged) {
        let Ok(attribute) = Attribute::parse(&when.key.value) else {
            continue;
        };
        if when.values().next().is_none() {
            sink.push(empty(when));
        }
        for value in when.values() {
            if let Some((message, help)) = wrong(&attribute, &value.value) {
                sink.push(found(value, message).help(help));
            }
        }
    }
}

fn empty(when: &WhenDecl) -> Diagnostic {
    let message = format!("`when {}` compares with nothing", when.key.value);
    Diagnostic::new(&code::AUTHZ_BAD_VALUE, when.span, message)
        .here("expected values, or `not=`")
        .help(format!("write `when \"{}\" \"VALUE\"`", when.key.value))
}

fn found(value: &Spanned<String>, message: String) -> Diagnostic {
    Diagnostic::new(&code::AUTHZ_BAD_VALUE, value.span, message)
}

fn wrong(attribute: &Attribute, value: &str) -> Option<(String, String)> {
    use Attribute as A;
    match attribute {
        A::SourceIp | A::RemoteIp | A::DestinationIp => address(value),
        A::DestinationPort => value.parse::<u16>().is_err().then(|| {
            let message = format!("\"{value}\" is no port");
            (message, "write a port from 1 to 65535".to_owned())
        }),
        A::SourceServiceAccount => account(value),
        A::SourcePrincipal => value.strip_prefix("spiffe://").map(|rest| {
            let message = "a principal is written without `spiffe://` here".to_owned();
            (message, format!("write \"{rest}\""))
        }),
        A::Metadata { .. } => None,
        _ => stars(value),
    }
}

fn address(value: &str) -> Option<(String, String)> {
    if value.parse::<IpAddr>().is_ok() {
        return None;
    }
    match value.parse::<IpNet>() {
        Ok(net) if net.trunc() == net => None,
        Ok(net) => Some((
            format!("\"{value}\" is an address within a range, not a range"),
            format!(
                "write \"{}\", or \"{}\" for this address alone",
                net.trunc(),
                net.addr()
            ),
        )),
        Err(_) => Some((
            format!("\"{value}\" is neither an address nor a range"),
            "write it as in \"10.0.0.0/8\"".to_owned(),
        )),
    }
}

fn account(value: &str) -> Option<(String, String)> {
    let parts: Vec<_> = value.split('/').collect();
    let wrong = value.contains('*') || parts.len() > 2 || parts.iter().any(|part| part.is_empty());
    wrong.then(|| {
        let message = format!("\"{value}\" is no service account");
        (
            message,
            "write it as ACCOUNT or NAMESPACE/ACCOUNT, without `*`".to_owned(),
        )
    })
}

fn stars(value: &str) -> Option<(String, String)> {
    let inner = value
        .strip_prefix('*')
        .or_else(|| value.strip_suffix('*'))
        .unwrap_or(value);
    inner.contains('*').then(|| {
        let message = format!("a `*` within \"{value}\" stands for itself");
        (
            message,
            "`*` means anything at the beginning or at the end only".to_owned(),
        )
    })
}
