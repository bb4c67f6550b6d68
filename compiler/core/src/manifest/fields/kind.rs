use super::Target;
use super::table::{KindOf, table};
use crate::diag::{Diagnostic, Sink, code, did_you_mean, list};
use crate::manifest::Object;

/// Groups of APIs that Istio had once, and what is there instead.
const GONE: &[(&str, &str)] = &[
    (
        "authentication.istio.io",
        "write PeerAuthentication and RequestAuthentication of security.istio.io/v1",
    ),
    (
        "rbac.istio.io",
        "write AuthorizationPolicy of security.istio.io/v1",
    ),
    (
        "config.istio.io",
        "Mixer is gone: write Telemetry of telemetry.istio.io/v1 or EnvoyFilter",
    ),
];

/// Since 1.22 kinds are served as v1.
const V1_SINCE: u32 = 22;

/// The kind of `object`, if it is one that is known; what Istio does not have is told.
pub(super) fn of(object: &Object, target: Target<'_>, sink: &mut Sink) -> Option<&'static KindOf> {
    let group = object.group();
    let kind = object.kind.value.as_str();
    if let Some(found) = table().kind(group, kind) {
        version(object, found, target, sink);
        return Some(found);
    }
    if let Some((_, instead)) = GONE.iter().find(|(gone, _)| *gone == group) {
        let message = format!("Istio has no `{group}` any more");
        sink.push(Diagnostic::new(&code::UNKNOWN_KIND, object.api_version.span, message).help(*instead));
        return None;
    }
    let mut ours: Vec<_> = table()
        .kinds
        .iter()
        .filter(|of| of.group.ends_with("istio.io"))
        .collect();
    if let Some(elsewhere) = ours
        .iter()
        .find(|of| of.kind == kind && group.ends_with("istio.io"))
    {
        let right = format!(
            "{}/{}",
            elsewhere.group,
            elsewhere.versions.first().copied().unwrap_or_default()
        );
        let message = format!("`{kind}` is a kind of `{}`, not of `{group}`", elsewhere.group);
        sink.push(
            Diagnostic::new(&code::UNKNOWN_KIND, object.api_version.span, message)
                .help(format!("write `apiVersion: {right}`")),
        );
        return None;
    }
    ours.retain(|of| of.group == group);
    if ours.is_empty() {
        return None;
    }
    let names = || ours.iter().map(|of| of.kind);
    let message = format!("`{group}` has no kind `{kind}`");
    let found = Diagnostic::new(&code::UNKNOWN_KIND, object.kind.span, message);
    sink.push(match did_you_mean(kind, names()) {
        Some(near) => found
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `kind: {near}`")),
        None => found.help(format!("it has {}", list(names()).replace(" or ", " and "))),
    });
    None
}

fn version(object: &Object, kind: &KindOf, target: Target<'_>, sink: &mut Sink) {
    let version = object.version();
    let newest = kind.versions.first().copied().unwrap_or_default();
    let found = |message: String| Diagnostic::new(&code::UNKNOWN_KIND, object.api_version.span, message);
    let group = if kind.group.is_empty() {
        String::new()
    } else {
        format!("{}/", kind.group)
    };
    if !kind.versions.contains(&version) {
        // Versions of Kubernetes' own kinds come and go without us.
        if kind.group.ends_with("istio.io") {
            let message = format!(
                "`{}` is served as {}, not as `{version}`",
                kind.kind,
                list(kind.versions.iter().copied())
            );
            sink.push(found(message).help(format!("write `apiVersion: {group}{newest}`")));
        }
        return;
    }
    let early = target.istio.filter(|release| *release < V1_SINCE);
    if let (Some(release), "v1", true, Some(older)) = (
        early,
        version,
        kind.group.ends_with("istio.io"),
        kind.versions.get(1),
    ) {
        let message = format!("Istio 1.{release} does not serve `{}` as v1 yet", kind.kind);
        sink.push(found(message).help(format!(
            "write `apiVersion: {group}{older}`, or move to 1.{V1_SINCE} or newer"
        )));
    }
}
