use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mesh_wire::Millis;

use super::lookup::Lookup;
use super::place::labels;
use super::{capture, ports, service};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::model::{Asked, Elastic, Engine, Group, Health, Metadata, Registration, Ssh, Token, Tune, Vm};
use crate::spec::decl::{
    ElasticDecl, HealthDecl, NamespaceDecl, Pairs, ServiceDecl, SshDecl, TuneDecl, VmDecl, VmsDecl,
};

/// The label of the cloud's name for a machine (Kubernetes, "Recommended Labels").
const INSTANCE: &str = "app.kubernetes.io/instance";

/// The name of a group: its own or that of the service that it is written in.
pub(crate) fn name<'a>(decl: &'a VmsDecl, owner: Option<&'a ServiceDecl>) -> &'a str {
    let of = owner.map(|owner| &owner.name);
    decl.group
        .as_ref()
        .or(of)
        .map(|name| name.value.as_str())
        .unwrap_or_default()
}

/// The group `name` of `namespace`, with the service that it is written in.
pub(crate) fn find<'a>(
    namespace: &'a NamespaceDecl,
    wanted: &str,
) -> Option<(Option<&'a ServiceDecl>, &'a VmsDecl)> {
    namespace
        .groups()
        .find(|(owner, decl)| name(decl, *owner) == wanted)
}

/// Those of `all` that are of `namespace`; they are ordered by namespace.
pub(super) fn of_namespace<'a>(all: &'a [Arc<Group>], namespace: &str) -> &'a [Arc<Group>] {
    let start = all.partition_point(|group| group.namespace.as_str() < namespace);
    let behind = all.get(start..).unwrap_or_default();
    let end = behind.partition_point(|group| group.namespace == namespace);
    &behind[..end]
}

/// The account of a group's machines: its own, the service's, or its name.
pub(super) fn account(decl: &VmsDecl, owner: Option<&ServiceDecl>) -> String {
    let of = owner.and_then(|owner| owner.account.as_ref().or(Some(&owner.name)));
    let found = decl.account.as_ref().or(of).or(decl.group.as_ref());
    found.map(|name| name.value.clone()).unwrap_or_default()
}

/// The services that run on the machines of a group.
pub(crate) fn services_on<'a>(
    namespace: &'a NamespaceDecl,
    owner: Option<&'a ServiceDecl>,
    decl: &'a VmsDecl,
) -> Vec<&'a ServiceDecl> {
    services(name(decl, owner), owner, namespace)
}

/// The services that run on a group: the one that it is written in, then those that say so, by name.
fn services<'a>(
    group: &str,
    owner: Option<&'a ServiceDecl>,
    namespace: &'a NamespaceDecl,
) -> Vec<&'a ServiceDecl> {
    let says = |service: &&ServiceDecl| service.on.iter().any(|on| on.value == group);
    let mut guests: Vec<_> = namespace.services.iter().filter(says).collect();
    guests.sort_by(|a, b| a.name.value.cmp(&b.name.value));
    let is_owner = |guest: &&ServiceDecl| owner.is_some_and(|owner| owner.name.value == guest.name.value);
    guests.retain(|guest| !is_owner(guest));
    owner.into_iter().chain(guests).collect()
}

/// Labels of every machine of a group: the selectors that its services are given, and its own. Where services run on
/// machines without any, they are labelled like their group.
pub(super) fn labels_of(
    decl: &VmsDecl,
    owner: Option<&ServiceDecl>,
    namespace: &NamespaceDecl,
) -> BTreeMap<String, String> {
    let group = name(decl, owner);
    let mut all = BTreeMap::new();
    let on = services(group, owner, namespace);
    let guests = on.iter().skip(usize::from(owner.is_some()));
    for service in guests {
        all.extend(service.selector.as_ref().map(labels).unwrap_or_default());
    }
    all.extend(owner.map(service::own_selector).unwrap_or_default());
    all.extend(labels(&decl.labels));
    if all.is_empty() && !on.is_empty() {
        all.insert("app".to_owned(), group.to_owned());
    }
    all
}

/// The ports of a group's machines. A port of several services that has one name in all of them, and is another one,
/// is named with its number: an entry of that name would turn the others away from theirs.
fn ports_of(decl: &VmsDecl, on: &[&ServiceDecl]) -> BTreeMap<String, u16> {
    let mut named: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for service in on {
        let ports = ports::names(&service.ports).into_iter().zip(&service.ports);
        // A target that has a name is a port of the machines' own.
        for (name, port) in ports.filter(|(_, port)| port.target_name.is_none()) {
            named.entry(name).or_default().insert(port.target().value);
        }
    }
    let mut all = BTreeMap::new();
    for (name, numbers) in named {
        let alone = numbers.len() == 1;
        for number in numbers {
            let name = if alone {
                name.clone()
            } else {
                format!("{name}-{number}")
            };
            all.insert(name, number);
        }
    }
    let own = decl.ports.iter();
    all.extend(own.map(|port| (port.name.value.clone(), port.number.value)));
    all
}

pub(super) fn group(
    decl: &VmsDecl,
    owner: Option<&ServiceDecl>,
    namespace: &NamespaceDecl,
    lookup: &Lookup<'_>,
    sink: &mut Sink,
) -> Group {
    let name = name(decl, owner).to_owned();
    let on = services(&name, owner, namespace);
    let mut vms: Vec<_> = decl.vms.iter().map(|vm| self::vm(vm, decl)).collect();
    vms.sort_by(|a, b| a.name.cmp(&b.name));
    let is = |word: &Option<Spanned<String>>, wanted| word.as_ref().is_some_and(|word| word.value == wanted);
    let mut services: Vec<_> = on.iter().map(|service| service.name.value.clone()).collect();
    services.sort();
    if vms.is_empty() && decl.elastic.is_none() && !decl.damaged {
        sink.push(
            Diagnostic::new(&code::MISSING, decl.span, "`vms` needs a `vm`")
                .help("write `vm NAME address=\"…\"` in its braces, one for every machine"),
        );
    }
    let network = lookup
        .network(decl.network.as_ref(), decl.span, "`vms`", sink)
        .unwrap_or_default();
    Group {
        namespace: namespace.name.value.clone(),
        account: account(decl, owner),
        cluster: cluster(decl, owner, &network, lookup, sink),
        network,
        engine: if is(&decl.engine, "envoy") {
            Engine::Envoy
        } else {
            Engine::Meshd
        },
        registration: if is(&decl.registration, "auto") {
            Registration::Auto
        } else {
            Registration::Entries
        },
        labels: labels_of(decl, owner, namespace),
        annotations: pairs(&decl.annotations),
        proxy_metadata: pairs(&decl.proxy.metadata),
        ports: ports_of(decl, &on),
        locality: decl.locality.clone().unwrap_or_default(),
        weight: decl.weight.as_ref().map(|weight| weight.value),
        health: decl.health.as_ref().and_then(health),
        capture: capture::of(
            &lookup.spec.capture_of(decl),
            decl.ssh.port.as_ref().map(|port| port.value),
        ),
        tune: decl.tune.as_ref().map(tune).unwrap_or_default(),
        elastic: decl.elastic.as_ref().and_then(elastic),
        services,
        vms,
        span: decl.span,
        name,
    }
}

/// The cluster whose istiod the machines belong to: the one that is named; else that of the service's pods; else the
/// only one on their network; else the only one.
fn cluster(
    decl: &VmsDecl,
    owner: Option<&ServiceDecl>,
    network: &str,
    lookup: &Lookup<'_>,
    sink: &mut Sink,
) -> String {
    let pods: BTreeSet<&str> = owner
        .into_iter()
        .flat_map(|owner| &owner.pods)
        .filter_map(|pods| pods.cluster.as_ref())
        .map(|cluster| cluster.value.as_str())
        .filter(|cluster| lookup.clusters().any(|known| known == *cluster))
        .collect();
    let near: BTreeSet<&str> = lookup.clusters_on(network).collect();
    let alone = |names: &BTreeSet<&str>| {
        names
            .first()
            .filter(|_| names.len() == 1)
            .map(|name| (*name).to_owned())
    };
    if decl.cluster.is_none()
        && let Some(cluster) = alone(&pods).or_else(|| alone(&near))
    {
        return cluster;
    }
    lookup
        .cluster(decl.cluster.as_ref(), decl.span, "`vms`", sink)
        .unwrap_or_default()
}

/// Names and values, without their places.
pub(super) fn pairs(pairs: &Pairs) -> BTreeMap<String, String> {
    let plain =
        |(name, value): &(Spanned<String>, Spanned<String>)| (name.value.clone(), value.value.clone());
    pairs.iter().map(plain).collect()
}

fn vm(decl: &VmDecl, group: &VmsDecl) -> Vm {
    let mut own_labels = labels(&decl.labels);
    if let Some(instance) = &decl.instance_id {
        own_labels.insert(INSTANCE.to_owned(), instance.value.clone());
    }
    let weight = decl.weight.as_ref().or(group.weight.as_ref());
    let locality = decl.locality.as_ref().or(group.locality.as_ref());
    Vm {
        name: decl.name.value.clone(),
        address: decl.address.value,
        external: decl.external,
        locality: locality.cloned().unwrap_or_default(),
        weight: weight.map(|weight| weight.value),
        labels: own_labels,
        ssh: ssh(&decl.ssh, &group.ssh),
        span: decl.name.span,
    }
}

/// What is missing of it, the language or a rule has said.
fn elastic(decl: &ElasticDecl) -> Option<Elastic> {
    let text = |value: &Option<Spanned<String>>| value.as_ref().map(|value| value.value.clone());
    let token = text(&decl.token_file)
        .map(Token::File)
        .or_else(|| text(&decl.token_command).map(Token::Command))?;
    Some(Elastic {
        metadata: match decl.metadata.as_ref().map(|word| word.value.as_str()) {
            Some("gcp") => Metadata::Gcp,
            Some("azure") => Metadata::Azure,
            _ => Metadata::Aws,
        },
        package: text(&decl.package)?,
        sha256: text(&decl.sha256)?,
        token,
        root_cert: text(&decl.root_cert)?,
        drain: decl.drain.map_or(30, crate::spec::seconds),
    })
}

fn tune(decl: &TuneDecl) -> Tune {
    let units = |units: &[Spanned<String>]| units.iter().map(|unit| unit.value.clone()).collect();
    Tune {
        sysctls: pairs(&decl.sysctls),
        nofile: decl.nofile.as_ref().map(|nofile| nofile.value),
        memory: decl.memory.as_ref().map(|memory| memory.value),
        cpu: decl.cpu.as_ref().map(|cpu| cpu.value),
        tasks: decl.tasks.as_ref().map(|tasks| tasks.value),
        after: units(&decl.after),
        before: units(&decl.before),
    }
}

/// What the machine says, then what its group says.
fn ssh(own: &SshDecl, group: &SshDecl) -> Ssh {
    let host = own.host.as_ref().or(group.host.as_ref());
    Ssh {
        host: host.map(|host| host.value.clone()),
        user: own.user.clone().or_else(|| group.user.clone()),
        port: own.port.as_ref().or(group.port.as_ref()).map(|port| port.value),
        via: own.via.clone().or_else(|| group.via.clone()),
    }
}

fn health(decl: &HealthDecl) -> Option<Health> {
    let asked = match (&decl.http, &decl.tcp, &decl.exec) {
        (Some(port), ..) => Asked::Http {
            port: port.value,
            path: decl.path.as_ref().map(|path| path.value.clone()),
            https: decl.scheme.as_ref().is_some_and(|scheme| scheme.value == "https"),
            host: decl.host.as_ref().map(|host| host.value.clone()),
            headers: pairs(&decl.headers),
        },
        (None, Some(port), _) => Asked::Tcp { port: port.value },
        (None, None, Some(command)) => Asked::Exec {
            command: vec!["/bin/sh".to_owned(), "-c".to_owned(), command.value.clone()],
        },
        (None, None, None) if !decl.command.is_empty() => Asked::Exec {
            command: decl.command.iter().map(|word| word.value.clone()).collect(),
        },
        (None, None, None) => return None,
    };
    let seconds = |time: Option<Millis>| time.map(crate::spec::seconds);
    Some(Health {
        asked,
        period: seconds(decl.every),
        timeout: seconds(decl.timeout),
        failures: decl.failures,
        successes: decl.successes,
        delay: seconds(decl.delay),
    })
}
