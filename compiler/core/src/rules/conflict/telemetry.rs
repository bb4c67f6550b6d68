use super::both;
use crate::diag::{Diagnostic, Sink, Span, Spanned, code};
use crate::spec::decl::{AccessLogDecl, Spec, TelemetryDecl, TraceTagDecl, TracingDecl};

/// What is said of telemetry in one place.
pub(super) fn check(spec: &Spec, sink: &mut Sink) {
    for decl in spec.telemetry() {
        decl.access_log.iter().for_each(|log| access_log(log, sink));
        decl.tracing.iter().for_each(|decl| tracing(decl, sink));
        without_metrics(decl, sink);
    }
}

fn pair(one: Option<(Span, &str)>, other: Option<(Span, &str)>, help: &str, sink: &mut Sink) {
    if let (Some(one), Some(other)) = (one, other) {
        sink.push(both(one, other, help));
    }
}

fn place<'a, T>(value: &Option<Spanned<T>>, what: &'a str) -> Option<(Span, &'a str)> {
    value.as_ref().map(|value| (value.span, what))
}

fn access_log(log: &AccessLogDecl, sink: &mut Sink) {
    let help = "the log goes to one place: keep one of them";
    pair(
        place(&log.file, "`file=`"),
        place(&log.otlp, "`otlp=`"),
        help,
        sink,
    );
    let form = log.form.value.as_str();
    let shown = format!("`access-log {form}`");
    let here = Some((log.form.span, shown.as_str()));
    if form != "text" {
        let help = "write `access-log text` for a line of your own, or `field` for an object";
        pair(place(&log.format, "`format`"), here, help, sink);
    }
    if form != "json" {
        let field = log.fields.first().map(|(name, _)| (name.span, "`field`"));
        let help = "write `access-log json` for an object, or `format` for a line of text";
        pair(field, here, help, sink);
    }
    if form == "none" {
        pair(
            place(&log.filter, "`filter`"),
            here,
            "nothing is written: leave it out",
            sink,
        );
    }
}

fn tracing(decl: &TracingDecl, sink: &mut Sink) {
    let (zipkin, otlp) = (place(&decl.zipkin, "`zipkin=`"), place(&decl.otlp, "`otlp=`"));
    pair(otlp, zipkin, "spans go to one collector: keep one of them", sink);
    let none = place(&decl.none, "`tracing none`");
    let sampling = place(&decl.sampling, "`sampling=`");
    pair(
        zipkin.or(otlp).or(sampling),
        none,
        "no spans are sent: leave it out",
        sink,
    );
    let says_nothing = [none, zipkin, otlp, sampling].iter().all(Option::is_none) && decl.tags.is_empty();
    if says_nothing {
        sink.push(
            Diagnostic::new(&code::MISSING, decl.span, "`tracing` does not say where spans go")
                .help("write `zipkin=\"NAME.NAMESPACE:9411\"` or `otlp=\"NAME.NAMESPACE:4317\"`"),
        );
    }
    decl.tags.iter().for_each(|tag| trace_tag(tag, sink));
}

fn trace_tag(tag: &TraceTagDecl, sink: &mut Sink) {
    let said: Vec<_> = [
        place(&tag.value, "`value=`"),
        place(&tag.header, "`header=`"),
        place(&tag.env, "`env=`"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match said.as_slice() {
        [] => sink.push(
            Diagnostic::new(
                &code::MISSING,
                tag.span,
                format!("the tag `{}` has no value", tag.name.value),
            )
            .help("write `value=`, `header=` or `env=`"),
        ),
        [one, other, ..] => sink.push(both(*other, *one, "a tag has one value: keep one of them")),
        [_] => pair(
            place(&tag.default, "`default=`"),
            place(&tag.value, "`value=`"),
            "a value that is always there needs no other",
            sink,
        ),
    }
}

/// Dashboards and alerts show what is counted.
fn without_metrics(decl: &TelemetryDecl, sink: &mut Sink) {
    let Some(metrics) = decl
        .metrics
        .as_ref()
        .filter(|metrics| metrics.form.value == "none")
    else {
        return;
    };
    let on = |word: &Option<Spanned<bool>>| word.clone().filter(|word| word.value);
    let none = Some((metrics.form.span, "`metrics none`"));
    let help = "they show what is counted: write `metrics prometheus`, or leave them out";
    pair(place(&on(&decl.dashboards), "`dashboards`"), none, help, sink);
    pair(place(&on(&decl.alerts), "`alerts`"), none, help, sink);
    pair(place(&metrics.operator, "`operator=`"), none, help, sink);
    let edits = metrics.edits.iter().filter_map(|edit| {
        edit.tag
            .as_ref()
            .map(|(name, _)| name.span)
            .or(edit.metric.as_ref().map(|metric| metric.span))
    });
    let edit = edits.min().map(|span| (span, "a change of metrics"));
    pair(edit, none, "nothing is counted: leave it out", sink);
}
