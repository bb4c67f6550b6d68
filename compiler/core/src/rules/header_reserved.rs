use super::{Context, formats};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::spec::decl::EditsDecl;

/// Headers that belong to one connection (RFC 9110, section 7.6.1): proxies write them themselves.
const OF_CONNECTIONS: &[&str] = &[
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that are changed are the application's, and their values are whole.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let routes = context.spec.routed().flat_map(|owner| owner.routes);
    for edits in routes.flat_map(|route| route.edits()) {
        edits.names().for_each(|name| of_name(name, sink));
        edits
            .set
            .iter()
            .chain(&edits.add)
            .for_each(|(_, value)| of_value(value, sink));
        twice(edits, sink);
    }
}

fn of_name(name: &Spanned<String>, sink: &mut Sink) {
    if name.value.eq_ignore_ascii_case("host") {
        let message = "`host` is changed with the request, not as a header";
        let found = Diagnostic::new(&code::HEADER_RESERVED, name.span, message);
        sink.push(found.help("write `rewrite host=` in the route"));
    }
    if OF_CONNECTIONS.contains(&name.value.to_ascii_lowercase().as_str()) {
        let message = format!(
            "`{}` belongs to one connection: proxies write it themselves",
            name.value
        );
        sink.push(
            Diagnostic::new(&code::HEADER_RESERVED, name.span, message)
                .help("leave it out, or use a name of your own"),
        );
    }
}

/// Envoy puts values in for `%…%`, and reads `%%` as one; with what it does not know it takes none of the routes.
fn of_value(value: &Spanned<String>, sink: &mut Sink) {
    let found = |message: String| Diagnostic::new(&code::HEADER_RESERVED, value.span, message);
    if value.value.chars().any(|char| char.is_control() && char != '\t') {
        sink.push(found("a value of a header is one line".to_owned()).help("leave out the line breaks"));
        return;
    }
    for (message, help) in formats::faults(&value.value) {
        sink.push(found(message).help(help));
    }
}

fn twice(edits: &EditsDecl, sink: &mut Sink) {
    for (kind, pairs) in [("set", &edits.set), ("add", &edits.add)] {
        for (at, (name, _)) in pairs.iter().enumerate() {
            let same = |(other, _): &&(Spanned<String>, Spanned<String>)| {
                other.value.eq_ignore_ascii_case(&name.value)
            };
            if let Some((first, _)) = pairs[..at].iter().find(same) {
                let message = format!("`{kind}` has the header `{}` twice", name.value);
                sink.push(
                    Diagnostic::new(&code::DUPLICATE, name.span, message)
                        .here("here again")
                        .label(first.span, "first here")
                        .help("keep one of them"),
                );
            }
        }
    }
}
