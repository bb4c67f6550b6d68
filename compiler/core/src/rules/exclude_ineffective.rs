use super::Context;
use crate::diag::{Diagnostic, Edit, Fix, Sink, Span, code};
use crate::spec::decl::CaptureDecl;

/// What is excluded must be captured otherwise, and what is added must not be captured anyway (Istio's
/// LOCAL_EXCLUDE_PORTS and OUTBOUND_OWNER_GROUPS_EXCLUDE have the same trap). What the mesh says for all is of use if it is
/// for one group.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let spec = context.spec;
    for look in [inbound, outbound, added, groups] {
        let mut idle_everywhere = true;
        for (_, _, vms) in spec.groups() {
            let found = look(&spec.capture_of(vms));
            idle_everywhere &= found.is_some();
            let own = found.filter(|found| is_within(found, vms.capture.span));
            own.into_iter().for_each(|found| sink.push(found));
        }
        let of_mesh = spec.mesh.iter().filter_map(|mesh| look(&mesh.capture));
        of_mesh
            .filter(|_| idle_everywhere)
            .for_each(|found| sink.push(found));
    }
}

fn is_within(found: &Diagnostic, place: Option<Span>) -> bool {
    let at = found.primary.span;
    place.is_some_and(|place| place.file == at.file && (place.start..=place.end).contains(&at.start))
}

fn inbound(capture: &CaptureDecl) -> Option<Diagnostic> {
    let ports = capture.exclude_inbound.as_ref()?;
    let said = capture.inbound.as_ref();
    if said.is_some_and(|inbound| inbound.value.is("all")) {
        return None;
    }
    let which = match said {
        Some(inbound) if inbound.value.is("none") => "no port is captured",
        Some(inbound) if !inbound.value.is("declared") => "only the listed ports are captured",
        _ => "only declared ports are captured",
    };
    let message = format!("`exclude-inbound=` has no effect: {which}");
    Some(ineffective(
        "exclude-inbound",
        ports.span,
        message,
        said.map(|inbound| (inbound.span, "this says which ports")),
        "write `inbound=all` beside it, or leave it out",
    ))
}

fn outbound(capture: &CaptureDecl) -> Option<Diagnostic> {
    let ranges = capture.exclude_outbound.as_ref()?;
    let none = capture.outbound.as_ref().filter(|said| said.value.is("none"))?;
    (capture.outbound_ports.is_none()).then(|| {
        ineffective(
            "exclude-outbound",
            ranges.span,
            "`exclude-outbound=` has no effect: no destination is captured".to_owned(),
            Some((none.span, "this says which")),
            "leave one of them out",
        )
    })
}

fn added(capture: &CaptureDecl) -> Option<Diagnostic> {
    let ports = capture.outbound_ports.as_ref()?;
    let said = capture.outbound.as_ref();
    said.is_none_or(|outbound| outbound.value.is("all")).then(|| {
        ineffective(
            "outbound-ports",
            ports.span,
            "`outbound-ports=` has no effect: all destinations are captured anyway".to_owned(),
            said.map(|outbound| (outbound.span, "this says which")),
            "write `outbound=none` or ranges beside it, or leave it out",
        )
    })
}

fn groups(capture: &CaptureDecl) -> Option<Diagnostic> {
    let (excluded, only) = (capture.exclude_groups.as_ref()?, capture.only_groups.as_ref()?);
    Some(ineffective(
        "exclude-groups",
        excluded.span,
        "`exclude-groups=` has no effect: only the groups of `only-groups=` are captured".to_owned(),
        Some((only.span, "these")),
        "leave one of them out",
    ))
}

/// `key` has no effect: without it, nothing changes.
fn ineffective(
    key: &str,
    span: Span,
    message: String,
    label: Option<(Span, &str)>,
    help: &str,
) -> Diagnostic {
    let without = Fix::certain(
        format!("leave `{key}=` out"),
        vec![Edit::without_property(span, key)],
    );
    let found = Diagnostic::new(&code::EXCLUDE_INEFFECTIVE, span, message)
        .help(help)
        .fix(without);
    match label {
        Some((span, text)) => found.label(span, text),
        None => found,
    }
}
