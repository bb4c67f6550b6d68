use super::site::Site;
use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::spec::decl::LocalityDecl;

/// Istio leaves the nearest place only when its workloads are ejected (`localityLbSetting` needs
/// `outlierDetection`).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for site in Site::all(context.spec) {
        let Some(locality) = site.traffic.locality.as_ref() else {
            continue;
        };
        let ejects = site.traffic.eject.is_some() || (site.is_version() && site.whole.eject.is_some());
        if let (Some(span), false) = (asked(locality), ejects) {
            let message = "the nearest place is preferred, but nothing says when it is given up";
            let found = Diagnostic::new(&code::NEAR_WITHOUT_EJECT, span, message)
                .help("write `eject after=5 every=\"10s\" for=\"30s\"` beside it")
                .note("Istio ignores the preference where no workload can be ejected");
            once.push(found, sink);
        }
    }
}

/// What asks for near places; shares of places hold without.
fn asked(locality: &LocalityDecl) -> Option<Span> {
    let near = locality
        .prefer_near
        .as_ref()
        .filter(|near| near.value)
        .map(|near| near.span);
    let failover = locality.failover.first().map(|(from, _)| from.span);
    let labels = locality.priority.first().map(|label| label.span);
    near.or(failover).or(labels)
}
