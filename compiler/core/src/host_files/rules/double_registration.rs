use super::{Context, group};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::manifest::Object;

/// A machine that registers itself has no WorkloadEntry by hand: Services would have its endpoint twice.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        if let Some(registers) = machine.value("ISTIO_META_AUTO_REGISTER_GROUP")
            && let Some(entry) = group::entry(machine, context.objects)
        {
            tell(registers, entry, sink);
        }
        for command in machine.commands() {
            let configures = command.begins(&["istioctl", "x", "workload", "entry", "configure"])
                || command.begins(&["istioctl", "experimental", "workload", "entry", "configure"]);
            let flag = command
                .plain()
                .iter()
                .find(|word| word.text.starts_with("--autoregister"));
            let on = flag.filter(|flag| configures && flag.text != "--autoregister=false");
            let name = command.option("--name", None);
            let entry = name.and_then(|name| {
                group::entries(context.objects).find(|entry| entry.name.value == name.value)
            });
            if let (Some(flag), Some(entry)) = (on, entry) {
                tell(&flag.spanned(), entry, sink);
            }
        }
    }
}

fn tell(registers: &Spanned<String>, entry: &Object, sink: &mut Sink) {
    let name = &entry.name.value;
    let address = entry.text(&["spec", "address"]);
    let place = address.as_ref().map_or(entry.name.span, |address| address.span);
    sink.push(
        Diagnostic::new(
            &code::DOUBLE_REGISTRATION,
            registers.span,
            format!("the machine registers itself, and the WorkloadEntry `{name}` is the same machine"),
        )
        .here("istiod makes a WorkloadEntry when the machine connects")
        .label(place, "this one is written by hand")
        .help("delete the WorkloadEntry, or let the machine not register itself")
        .note("Services would send it twice as many requests, and go on when it is gone"),
    );
}
