use std::collections::BTreeMap;

use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};

/// An address leads to one gateway: each opens the same ports of it, 15012 and 15017 for its istiod among them.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    let gateways = context.spec.clusters.iter().flat_map(|cluster| &cluster.gateways);
    for address in gateways.flat_map(|gateway| &gateway.addresses) {
        match first.get(address.value.as_str()) {
            Some(before) => sink.push(
                Diagnostic::new(
                    &code::GATEWAY_SHARED,
                    address.span,
                    format!("\"{}\" leads to two gateways", address.value),
                )
                .here("here again")
                .label(*before, "first here")
                .help("write the address that this gateway's own load balancer has")
                .note("a gateway opens 15012 and 15017 for the istiod of its cluster: two cannot share an address"),
            ),
            None => {
                first.insert(&address.value, address.span);
            }
        }
    }
}
