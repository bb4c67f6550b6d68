use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, code};
use crate::manifest::Object;

/// An entry that registered itself belongs to its group: without the group Kubernetes deletes it (istio,
/// `pilot/pkg/autoregistration`, workloadEntryFromGroup).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let groups: Vec<_> = index.kind(NETWORKING, "WorkloadGroup").collect();
    for entry in index.kind(NETWORKING, "WorkloadEntry") {
        let Some(name) = owner(entry) else { continue };
        let beside = || {
            groups
                .iter()
                .filter(|group| group.namespace() == entry.namespace())
        };
        if beside().any(|group| group.name.value == name.value) {
            continue;
        }
        // The others may be those that it is now called after.
        let Some(other) = beside().next() else { continue };
        let message = format!(
            "`{}` goes when the WorkloadGroup `{}` does, which is not among these",
            entry.name.value, name.value
        );
        sink.push(
            Diagnostic::new(&code::GROUP_CASCADE, name.span, message)
                .here("Kubernetes deletes every entry of a group that is deleted or renamed")
                .label(other.name.span, "its namespace has this group")
                .help(format!(
                    "keep the group `{}` until its machines have registered with another, then delete it",
                    name.value
                )),
        );
    }
}

/// The group that an entry belongs to.
fn owner(entry: &Object) -> Option<crate::diag::Spanned<String>> {
    let owners = entry.items(&["metadata", "ownerReferences"]).iter();
    let mut groups = owners.filter(|owner| {
        owner
            .field_text("kind")
            .is_some_and(|kind| kind.value == "WorkloadGroup")
    });
    groups.next().and_then(|owner| owner.field_text("name"))
}
