use super::site::Site;
use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, code};
use crate::model::protocol_of;
use crate::spec::decl::HashKeyDecl;

/// Headers, cookies and queries are those of requests: connections have nothing but an address.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for site in Site::all(context.spec).iter().filter(|site| !site.damaged) {
        let balance = site.traffic.balance.as_ref();
        let Some(key) = balance.and_then(|balance| balance.keys.first()) else {
            continue;
        };
        let ports = site.ports();
        let requests = ports
            .iter()
            .any(|port| protocol_of(&port.protocol.value).is_http());
        let Some(port) = ports
            .first()
            .filter(|_| !requests && key.value != HashKeyDecl::SourceIp)
        else {
            continue;
        };
        let message = format!("port {} knows no requests to hash by", port.number.value);
        let found = Diagnostic::new(&code::HASH_WITHOUT_REQUESTS, key.span, message)
            .here("part of a request")
            .label(port.protocol.span, "connections only")
            .help("write `source-ip`, or say `http` where the port speaks it")
            .note("Istio takes it and chooses by chance");
        once.push(found, sink);
    }
}
