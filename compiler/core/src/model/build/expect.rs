//! What the spec expects of calls.

use super::service::host;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::{Expectation, Mesh, Wanted};
use crate::spec::decl::{ExpectDecl, Spec};

/// All that `spec` expects, in the order of its places.
pub(super) fn all(spec: &Spec, mesh: &Mesh, sink: &mut Sink) -> Vec<Expectation> {
    let mut found = Vec::new();
    for decl in spec.mesh.iter().flat_map(|mesh| &mesh.expect) {
        found.extend(one(decl, None, None, sink));
    }
    for namespace in &spec.namespaces {
        let home = namespace.name.value.as_str();
        for decl in &namespace.expect {
            found.extend(one(decl, Some(home), None, sink));
        }
        let services = namespace.services.iter().map(|service| {
            let host = host(&service.name.value, home, service.host.as_ref());
            (host, &service.expect)
        });
        let externals = namespace.externals.iter();
        let externals = externals.map(|external| (external.host.value.clone(), &external.expect));
        for (host, expect) in services.chain(externals) {
            for decl in expect {
                found.extend(one(decl, Some(home), Some((mesh, &host)), sink));
            }
        }
    }
    found.sort_by_key(|expectation| expectation.span);
    found
}

/// One expectation, written in the namespace `home` and of the service with a host; `None` if something in it does not
/// fit.
pub(crate) fn one(
    decl: &ExpectDecl,
    home: Option<&str>,
    owner: Option<(&Mesh, &str)>,
    sink: &mut Sink,
) -> Option<Expectation> {
    let before = sink.len();
    strangers(decl, sink);
    let to = match (&decl.to, owner) {
        (Some(to), Some((mesh, host))) if to.value.starts_with('/') => {
            Some(format!("http://{host}:{}{}", port(mesh, host, true)?, to.value))
        }
        (Some(to), None) if to.value.starts_with('/') => {
            let help = "write a URL such as \"http://webapp:8080/api\", or put the `expect` into a `service`";
            sink.push(
                Diagnostic::new(
                    &code::WRONG_TYPE,
                    to.span,
                    "a path alone says nothing of whom is called",
                )
                .help(help),
            );
            None
        }
        (Some(to), _) => Some(to.value.clone()),
        (None, Some((mesh, host))) => Some(format!("{host}:{}", port(mesh, host, false)?)),
        (None, None) => {
            sink.push(
                Diagnostic::new(&code::MISSING, decl.span, "`expect` needs `to=`")
                    .here("whom is called?")
                    .help("add `to=\"http://webapp:8080/api\"`; only in a `service` it may be left out"),
            );
            None
        }
    };
    if sink.len() > before {
        return None;
    }
    let methods = decl.method.iter().flat_map(|list| &list.value);
    Some(Expectation {
        wanted: wanted(decl),
        from: decl.from.value.clone(),
        home: home.map(str::to_owned),
        to: to?,
        method: methods.map(|method| method.value.clone()).next(),
        headers: decl
            .headers
            .iter()
            .map(|(name, value)| (name.value.to_lowercase(), value.value.clone()))
            .collect(),
        jwt: decl.jwt.as_ref().map(|jwt| jwt.value.clone()),
        from_ip: decl.from_ip.as_ref().map(|address| address.value),
        span: decl.span,
    })
}

/// The first port of the service with `host`; with `http`, the first that knows requests, if there is one.
fn port(mesh: &Mesh, host: &str, http: bool) -> Option<u16> {
    let service = mesh.services.iter().find(|service| service.host == host)?;
    let knows = service.ports.iter().find(|port| http && port.protocol.is_http());
    Some(knows.or(service.ports.first())?.number)
}

/// Each of these says something of one kind of expectation.
fn strangers(decl: &ExpectDecl, sink: &mut Sink) {
    let said: [(&str, &str, Option<Span>); 5] = [
        ("by", "deny", decl.by.as_ref().map(|said| said.span)),
        ("takes", "route", decl.takes.as_ref().map(|said| said.span)),
        ("reaches", "route", decl.reaches.as_ref().map(|said| said.span)),
        ("status", "route", decl.status.as_ref().map(|said| said.span)),
        ("is", "name", decl.is.as_ref().map(|said| said.span)),
    ];
    let what = decl.what.value.as_str();
    for (property, of, span) in said {
        let Some(span) = span.filter(|_| of != what) else {
            continue;
        };
        let message = format!("`{property}=` is for `expect {of}`, and this is `expect {what}`");
        let found = Diagnostic::new(&code::CONFLICT, span, message);
        let found = found.label(decl.what.span, "it stands here");
        sink.push(found.help(format!("write `expect {of}`, or leave `{property}=` out")));
    }
    let says_nothing = decl.takes.is_none() && decl.reaches.is_none() && decl.status.is_none();
    if what == "route" && says_nothing {
        sink.push(
            Diagnostic::new(
                &code::MISSING,
                decl.span,
                "`expect route` says nothing of where it goes",
            )
            .help("add `takes=`, `reaches=` or `status=`"),
        );
    }
    let several = decl.method.as_ref().filter(|methods| methods.value.len() > 1);
    if let Some(methods) = several {
        sink.push(
            Diagnostic::new(&code::CONFLICT, methods.span, "one call has one method")
                .help("write an `expect` for each"),
        );
    }
}

fn wanted(decl: &ExpectDecl) -> Wanted {
    let texts = |list: &Option<crate::diag::Spanned<Vec<crate::diag::Spanned<String>>>>| {
        let each = list.iter().flat_map(|list| &list.value);
        each.map(|text| text.value.clone()).collect()
    };
    match decl.what.value.as_str() {
        "deny" => Wanted::Deny {
            by: decl.by.as_ref().map(|by| by.value.clone()),
        },
        "route" => Wanted::Route {
            takes: decl.takes.as_ref().map(|takes| takes.value.clone()),
            reaches: texts(&decl.reaches),
            status: decl.status.as_ref().map(|status| status.value),
        },
        "name" => Wanted::Name { is: texts(&decl.is) },
        _ => Wanted::Allow,
    }
}
