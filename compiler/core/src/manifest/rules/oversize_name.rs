use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, code};

/// The longest name of an object (RFC 1123, as Kubernetes takes it).
const LONGEST: usize = 253;

/// The longest IPv4 address; `GROUP-ADDRESS-NETWORK` is what a machine that registers itself is called.
const ADDRESS: usize = "255.255.255.255".len();

/// A machine that registers itself gets a name of its group's; what is too long is cut from the left, and two
/// groups may become one (istio, pilot/pkg/autoregistration).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for group in index.kind(NETWORKING, "WorkloadGroup") {
        let network = group
            .text(&["spec", "template", "network"])
            .map_or(0, |network| network.value.len() + 1);
        let length = group.name.value.len() + 1 + ADDRESS + network;
        if length > LONGEST {
            let message = format!(
                "machines of this group are called by up to {length} characters, and Kubernetes takes {LONGEST}"
            );
            sink.push(
                Diagnostic::new(&code::NAME_OVERSIZE, group.name.span, message)
                    .here("istiod cuts the beginning off, so that groups cannot be told apart")
                    .help(format!(
                        "write a name of at most {} characters",
                        LONGEST.saturating_sub(ADDRESS + network + 1)
                    )),
            );
        }
    }
}
