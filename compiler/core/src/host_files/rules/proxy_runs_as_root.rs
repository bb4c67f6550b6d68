use super::capture::{self, PROXY};
use super::{Context, env_not_loaded};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::host_files::Machine;
use crate::host_files::iptables::{Fate, Id, Ruleset, Way};
use crate::host_files::unit::Unit;

/// The proxy runs as the user whose traffic is left alone, and nobody else does: otherwise its own connections come back
/// to it.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        units(machine, sink);
        variables(machine, sink);
        for (_, rules) in machine.rulesets() {
            circles(rules, sink);
        }
    }
}

fn units(machine: &Machine<'_>, sink: &mut Sink) {
    for (file, unit) in machine.units() {
        let user = unit.last("User").map(|user| &user.value);
        if let Some(word) = env_not_loaded::direct(unit) {
            if user.is_some_and(|user| is_proxy(machine, &user.value)) {
                continue;
            }
            let (span, message) = match user {
                Some(user) => (user.span, format!("the proxy runs as `{}`", user.value)),
                None => (word.span, "the proxy runs as root".to_owned()),
            };
            sink.push(
                Diagnostic::new(&code::PROXY_USER, span, message)
                    .here("its own connections are captured and come back to it")
                    .help("write `User=istio-proxy`, or start istio-start.sh, which changes the user itself")
                    .note("capture leaves only the traffic of ENVOY_USER alone, istio-proxy by default"),
            );
        } else if !file.is_agents(unit)
            && is_application(unit)
            && let Some(user) = user.filter(|user| is_proxy(machine, &user.value))
        {
            sink.push(
                Diagnostic::new(
                    &code::PROXY_USER,
                    user.span,
                    format!("the application runs as the proxy's user `{}`", user.value),
                )
                .here("its traffic goes round the mesh")
                .help("run it as a user of its own"),
            );
        }
    }
}

/// It starts something else than a proxy.
fn is_application(unit: &Unit) -> bool {
    let words = unit.words("ExecStart");
    let program = words.first().and_then(|word| word.value.rsplit('/').next());
    program.is_some_and(|program| !["meshd", "envoy"].contains(&program))
}

fn is_proxy(machine: &Machine<'_>, user: &str) -> bool {
    let named = ["ENVOY_USER", "PROXY_UID"].map(|name| machine.env(name).map(|user| user.value.as_str()));
    let named: Vec<_> = named.into_iter().flatten().collect();
    if named.is_empty() {
        PROXY.contains(&user)
    } else {
        named.contains(&user)
    }
}

/// `EXEC_USER` is who runs, `ENVOY_USER` whose traffic is left alone.
fn variables(machine: &Machine<'_>, sink: &mut Sink) {
    let Some(runs) = machine.env("EXEC_USER").filter(|user| !user.value.is_empty()) else {
        return;
    };
    let by_group = runs.value == "root" && capture::is_tproxy(machine);
    if is_proxy(machine, &runs.value) || by_group {
        return;
    }
    let left: Option<&Spanned<String>> = machine.env("ENVOY_USER").or_else(|| machine.env("PROXY_UID"));
    let left_alone = left.map_or("istio-proxy", |user| user.value.as_str());
    let mut found = Diagnostic::new(
        &code::PROXY_USER,
        runs.span,
        format!(
            "the proxy runs as `{}`, and capture leaves `{left_alone}` alone",
            runs.value
        ),
    )
    .here("its own connections are captured and come back to it")
    .help(format!("leave EXEC_USER out, or write `EXEC_USER={left_alone}`"));
    if let Some(left) = left {
        found = found.label(left.span, "capture leaves this user alone");
    }
    sink.push(found);
}

/// Rules that redirect what leaves the machine, whoever sends it.
fn circles(rules: &Ruleset, sink: &mut Sink) {
    let fate = |user: Option<&Id>, group: Option<&Id>| {
        let way = Way::Out {
            user: user.cloned(),
            group: group.cloned(),
        };
        rules.fate(
            "nat",
            "OUTPUT",
            &capture::packet(rules, capture::SOMEWHERE, 80, way),
        )
    };
    let Fate::Redirected(port, span) = fate(None, None) else {
        return;
    };
    if !capture::OUTBOUND.contains(&port) {
        return;
    }
    let (users, groups) = rules.owners("nat");
    let spared = users
        .iter()
        .any(|user| !matches!(fate(Some(user), None), Fate::Redirected(..)))
        || groups
            .iter()
            .any(|group| !matches!(fate(None, Some(group)), Fate::Redirected(..)));
    if !spared {
        sink.push(
            Diagnostic::new(
                &code::PROXY_USER,
                span,
                "what the proxy sends is redirected to the proxy again",
            )
            .here("this takes everybody's connections")
            .help("put `-m owner --uid-owner istio-proxy -j RETURN` before it, with the user that the proxy runs as"),
        );
    }
}
