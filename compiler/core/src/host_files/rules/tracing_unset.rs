use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// Names of headers that people take for those of traces.
const NO_HEADERS: &[&str] = &["x-trace-id", "x-span-id", "trace-id", "span-id"];

/// Proxies carry on the traces of W3C and of Zipkin (B3), and know no other headers.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for command in context.machines.iter().flat_map(|machine| machine.commands()) {
        if !command.runs("curl") {
            continue;
        }
        for pair in command
            .words
            .windows(2)
            .filter(|pair| ["-H", "--header"].contains(&pair[0].text.as_str()))
        {
            let header = &pair[1];
            let name = header.text.split(':').next().unwrap_or_default().trim();
            if NO_HEADERS.iter().any(|none| none.eq_ignore_ascii_case(name)) {
                sink.push(
                    Diagnostic::new(
                        &code::TRACING_UNSET,
                        header.span,
                        format!("proxies do not know the header `{name}`"),
                    )
                    .here("no trace goes on by it")
                    .help("send `traceparent`, or `x-b3-traceid`, `x-b3-spanid` and `x-b3-sampled`"),
                );
            }
        }
    }
}
