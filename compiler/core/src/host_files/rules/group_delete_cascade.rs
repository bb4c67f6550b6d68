use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::shell::{Command, Word};

/// What `kubectl` calls groups.
const KINDS: &[&str] = &["workloadgroup", "workloadgroups", "wg"];

/// With a group Kubernetes deletes every entry that registered with it (istio, `pilot/pkg/autoregistration`,
/// workloadEntryFromGroup): the machines are gone from the mesh until their agents connect again.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for command in context.machines.iter().flat_map(|machine| machine.commands()) {
        let deletes = command.begins(&["kubectl", "delete"]);
        let replaces = command.begins(&["kubectl", "replace"]) && command.has("--force");
        let orphans = command
            .option("--cascade", None)
            .is_some_and(|how| how.value == "orphan");
        if !(deletes || replaces) || orphans {
            continue;
        }
        let Some(group) = named(command).or_else(|| in_file(command)) else {
            continue;
        };
        let object = context.objects.iter().find(|object| {
            object.is("networking.istio.io", "WorkloadGroup") && group.text.contains(&object.name.value)
        });
        let mut found = Diagnostic::new(
            &code::GROUP_CASCADE,
            group.span,
            "this takes every machine that registered with the group out of the mesh",
        )
        .here("Kubernetes deletes the WorkloadEntries with their group")
        .help("write `kubectl apply` to change a group; to delete it and keep the entries, add `--cascade=orphan`");
        if let Some(object) = object {
            found = found.label(object.name.span, "this is the group");
        }
        sink.push(found);
    }
}

/// `kubectl delete workloadgroup NAME`, or `workloadgroup/NAME`.
fn named(command: &Command) -> Option<&Word> {
    let words = command.plain();
    let is_kind = |text: &str| {
        let kind = text.split('.').next().unwrap_or_default();
        KINDS.contains(&kind.to_ascii_lowercase().as_str())
    };
    let at = words
        .iter()
        .position(|word| is_kind(word.text.split('/').next().unwrap_or_default()))?;
    let kind = words.get(at)?;
    if kind.text.contains('/') {
        return Some(kind);
    }
    let name = words.get(at + 1).filter(|word| !word.text.starts_with('-'));
    Some(name.unwrap_or(kind))
}

/// `-f forum-vm-workloadgroup.yaml`: a file that is called after what it holds.
fn in_file(command: &Command) -> Option<&Word> {
    let mut words = command.plain().iter().skip(2);
    words.find(|word| {
        let name = word.name().to_ascii_lowercase();
        name.contains("workloadgroup") && (name.ends_with("yaml") || name.ends_with("yml"))
    })
}
