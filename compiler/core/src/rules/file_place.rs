use std::collections::BTreeMap;

use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::spec::decl::FileDecl;

/// What on a machine is not the user's: a path with all below it, and whose it is.
const RESERVED: &[(&str, &str)] = &[
    ("/etc/meshd", "meshd's own files lie there"),
    ("/var/lib/meshd", "meshd's own files lie there"),
    ("/run/meshd", "meshd's own files lie there"),
    ("/usr/local/bin/meshd", "it is meshd itself"),
    ("/etc/sysctl.d/50-meshd.conf", "`tune` writes it"),
    ("/etc/systemd/resolved.conf.d/50-meshd.conf", "`dns` writes it"),
    ("/etc/passwd", "meshd has its user there"),
    ("/etc/group", "meshd has its group there"),
    ("/etc/shadow", "it belongs to the machine"),
    ("/etc/gshadow", "it belongs to the machine"),
    ("/proc", "it belongs to the kernel"),
    ("/sys", "it belongs to the kernel"),
    ("/dev", "it belongs to the kernel"),
];

/// Units and their folders that begin with this are meshd's.
const UNITS: &str = "/etc/systemd/system/meshd";

/// Every file of the user's lies where it can, and nothing else does.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for file in &context.spec.files {
        if !is_plain(&file.to.value) || file.to.value.starts_with('/') {
            let message = format!("`{}` is no path below out/files", file.to.value);
            sink.push(
                Diagnostic::new(&code::FILE_PLACE, file.to.span, message).help(
                    "write a path such as \"docs/machines.md\", without `/` before it and without `..`",
                ),
            );
        }
    }
    apart(&context.spec.files, sink);
    for (.., vms) in context.spec.groups() {
        vms.files.iter().for_each(|file| on_machine(file, sink));
        apart(&vms.files, sink);
        if let Some(engine) = vms.engine.as_ref().filter(|engine| engine.value == "envoy") {
            vms.files
                .iter()
                .for_each(|file| unplaced(file, engine.span, sink));
        }
    }
}

fn on_machine(file: &FileDecl, sink: &mut Sink) {
    let path = file.to.value.as_str();
    let told = |message: String| Diagnostic::new(&code::FILE_PLACE, file.to.span, message);
    if !(path.starts_with('/') && is_plain(&path[1..])) {
        sink.push(
            told(format!("`{path}` is no absolute path of a file"))
                .help("write a path such as \"/etc/app.conf\", without `..`"),
        );
        return;
    }
    let of_unit = path
        .strip_prefix(UNITS)
        .is_some_and(|rest| rest.starts_with(['.', '-']));
    let unit = of_unit.then_some("meshd's units lie there");
    let reserved = RESERVED.iter().find(|(place, _)| meet(place, path));
    if let Some(whose) = unit.or(reserved.map(|(_, whose)| *whose)) {
        sink.push(told(format!("`{path}` is not yours: {whose}")).help("write another path"));
    }
}

/// No two of `files` have one place, and none lies below another.
fn apart(files: &[FileDecl], sink: &mut Sink) {
    let mut places: BTreeMap<&str, Span> = BTreeMap::new();
    for file in files {
        let path = file.to.value.as_str();
        if let Some(before) = places.insert(path, file.to.span) {
            sink.push(
                Diagnostic::new(
                    &code::FILE_PLACE,
                    file.to.span,
                    format!("`{path}` is written twice"),
                )
                .here("here again")
                .label(before, "first here")
                .help("keep one of them, or write another path"),
            );
        }
    }
    for (path, span) in &places {
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        for (above, place) in above.filter_map(|above| Some((above, places.get(above)?))) {
            let message = format!("`{above}` is a file, and cannot have `{path}` below it");
            sink.push(
                Diagnostic::new(&code::FILE_PLACE, *span, message)
                    .label(*place, "the file is written here")
                    .help("write another path for one of them"),
            );
        }
    }
}

fn unplaced(file: &FileDecl, engine: Span, sink: &mut Sink) {
    let message = "nothing is shipped to machines that run Istio's own agent";
    sink.push(
        Diagnostic::new(&code::FILE_PLACE, file.to.span, message)
            .label(engine, "the engine of this group")
            .help("write the `file` at the top of the spec, and bring out/files/… to the machines yourself"),
    );
}

fn is_plain(path: &str) -> bool {
    let part = |part: &str| !matches!(part, "" | "." | "..");
    path.split('/').all(part) && !path.contains(char::is_control)
}

/// They are the same, or one is a folder of the other.
fn meet(a: &str, b: &str) -> bool {
    let below = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below(a, b) || below(b, a)
}
