use super::site::Site;
use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::spec::decl::{DistributeDecl, LocalityDecl};

/// Shares of places are 100 % together, and no place is meant twice (Istio `ValidateLocalityLbSetting`).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for site in Site::all(context.spec) {
        if let Some(locality) = site
            .traffic
            .locality
            .as_ref()
            .filter(|locality| !locality.damaged)
        {
            for found in look(locality) {
                once.push(found, sink);
            }
        }
    }
}

fn look(locality: &LocalityDecl) -> Vec<Diagnostic> {
    let from: Vec<_> = locality.distribute.iter().map(|one| &one.from).collect();
    let mut found = overlaps(&from);
    for one in locality.distribute.iter().filter(|one| !one.damaged) {
        found.extend(sum(one));
        let to: Vec<_> = one.to.iter().map(|(place, _)| place).collect();
        found.extend(overlaps(&to));
    }
    found
}

fn sum(one: &DistributeDecl) -> Vec<Diagnostic> {
    let nothing = one.to.iter().filter(|(_, share)| share.value == 0);
    let mut found: Vec<_> = nothing
        .map(|(place, share)| {
            let message = format!("`{}` gets nothing", place.value);
            Diagnostic::new(&code::LOCALITY_SHARES, share.span, message)
                .help("leave the place out: what is not named gets nothing")
        })
        .collect();
    let sum: u32 = one.to.iter().map(|(_, share)| u32::from(share.value)).sum();
    if sum != 100 {
        let message = format!(
            "the shares of callers at `{}` are {sum}% together",
            one.from.value
        );
        let last = one.to.last().map_or(one.span, |(_, share)| share.span);
        let help = match one.to.last() {
            Some((place, share)) if sum < 100 + u32::from(share.value) => format!(
                "write \"{}%\" for `{}`, or change the others: they have to be 100% together",
                100 + u32::from(share.value) - sum,
                place.value
            ),
            _ => "lower the shares: they have to be 100% together".to_owned(),
        };
        found.push(
            Diagnostic::new(&code::LOCALITY_SHARES, last, message)
                .label(one.from.span, "of these callers")
                .help(help),
        );
    }
    found
}

/// Two places of one list of which one lies in the other.
fn overlaps(places: &[&Spanned<String>]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let before = places[..at]
            .iter()
            .find(|before| covers(&before.value, &place.value) || covers(&place.value, &before.value));
        if let Some(before) = before {
            let message = format!("`{}` and `{}` overlap", before.value, place.value);
            found.push(
                Diagnostic::new(&code::LOCALITY_SHARES, place.span, message)
                    .here("here again")
                    .label(before.span, "first here")
                    .help("name places beside each other, such as \"us-west/a\" and \"us-west/b\""),
            );
        }
    }
    found
}

/// `wide` means everything that `narrow` does: `us-west`, `us-west/*` and `us-west/a`.
pub(super) fn covers(wide: &str, narrow: &str) -> bool {
    let mut narrow = narrow.split('/').filter(|part| *part != "*");
    wide.split('/')
        .filter(|part| *part != "*")
        .all(|part| narrow.next() == Some(part))
}
