use super::site::Site;
use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::spec::decl::LocalityDecl;

/// Labels that say where a workload stands; `failover` orders by them already.
const PLACES: [&str; 3] = [
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
];

/// One region takes over for another (Istio `ValidateLocalityLbSetting`).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for site in Site::all(context.spec) {
        let Some(locality) = &site.traffic.locality else {
            continue;
        };
        let found = locality.failover.iter().flat_map(|(from, to)| pair(from, to));
        let found = found.chain(twice(locality)).chain(exclusive(locality));
        found.for_each(|found| once.push(found, sink));
    }
}

fn pair(from: &Spanned<String>, to: &Spanned<String>) -> Vec<Diagnostic> {
    let narrow = [from, to]
        .into_iter()
        .filter(|place| place.value.contains(['/', '*']));
    let mut found: Vec<_> = narrow
        .map(|place| {
            let region = place.value.split('/').next().unwrap_or_default();
            let message = format!("`{}` is no region", place.value);
            Diagnostic::new(&code::FAILOVER_INVALID, place.span, message).help(format!(
                "write `{region}`: within a region, near zones come first by themselves"
            ))
        })
        .collect();
    if found.is_empty() && from.value == to.value {
        let message = format!("`{}` cannot take over for itself", to.value);
        found.push(
            Diagnostic::new(&code::FAILOVER_INVALID, to.span, message)
                .here("the same region")
                .label(from.span, "for this one")
                .help("name another region; within one, near zones come first by themselves"),
        );
    }
    found
}

fn twice(locality: &LocalityDecl) -> Vec<Diagnostic> {
    let all = &locality.failover;
    let again = all.iter().enumerate().filter_map(|(at, (from, _))| {
        let (before, _) = all[..at].iter().find(|(before, _)| before.value == from.value)?;
        let message = format!("`{}` has two regions that take over", from.value);
        Some(
            Diagnostic::new(&code::FAILOVER_INVALID, from.span, message)
                .here("here again")
                .label(before.span, "first here")
                .help("leave one out: Istio takes the first and orders the others alike"),
        )
    });
    again.collect()
}

fn exclusive(locality: &LocalityDecl) -> Option<Diagnostic> {
    let (failover, _) = locality.failover.first()?;
    if let Some(shares) = locality.distribute.first() {
        return Some(
            Diagnostic::new(
                &code::FAILOVER_INVALID,
                failover.span,
                "`failover` and `distribute` exclude each other",
            )
            .here("this")
            .label(shares.span, "and this")
            .help("leave one of them out: shares hold whatever fails"),
        );
    }
    let place = locality
        .priority
        .iter()
        .find(|label| PLACES.contains(&label.value.as_str()))?;
    Some(
        Diagnostic::new(
            &code::FAILOVER_INVALID,
            place.span,
            "`failover` orders places already",
        )
        .here("and so does this")
        .label(failover.span, "this does")
        .help("leave the label out of `priority`, or leave `failover` out"),
    )
}
