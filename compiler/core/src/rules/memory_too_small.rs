use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// What meshd has when it is busy, with some room above.
const LEAST: u64 = 32 << 20;

/// What carries the traffic has the memory that it needs.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, _, vms) in context.spec.groups() {
        let memory = vms.tune.as_ref().and_then(|tune| tune.memory.as_ref());
        let Some(memory) = memory.filter(|memory| memory.value < LEAST) else {
            continue;
        };
        let message = "with so little memory, the kernel ends meshd again and again";
        sink.push(
            Diagnostic::new(&code::MEMORY_SMALL, memory.span, message)
                .help("write `memory=\"32MiB\"` or more")
                .note("a proxy that is ended breaks all connections of its machine"),
        );
    }
}
