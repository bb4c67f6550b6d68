use super::index::{Index, NETWORKING};
use super::workload::{Form, Workload};
use crate::diag::{Diagnostic, Sink, Spanned, code, did_you_mean};

/// A machine's account lies in its own namespace, and a machine that registered itself has that of its group (istio,
/// `pilot/pkg/autoregistration`, ensureProxyCanControlEntry).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for machine in index.workloads().iter().filter(|workload| workload.is_machine()) {
        if let Some(account) = machine.text("serviceAccount") {
            elsewhere(machine, &account, index, sink);
            if machine.form == Form::Entry {
                of_group(machine, &account, index, sink);
            }
        }
    }
}

/// The account is another namespace's, or a slip for one of its own.
fn elsewhere(machine: &Workload<'_>, account: &Spanned<String>, index: &Index<'_>, sink: &mut Sink) {
    let home = machine.object.namespace();
    let own = || index.accounts(home);
    if index.account(home, &account.value).is_some() || account.value == "default" {
        return;
    }
    let message = format!("namespace `{home}` has no account `{}`", account.value);
    let found = Diagnostic::new(&code::ACCOUNT_MISMATCH, account.span, message);
    let near = did_you_mean(&account.value, own().map(|known| known.name.value.as_str()))
        .filter(|near| account.value.len() > 3 && strsim::damerau_levenshtein(near, &account.value) <= 2);
    let near = near.and_then(|near| own().find(|known| known.name.value == near));
    if let Some(near) = near {
        let name = &near.name.value;
        sink.push(
            found
                .here(format!("did you mean `{name}`?"))
                .label(near.name.span, "this is one")
                .help(format!("write `{name}`, or make the ServiceAccount")),
        );
    } else if let Some(other) = index
        .kind("", "ServiceAccount")
        .find(|known| known.name.value == account.value)
    {
        sink.push(
            found
                .here("istiod refuses the machine: its token is for nobody of this namespace")
                .label(
                    other.name.span,
                    format!("this one is of namespace `{}`", other.namespace()),
                )
                .help(format!("make a ServiceAccount `{}` in `{home}`", account.value)),
        );
    }
}

/// istiod gives an entry to whoever has the account of its group.
fn of_group(machine: &Workload<'_>, account: &Spanned<String>, index: &Index<'_>, sink: &mut Sink) {
    let object = machine.object;
    let Some(name) = object.text(&["metadata", "annotations", "istio.io/autoRegistrationGroup"]) else {
        return;
    };
    let mut groups = index.kind(NETWORKING, "WorkloadGroup");
    let group =
        groups.find(|group| group.name.value == name.value && group.namespace() == object.namespace());
    let theirs = group.and_then(|group| group.text(&["spec", "template", "serviceAccount"]));
    let Some(theirs) = theirs.filter(|theirs| theirs.value != account.value) else {
        return;
    };
    let message = format!(
        "the machine's account is `{}`, its group's `{}`",
        account.value, theirs.value
    );
    sink.push(
        Diagnostic::new(&code::ACCOUNT_MISMATCH, account.span, message)
            .here("istiod refuses to register it")
            .label(theirs.span, "the group says this one")
            .help("leave the entry to istiod: it makes it again from the group"),
    );
}
