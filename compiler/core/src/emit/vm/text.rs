use std::collections::BTreeSet;

use minijinja::{Environment, UndefinedBehavior, context};

use crate::emit::names;
use crate::emit::snapshot::{SYSTEM_NAMESPACE, gateway_services};
use crate::model::{Group, Mesh};

/// The units that every machine has, in the order in which they are started.
pub const UNITS: &[(&str, &str)] = &[
    (
        "meshd.socket",
        include_str!("../../../../../templates/meshd.socket.j2"),
    ),
    (
        "meshd.service",
        include_str!("../../../../../templates/meshd.service.j2"),
    ),
    (
        "meshd-capture.service",
        include_str!("../../../../../templates/meshd-capture.service.j2"),
    ),
    (
        "meshd-capture-look.timer",
        include_str!("../../../../../templates/meshd-capture-look.timer.j2"),
    ),
    (
        "meshd.target",
        include_str!("../../../../../templates/meshd.target.j2"),
    ),
];

/// Units that others start.
const STARTED: &[(&str, &str)] = &[(
    "meshd-capture-look.service",
    include_str!("../../../../../templates/meshd-capture-look.service.j2"),
)];

const RESOLVED: &str = include_str!("../../../../../templates/resolved.conf.j2");

/// The unit of machines whose kernel is set up.
const SYSCTL: (&str, &str) = (
    "meshd-sysctl.service",
    include_str!("../../../../../templates/meshd-sysctl.service.j2"),
);

/// The units of a group's machines, in the order in which they are started, and what is in them.
pub(super) fn units(group: &Group) -> impl Iterator<Item = (&'static str, String)> {
    let names: Vec<_> = group.tune.sysctls.keys().cloned().collect();
    let sysctl = Some(SYSCTL).filter(|_| !names.is_empty());
    let values = context! { tproxy => group.capture.tproxy, names };
    sysctl
        .into_iter()
        .chain(UNITS.iter().copied())
        .map(move |(name, template)| (name, render(template, values.clone())))
}

/// The units that timers start, and what is in them.
pub(super) fn started() -> impl Iterator<Item = (&'static str, String)> {
    STARTED
        .iter()
        .map(|(name, template)| (*name, render(template, context! {})))
}

/// The drop-in that sends the mesh's names to meshd.
pub(super) fn resolved(mesh: &Mesh, group: &Group) -> String {
    render(RESOLVED, context! { domains => resolved_domains(mesh, group) })
}

pub(super) fn render(template: &str, values: minijinja::Value) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut text = environment
        .render_str(template, values)
        .expect("tests render every template");
    // The last line's end is not part of a template's text.
    text.push('\n');
    text
}

/// What systemd-resolved asks meshd for: the domains that are searched, then, behind `~`, those that are only
/// routed.
///
/// `name.namespace` has to get there too, so each namespace is a domain; a name that the mesh does not know meshd
/// passes on.
pub fn resolved_domains(mesh: &Mesh, group: &Group) -> Vec<String> {
    let mut searched = names::search(mesh, &group.namespace);
    let own = mesh.dns.search.iter().filter(|domain| !searched.contains(domain));
    searched.extend(own.cloned().collect::<Vec<_>>());
    let mut routed = BTreeSet::from(["svc".to_owned()]);
    routed.extend(mesh.services.iter().map(|service| service.namespace.clone()));
    if gateway_services(mesh, &group.cluster).next().is_some() {
        routed.insert(SYSTEM_NAMESPACE.to_owned());
    }
    let known = mesh
        .services
        .iter()
        .filter(|service| service.is_visible_in(&group.namespace));
    let foreign = known.filter(|service| !service.is_kubernetes());
    routed.extend(foreign.map(|service| service.host.trim_start_matches("*.").to_lowercase()));
    routed.extend(mesh.dns.forward.iter().map(|zone| zone.domain.clone()));
    routed.retain(|domain| !searched.contains(domain));
    searched
        .into_iter()
        .chain(routed.into_iter().map(|domain| format!("~{domain}")))
        .collect()
}
