use ipnet::IpNet;

use super::Context;
use super::scope::{places, sound};
use crate::diag::{Diagnostic, Sink, code};
use crate::model::{Action, Choice, Rule, Source};

/// What a DENY refuses whole, no ALLOW lets in.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for place in places(context) {
        let denies: Vec<_> = place
            .around(context)
            .into_iter()
            .flat_map(|access| access.enforced(Action::Deny))
            .collect();
        for allow in place.access.enforced(Action::Allow) {
            // What has no condition is said by another rule.
            let shadow = denies.iter().find(|deny| !deny.is_open() && shadows(deny, allow));
            if let Some(deny) = shadow.filter(|deny| sound(context, deny) && sound(context, allow)) {
                let message = format!("`deny` refuses all that this allows at {}", place.name());
                sink.push(
                    Diagnostic::new(&code::DENY_SHADOWS_ALLOW, allow.span, message)
                        .here("lets nobody in")
                        .label(deny.span, "refused here, which is looked at first")
                        .help("leave the `allow` out, or make the `deny` narrower"),
                );
            }
        }
    }
}

/// Whatever fulfils `allow` fulfils `deny`.
fn shadows(deny: &Rule, allow: &Rule) -> bool {
    within(&allow.from, &deny.from, source)
        && within(&allow.from_ip, &deny.from_ip, net)
        && within(&allow.remote_ip, &deny.remote_ip, net)
        && within(&allow.tokens, &deny.tokens, text)
        && within(&allow.methods, &deny.methods, text)
        && within(&allow.paths, &deny.paths, text)
        && within(&allow.hosts, &deny.hosts, text)
        && within(&allow.ports, &deny.ports, |wide, one| wide == one)
        && deny.when.iter().all(|when| allow.when.contains(when))
}

/// All that `narrow` takes, `wide` takes.
fn within<T: PartialEq>(narrow: &Choice<T>, wide: &Choice<T>, covers: impl Fn(&T, &T) -> bool) -> bool {
    let any = wide.any.is_empty()
        || !narrow.any.is_empty()
            && narrow
                .any
                .iter()
                .all(|one| wide.any.iter().any(|wide| covers(wide, one)));
    let apart = |none: &T| {
        let named = !narrow.any.is_empty()
            && narrow
                .any
                .iter()
                .all(|one| !covers(none, one) && !covers(one, none));
        named || narrow.none.iter().any(|own| covers(own, none))
    };
    any && wide.none.iter().all(apart)
}

fn source(wide: &Source, one: &Source) -> bool {
    match (wide, one) {
        (Source::Everybody, _) => true,
        (Source::Namespace(namespace), Source::Account { namespace: of, .. }) => namespace == of,
        _ => wide == one,
    }
}

fn net(wide: &IpNet, one: &IpNet) -> bool {
    wide.contains(one)
}

fn text(wide: &String, one: &String) -> bool {
    if wide.contains('{') || one.contains('{') {
        return wide == one;
    }
    match (wide.strip_suffix('*'), wide.strip_prefix('*')) {
        (Some(prefix), _) => one.starts_with(prefix),
        (None, Some(suffix)) => one.ends_with(suffix),
        (None, None) => wide == one,
    }
}
