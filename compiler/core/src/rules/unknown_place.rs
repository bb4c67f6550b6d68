use std::collections::BTreeSet;

use mesh_wire::cluster::Locality;

use super::locality_shares::covers;
use super::site::Site;
use super::{Context, Once};
use crate::diag::{Diagnostic, Fix, Sink, Spanned, code, did_you_mean, list};

/// Places where something stands, as far as the spec says. Where it names none, or where pods may stand anywhere,
/// nothing is known.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let places = places(context);
    let mut once = Once::default();
    for site in Site::all(context.spec).iter().filter(|_| !places.is_empty()) {
        let Some(locality) = &site.traffic.locality else {
            continue;
        };
        let failover = locality.failover.iter().flat_map(|(from, to)| [from, to]);
        let from = locality.distribute.iter().map(|one| &one.from);
        let to = locality
            .distribute
            .iter()
            .flat_map(|one| one.to.iter().map(|(place, _)| place));
        for place in failover.chain(from).chain(to) {
            if let Some(found) = look(place, &places) {
                once.push(found, sink);
            }
        }
    }
}

fn look(place: &Spanned<String>, places: &BTreeSet<String>) -> Option<Diagnostic> {
    if places.iter().any(|known| covers(&place.value, known)) {
        return None;
    }
    let message = format!("nothing of the spec stands at `{}`", place.value);
    let found = Diagnostic::new(&code::UNKNOWN_PLACE, place.span, message);
    let regions: BTreeSet<&str> = places
        .iter()
        .filter_map(|place| place.split('/').next())
        .collect();
    let known = || places.iter().map(String::as_str).chain(regions.iter().copied());
    Some(match did_you_mean(&place.value, known()) {
        Some(near) => {
            found
                .help(format!("did you mean `{near}`?"))
                .fix(Fix::meant(place.span, &place.value, known()))
        }
        None => found.help(format!(
            "write {}, or give `locality=` to what stands there",
            list(places.iter().map(String::as_str))
        )),
    })
}

/// Empty where pods without a place may stand anywhere.
fn places(context: Context<'_>) -> BTreeSet<String> {
    let services = &context.mesh.services;
    let pods: Vec<_> = services.iter().flat_map(|service| &service.pods).collect();
    if pods.iter().any(|pods| pods.locality.region.is_empty()) {
        return BTreeSet::new();
    }
    let groups = services.iter().flat_map(|service| &service.groups);
    let vms = groups.flat_map(|group| group.vms.iter().map(|vm| &vm.locality));
    let endpoints = context
        .spec
        .externals()
        .flat_map(|(_, external)| &external.endpoints);
    let outside = endpoints.filter_map(|endpoint| endpoint.locality.as_ref());
    let all = pods
        .into_iter()
        .map(|pods| &pods.locality)
        .chain(vms)
        .chain(outside);
    all.map(text).filter(|place| !place.is_empty()).collect()
}

fn text(place: &Locality) -> String {
    let parts = [&place.region, &place.zone, &place.subzone].map(String::as_str);
    let said: Vec<_> = parts.into_iter().take_while(|part| !part.is_empty()).collect();
    said.join("/")
}
