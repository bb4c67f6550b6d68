use std::collections::BTreeSet;

use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::host_files::env::{Broken, Cause};

/// Env files are sourced by a shell that stops at the first failure.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let files = context.machines.iter().flat_map(|machine| machine.env_files());
    let broken = files.flat_map(|(_, env)| &env.broken);
    let told: BTreeSet<_> = broken.map(|broken| broken.span).collect();
    for machine in context.machines {
        for (_, env) in machine.env_files() {
            env.broken.iter().for_each(|broken| tell(broken, sink));
        }
        for said in machine.variables() {
            let (name, value) = (&said.variable.name, &said.variable.value);
            let json = name.value.starts_with("ISTIO_METAJSON_") || name.value == "ISTIO_META_POD_PORTS";
            let broken = json && said.variable.literal && !value.value.is_empty();
            let parsed = || serde_json::from_str::<serde_json::Value>(&value.value);
            if broken
                && !told.contains(&value.span)
                && let Err(error) = parsed()
            {
                sink.push(
                    Diagnostic::new(
                        &code::ENV_BROKEN,
                        value.span,
                        format!("`{}` is no JSON: {error}", name.value),
                    )
                    .here("the agent leaves it out")
                    .help("write JSON in single quotes"),
                );
            }
        }
    }
}

fn tell(broken: &Broken, sink: &mut Sink) {
    let (message, here, help) = match broken.cause {
        Cause::Command => (
            "this sets no variable",
            "the shell runs this as a command, and the start stops when it fails",
            "write `NAME=value`, or take the line out",
        ),
        Cause::Separator => (
            "this sets no variable",
            "the shell runs this as a command, and the start stops when it fails",
            "write `NAME=value`, without spaces around the `=`",
        ),
        Cause::Space => (
            "the value ends at its first space",
            "the shell runs this as a command",
            "write the whole value in single quotes",
        ),
        Cause::Quote => (
            "a quote is not closed",
            "it begins here",
            "close it where the value ends",
        ),
        Cause::Return => (
            "the lines end as on Windows",
            "a carriage return belongs to the value",
            "convert the file: `sed -i 's/\\r$//' cluster.env`",
        ),
        Cause::Json => (
            "the shell takes the quotes out of this value",
            "what is left is no JSON",
            "write it in single quotes",
        ),
    };
    sink.push(
        Diagnostic::new(&code::ENV_BROKEN, broken.span, message)
            .here(here)
            .help(help)
            .note("istio-start.sh sources the file with `set -e`"),
    );
}
