use crate::model::Service;
use crate::spec::decl::{ExternalDecl, PortDecl, ServiceDecl, Spec, SubsetDecl, TrafficDecl};

/// A place where the spec says how callers treat a service: all of it, a port, a version, a port of a version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'a> {
    /// What is said there.
    pub(super) traffic: &'a TrafficDecl,
    /// What is said of the whole service.
    pub(super) whole: &'a TrafficDecl,
    /// The ports of the service.
    all_ports: &'a [PortDecl],
    /// The one that is meant.
    port: Option<u16>,
    /// It is a version of the service, which keeps what it does not replace.
    version: bool,
    /// The service lies outside the mesh.
    pub(super) external: Option<&'a ExternalDecl>,
    /// What the ports are may be incomplete.
    pub(super) damaged: bool,
}

/// What services inside and outside of the mesh have in common.
struct Owner<'a> {
    traffic: &'a TrafficDecl,
    ports: &'a [PortDecl],
    subsets: &'a [SubsetDecl],
    external: Option<&'a ExternalDecl>,
    damaged: bool,
}

impl<'a> Site<'a> {
    /// Every place of a spec.
    pub(super) fn all(spec: &'a Spec) -> Vec<Self> {
        let inside = spec.services().map(|(_, service)| Owner::inside(service));
        let outside = spec.externals().map(|(_, external)| Owner::outside(external));
        inside.chain(outside).flat_map(|owner| owner.sites()).collect()
    }

    /// The places of one service.
    pub(super) fn of(service: &'a ServiceDecl) -> Vec<Self> {
        Owner::inside(service).sites()
    }

    /// It keeps what it does not replace.
    pub(super) fn is_version(&self) -> bool {
        self.version
    }

    /// The ports that it holds on.
    pub(super) fn ports(&self) -> Vec<&'a PortDecl> {
        let meant = |port: &&PortDecl| match self.port {
            Some(number) => port.number.value == number,
            // A port that says something of its own hears nothing of the rest.
            None => port.traffic.is_empty() || self.all_ports.iter().all(|port| !port.traffic.is_empty()),
        };
        self.all_ports.iter().filter(meant).collect()
    }
}

impl<'a> Owner<'a> {
    fn inside(service: &'a ServiceDecl) -> Self {
        Self {
            traffic: &service.traffic,
            ports: &service.ports,
            subsets: &service.subsets,
            external: None,
            damaged: service.damaged,
        }
    }

    fn outside(external: &'a ExternalDecl) -> Self {
        Self {
            traffic: &external.traffic,
            ports: &external.ports,
            subsets: &external.subsets,
            external: Some(external),
            damaged: external.damaged,
        }
    }

    fn sites(&self) -> Vec<Site<'a>> {
        let site = |traffic, port, version| Site {
            traffic,
            whole: self.traffic,
            all_ports: self.ports,
            port,
            version,
            external: self.external,
            damaged: self.damaged,
        };
        let mut all = vec![site(self.traffic, None, false)];
        all.extend(
            self.ports
                .iter()
                .map(|port| site(&port.traffic, Some(port.number.value), false)),
        );
        for subset in self.subsets {
            all.push(site(&subset.traffic, None, true));
            let on_ports = subset.ports.iter();
            all.extend(on_ports.map(|port| site(&port.traffic, Some(port.number.value), false)));
        }
        all
    }
}

/// How many workloads a service has, where the spec knows all of them.
pub(super) fn workloads(service: &Service) -> Option<usize> {
    let machines = service.groups.iter().map(|group| group.vms.len()).sum();
    (service.pods.is_empty() && machines > 0).then_some(machines)
}
