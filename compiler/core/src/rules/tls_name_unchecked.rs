use super::site::Site;
use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, code};
use crate::model::protocol_of;

/// The certificate of a server outside is that of the server that was meant, not of anybody's.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for site in Site::all(context.spec) {
        let (Some(tls), Some(external)) = (&site.traffic.tls, site.external) else {
            continue;
        };
        let named = tls.sans.is_some() || !external.sans.is_empty();
        let insecure = tls.insecure.as_ref().is_some_and(|insecure| insecure.value);
        if named || insecure || tls.damaged {
            continue;
        }
        let wildcard = external.host.value.starts_with("*.");
        let ports = site.ports();
        let bytes = ports
            .iter()
            .find(|port| !protocol_of(&port.protocol.value).is_http());
        let found = match (&tls.sni, bytes) {
            (Some(sni), _) => {
                let message = "the server is asked for a name, and its certificate may be for any";
                Diagnostic::new(&code::TLS_NAME, sni.span, message)
                    .help(format!("write `sans=\"{}\"` beside it", sni.value))
                    .note("with `sni` and without `subjectAltNames`, Istio checks who signed the certificate, not whose it is")
            }
            (None, Some(port)) if wildcard => {
                let message = "below a wildcard, nobody says which server is meant";
                Diagnostic::new(&code::TLS_NAME, tls.span, message)
                    .label(port.protocol.span, "connections carry no name")
                    .help("write `sni=` and `sans=`, or an `external` for each host")
            }
            _ => continue,
        };
        once.push(found, sink);
    }
}
