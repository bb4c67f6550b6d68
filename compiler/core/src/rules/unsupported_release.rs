use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};

/// The day that the table below is of.
const AS_OF: &str = "2026-11-23";

/// Minor releases of Istio 1 and the day on which their support ended, if it has (istio.io/latest/news/support;
/// a release is supported until six weeks after the second one that follows it).
const RELEASES: &[(u32, Option<&str>)] = &[
    (24, Some("2025-06-19")),
    (25, Some("2025-09-22")),
    (26, Some("2025-12-19")),
    (27, Some("2026-03-30")),
    (28, Some("2026-06-28")),
    (29, Some("2026-10-12")),
    (30, None),
    (31, None),
];

/// The release that runs in the clusters is one that gets its repairs.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let Some(version) = context
        .spec
        .mesh
        .as_ref()
        .and_then(|mesh| mesh.istio_version.as_ref())
    else {
        return;
    };
    release_ended(version, sink);
}

/// Tells of a release that gets no repairs, and of one that is not known.
pub(crate) fn release_ended(version: &Spanned<String>, sink: &mut Sink) {
    let known = |release: u32| RELEASES.iter().find(|(minor, _)| *minor == release);
    let oldest = RELEASES.first().map_or(0, |(minor, _)| *minor);
    match minor(&version.value) {
        Some(release) if release < oldest => ended(version, "long ago", sink),
        Some(release) => match known(release) {
            Some((_, Some(day))) => ended(version, &format!("on {day}"), sink),
            Some((_, None)) => {}
            None => unknown(version, sink),
        },
        None => unknown(version, sink),
    }
}

/// The minor release of `1.MINOR` or `1.MINOR.PATCH`.
pub(crate) fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("1.")?.split('.').next()?.parse().ok()
}

fn ended(version: &Spanned<String>, when: &str, sink: &mut Sink) {
    sink.push(
        Diagnostic::new(
            &code::RELEASE_ENDED,
            version.span,
            format!("support for Istio {} ended {when}", version.value),
        )
        .help(format!("move to {}", supported()))
        .note("without support, holes in the sidecars that the VMs talk to stay open"),
    );
}

fn unknown(version: &Spanned<String>, sink: &mut Sink) {
    sink.push(
        Diagnostic::new(
            &code::RELEASE_ENDED,
            version.span,
            format!("meshc does not know Istio {}", version.value),
        )
        .help(format!(
            "it was made for {}: is there a newer meshc?",
            supported()
        ))
        .note(format!("its table of releases is of {AS_OF}")),
    );
}

fn supported() -> String {
    let alive = RELEASES.iter().filter(|(_, end)| end.is_none());
    let names: Vec<_> = alive.map(|(minor, _)| format!("1.{minor}")).collect();
    names.join(" or ")
}
