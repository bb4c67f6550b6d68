use super::site::Site;
use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::protocol_of;
use crate::spec::decl::ClientTlsDecl;

/// TLS begins at the proxy or at the application, with what it needs and nothing that it ignores.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for site in Site::all(context.spec) {
        let Some(tls) = site.traffic.tls.as_ref().filter(|tls| !tls.damaged) else {
            continue;
        };
        let found = twice(tls, &site)
            .into_iter()
            .chain(files(tls))
            .chain(secret(tls, leaves_by_gateway(&site)))
            .chain(unchecked(tls));
        found.for_each(|found| once.push(found, sink));
    }
}

fn twice(tls: &ClientTlsDecl, site: &Site<'_>) -> Option<Diagnostic> {
    let ports = site.ports();
    let port = ports
        .iter()
        .find(|port| protocol_of(&port.protocol.value).is_tls())?;
    let message = format!(
        "callers speak TLS on port {} already: it would be wrapped twice",
        port.number.value
    );
    Some(
        Diagnostic::new(&code::TLS_TWICE, tls.span, message)
            .here("a second TLS")
            .label(port.protocol.span, "the application's own")
            .help("write `tls` in the braces of the port that speaks plaintext: `port 80 http target=443 { tls simple }`"),
    )
}

fn files(tls: &ClientTlsDecl) -> Vec<Diagnostic> {
    let own = [("cert", &tls.cert), ("key", &tls.key)];
    if tls.mode.value == "mutual" && tls.credential.is_none() {
        let missing = own.into_iter().filter(|(_, file)| file.is_none());
        let found = missing.map(|(name, _)| {
            Diagnostic::new(&code::MISSING, tls.span, format!("`tls mutual` needs `{name}=`")).help(format!(
                "write `{name}=\"/etc/certs/{name}.pem\"`, a file on every caller, or `tls simple`"
            ))
        });
        return found.collect();
    }
    if tls.mode.value == "mutual" {
        return Vec::new();
    }
    let needless = own
        .into_iter()
        .filter_map(|(name, file)| Some((name, file.as_ref()?)));
    let found = needless.map(|(name, file)| {
        exclusive(
            (file.span, &format!("`{name}=`")),
            (tls.mode.span, "`simple`"),
            "write `mutual` to show a certificate of the caller's, or leave the file out",
        )
    });
    found.collect()
}

fn leaves_by_gateway(site: &Site<'_>) -> bool {
    site.external.is_some_and(|external| external.egress.is_some())
}

/// A Secret takes the place of all files, for whoever reads Secrets.
fn secret(tls: &ClientTlsDecl, egress: bool) -> Vec<Diagnostic> {
    let Some(secret) = &tls.credential else {
        return Vec::new();
    };
    let files = [
        ("`ca=`", &tls.ca),
        ("`crl=`", &tls.crl),
        ("`cert=`", &tls.cert),
        ("`key=`", &tls.key),
    ];
    let files = files
        .into_iter()
        .filter_map(|(name, file)| Some((name, file.as_ref()?)));
    let both = files.map(|(name, file)| {
        exclusive(
            (file.span, name),
            (secret.span, "`credential=`"),
            "leave the file out: the Secret has it, or leave the Secret out",
        )
    });
    let nobody = || {
        let message = "`credential=` needs `egress`: only an egress gateway reads Secrets";
        Diagnostic::new(&code::MISSING, secret.span, message)
            .here("nobody would read this")
            .help("write `egress` beside `tls`, or files that lie on every caller: `ca=`, `cert=` and `key=`")
    };
    both.chain((!egress).then(nobody)).collect()
}

/// Nothing is checked: what says how is idle.
fn unchecked(tls: &ClientTlsDecl) -> Option<Diagnostic> {
    let insecure = tls.insecure.as_ref().filter(|insecure| insecure.value)?;
    let ca = tls.ca.as_ref().map(|ca| ("`ca=`", ca.span));
    let crl = tls.crl.as_ref().map(|crl| ("`crl=`", crl.span));
    let sans = tls.sans.as_ref().map(|sans| ("`sans=`", sans.span));
    let (name, span) = ca.or(crl).or(sans)?;
    Some(exclusive(
        (span, name),
        (insecure.span, "`insecure=#true`"),
        "leave `insecure=` out: with this, the server is checked",
    ))
}

fn exclusive(one: (Span, &str), other: (Span, &str), help: &str) -> Diagnostic {
    let message = format!("{} and {} exclude each other", one.1, other.1);
    Diagnostic::new(&code::CONFLICT, one.0, message)
        .here("this")
        .label(other.0, "and this")
        .help(help)
}
