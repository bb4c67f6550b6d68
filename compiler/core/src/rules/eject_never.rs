use super::site::{Site, workloads};
use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::EjectDecl;

/// Envoy's bound where the spec says none.
const AT_MOST: u8 = 10;

/// Something can be left out: failures are counted, and one workload fits into the share (Envoy
/// `DetectorImpl::ejectHost`: one more has to stay within it).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for site in Site::all(context.spec) {
        if let Some(found) = site.traffic.eject.as_ref().and_then(uncounted) {
            once.push(found, sink);
        }
    }
    for (namespace, decl) in context.spec.services().filter(|(_, decl)| !decl.damaged) {
        let service = context.mesh.service(&namespace.name.value, &decl.name.value);
        let Some(number) = service.and_then(workloads) else {
            continue;
        };
        for eject in Site::of(decl)
            .iter()
            .filter_map(|site| site.traffic.eject.as_ref())
        {
            if let Some(found) = too_few(eject, number) {
                once.push(found, sink);
            }
        }
    }
}

fn uncounted(eject: &EjectDecl) -> Option<Diagnostic> {
    let off = eject.after.as_ref().filter(|after| after.value == 0)?;
    let gateway = eject
        .after_gateway_errors
        .as_ref()
        .is_some_and(|count| count.value > 0);
    if gateway || eject.after_local_errors.is_some() {
        return None;
    }
    Some(
        Diagnostic::new(
            &code::EJECT_NEVER,
            off.span,
            "no failure is counted, so that nothing is ever left out",
        )
        .help("write `after=5`, or what else is counted: `after-gateway-errors=`, `after-local-errors=`"),
    )
}

fn too_few(eject: &EjectDecl, number: usize) -> Option<Diagnostic> {
    let given = eject.at_most.as_ref();
    // 0 is Istio's "not said".
    let share = given
        .map(|share| share.value)
        .filter(|share| *share > 0)
        .unwrap_or(AT_MOST);
    if number * usize::from(share) >= 100 {
        return None;
    }
    let least = 100_usize.div_ceil(number.max(1));
    let machines = if number == 1 { "machine" } else { "machines" };
    let message = format!("none of {number} {machines} is ever left out: one is more than {share}% of them");
    let found = Diagnostic::new(
        &code::EJECT_NEVER,
        given.map_or(eject.span, |share| share.span),
        message,
    );
    let found = match given {
        Some(_) => found,
        None => found.here("`at-most` is \"10%\" if it is not said"),
    };
    Some(found.help(format!("write at-most=\"{least}%\" or more")))
}
