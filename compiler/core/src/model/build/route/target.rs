use std::collections::BTreeSet;

use mesh_wire::route::PerMillion;

use super::layer::{Layer, ports};
use super::{action, called};
use crate::diag::{Diagnostic, Fix, Sink, Spanned, code, did_you_mean, list};
use crate::model::build::service::host;
use crate::model::{Destination, MirrorTo, Target};
use crate::spec::decl::{PortDecl, RouteDecl, Routed, Spec, TargetDecl};

/// Where a route leads; what leads nowhere is left out.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub(super) to: Vec<Destination>,
    pub(super) mirrors: Vec<MirrorTo>,
}

/// All of a mirror that says no share.
const EVERYTHING: u32 = 1_000_000;

pub(super) fn all(
    owner: &Routed<'_>,
    decl: &RouteDecl,
    layers: &BTreeSet<Layer>,
    spec: &Spec,
    sink: &mut Sink,
) -> Targets {
    let mut finder = Finder {
        owner,
        decl,
        layers,
        spec,
        sink,
    };
    let alone = decl.to.len() == 1;
    let mut targets = Targets::default();
    for to in &decl.to {
        let Some(target) = finder.find(to) else { continue };
        let weight = to.weight.as_ref().map_or(0, |weight| weight.value);
        targets.to.push(Destination {
            target,
            weight: if alone { 1 } else { weight },
            request: action::edits(to.request.as_ref()),
            response: action::edits(to.response.as_ref()),
        });
    }
    for mirror in &decl.mirrors {
        let share = mirror.share.as_ref().map_or(EVERYTHING, |share| share.value);
        if let Some(target) = finder.find(mirror)
            && share > 0
        {
            let share = PerMillion(share);
            targets.mirrors.push(MirrorTo { target, share });
        }
    }
    targets.to.sort_by(|a, b| a.target.cmp(&b.target));
    targets
        .mirrors
        .sort_by(|a, b| (&a.target, a.share).cmp(&(&b.target, b.share)));
    targets
}

struct Finder<'a> {
    owner: &'a Routed<'a>,
    decl: &'a RouteDecl,
    layers: &'a BTreeSet<Layer>,
    spec: &'a Spec,
    sink: &'a mut Sink,
}

impl<'a> Finder<'a> {
    fn find(&mut self, decl: &TargetDecl) -> Option<Target> {
        let service = match &decl.service {
            Some(name) => self.service(name)?,
            None => *self.owner,
        };
        let subset_is_there = decl
            .subset
            .as_ref()
            .is_none_or(|subset| self.subset(subset, &service));
        let port = self.port(decl, &service)?;
        subset_is_there.then(|| Target {
            namespace: service.namespace.name.value.clone(),
            service: service.name.value.clone(),
            host: host(&service.name.value, &service.namespace.name.value, service.host),
            subset: decl.subset.as_ref().map(|subset| subset.value.clone()),
            port,
        })
    }

    fn service(&mut self, name: &Spanned<String>) -> Option<Routed<'a>> {
        let home = &self.owner.namespace.name.value;
        let (of, wanted) = name.value.split_once('/').unwrap_or((home, &name.value));
        let there = |one: &Routed<'_>| one.namespace.name.value == of;
        let found = self
            .spec
            .routed()
            .find(|one| there(one) && one.name.value == wanted);
        if found.is_some() {
            return found;
        }
        let elsewhere = self.spec.routed().find(|one| one.name.value == wanted);
        let known: Vec<_> = self
            .spec
            .routed()
            .filter(there)
            .map(|one| one.name.value.as_str())
            .collect();
        let near = did_you_mean(wanted, known.iter().copied());
        let fix = match of == home {
            true => Fix::meant(name.span, wanted, known),
            false => None,
        };
        let message = format!("namespace `{of}` has no service `{wanted}`");
        let found = Diagnostic::new(&code::UNKNOWN_REFERENCE, name.span, message);
        self.sink.push(match (near, elsewhere) {
            (Some(near), _) => found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`"))
                .fix(fix),
            (None, Some(other)) => found
                .label(other.name.span, "there is one of this name")
                .help(format!("write \"{}/{wanted}\"", other.namespace.name.value)),
            (None, None) => found.help("declare it, as a `service` or as an `external`"),
        });
        None
    }

    fn subset(&mut self, subset: &Spanned<String>, service: &Routed<'_>) -> bool {
        let known = || service.subsets.iter().map(|one| one.name.value.as_str());
        if known().any(|name| name == subset.value) {
            return true;
        }
        if service.damaged {
            return false;
        }
        let (name, of) = (&subset.value, &service.name.value);
        let message = format!("`{of}` has no subset `{name}`");
        let found = Diagnostic::new(&code::UNKNOWN_REFERENCE, subset.span, message);
        let home = &self.owner.namespace.name.value;
        let is_service = |one: &Routed<'_>| one.namespace.name.value == *home && one.name.value == *name;
        self.sink.push(match did_you_mean(name, known()) {
            _ if self.spec.routed().any(|one| is_service(&one)) => found
                .here("this is a service")
                .help(format!("write `service={name}`")),
            Some(near) => found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`"))
                .fix(Fix::meant(subset.span, name, known())),
            None if known().next().is_none() => found
                .label(service.name.span, "it has no subsets")
                .help(format!("declare it in `{of}`: `subset {name} version={name}`")),
            None => found.help(format!("write {}, or declare it in `{of}`", list(known()))),
        });
        false
    }

    /// The port to name: none where it is the one that was called, on the service itself.
    fn port(&mut self, decl: &TargetDecl, service: &Routed<'_>) -> Option<Option<u16>> {
        if let Some(port) = &decl.port {
            let Some(there) = service.ports.iter().find(|one| one.number.value == port.value) else {
                self.unknown_port(port, service);
                return None;
            };
            return self.fits(there, decl, service).then_some(Some(port.value));
        }
        let own = decl.service.is_none();
        if let [only] = service.ports {
            let number = if own { None } else { Some(only.number.value) };
            return (own || self.fits(only, decl, service)).then_some(number);
        }
        let of_route = || {
            ports(self.owner, self.decl)
                .filter(|port| self.layers.contains(&Layer::of(port)))
                .map(|port| port.number.value)
        };
        let there = |number: u16| service.ports.iter().find(|one| one.number.value == number);
        let missing = of_route().find(|number| there(*number).is_none());
        if let Some(missing) = missing {
            let (name, ports) = (&service.name.value, numbers(service));
            let message = format!(
                "`{name}` has no port {missing}, which {} is for",
                called(self.decl)
            );
            let found = Diagnostic::new(&code::PORT_UNDECLARED, decl.span, message)
                .label(service.name.span, "it has others")
                .help(format!("write `port=` with {ports}"));
            if !service.damaged {
                self.sink.push(found);
            }
            return None;
        }
        let called: Vec<_> = of_route().collect();
        let only = Some(called.as_slice()).filter(|called| called.len() == 1);
        Some(only.map(|called| called[0]))
    }

    fn unknown_port(&mut self, port: &Spanned<u16>, service: &Routed<'_>) {
        if service.damaged {
            return;
        }
        let message = format!("`{}` has no port {}", service.name.value, port.value);
        self.sink.push(
            Diagnostic::new(&code::PORT_UNDECLARED, port.span, message)
                .here("not declared")
                .label(service.name.span, "its ports are declared here")
                .help(format!("write {}", numbers(service))),
        );
    }

    /// Requests go to a port that knows requests.
    fn fits(&mut self, port: &PortDecl, decl: &TargetDecl, service: &Routed<'_>) -> bool {
        if !self.layers.contains(&Layer::Http) || Layer::of(port) == Layer::Http {
            return true;
        }
        let (number, name) = (port.number.value, &service.name.value);
        let span = decl.port.as_ref().map_or(decl.span, |port| port.span);
        let message = format!(
            "requests are sent to port {number} of `{name}`, which speaks {}",
            port.protocol.value
        );
        self.sink.push(
            Diagnostic::new(&code::ROUTE_MISFIT, span, message)
                .label(port.protocol.span, "no requests are understood here")
                .help("name a port that speaks `http`, or say `http` where it does"),
        );
        false
    }
}

fn numbers(service: &Routed<'_>) -> String {
    let numbers: Vec<_> = service
        .ports
        .iter()
        .map(|port| port.number.value.to_string())
        .collect();
    list(numbers.iter().map(String::as_str))
}
