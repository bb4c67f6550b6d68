//! What the caller's resolver makes of a name.

use std::net::IpAddr;

use serde_json::json;

use super::{Hop, Step, Walk};
use crate::diag::{code, did_you_mean, list};
use crate::model::{DnsCapture, Kind, Service};
use crate::query::Caller;
use crate::query::place::service_of;
use crate::query::wire::name;

/// What a name leads to.
pub(super) struct Named<'a> {
    /// What the mesh knows by it.
    pub(super) service: Option<&'a Service>,
    /// What is dialled, where it can be said.
    pub(super) address: Option<IpAddr>,
    /// The address is one that only proxies know.
    pub(super) is_virtual: bool,
}

impl<'a> Walk<'_, 'a> {
    /// The hop, and what the name leads to; `None` where it leads nowhere.
    pub(super) fn name(&self) -> (Hop, Option<Named<'a>>) {
        if let Some(address) = self.target.address() {
            return self.literal(address);
        }
        match self.told.clone() {
            Some(told) => {
                let host = &self.target.host;
                let mut tried = vec![host.clone()];
                if !host.contains('.') {
                    let domains = &self.asker.mesh.dns.search;
                    tried.extend(domains.iter().map(|domain| format!("{host}.{domain}")));
                }
                let found = tried.iter().find_map(|name| name::find(&told.names, name));
                match found {
                    Some(found) => self.found(&found),
                    None => self.unlisted(name::forwarded(&told.names, host)),
                }
            }
            None => self.without_proxy(),
        }
    }

    fn literal(&self, address: IpAddr) -> (Hop, Option<Named<'a>>) {
        let mesh = self.asker.mesh;
        let service = mesh
            .services
            .iter()
            .find(|service| service.addresses.contains(&address));
        let vm = mesh.vms().find(|(_, vm)| vm.address == address);
        let says = match (service, vm) {
            (Some(service), _) => format!("{address} is dialled itself: it is {}'s", service.label()),
            (None, Some((_, vm))) => format!("{address} is dialled itself: it is that of VM {}", vm.name),
            (None, None) => format!("{address} is dialled itself; it belongs to nothing in the mesh"),
        };
        let place = service.map(|service| service.span).or(vm.map(|(_, vm)| vm.span));
        let hop = Hop::new(Step::Name, says)
            .at(place)
            .fact("addresses", json!([address]));
        let named = Named {
            service,
            address: Some(address),
            is_virtual: service.is_some_and(|service| !service.addresses_given),
        };
        (hop, Some(named))
    }

    fn found(&self, found: &name::Found<'_>) -> (Hop, Option<Named<'a>>) {
        let mesh = self.asker.mesh;
        let service = service_of(mesh, found.host);
        let own = self.caller.address(mesh);
        let addresses = &found.entry.addresses;
        let fits = |address: &&IpAddr| address.is_ipv4() == own.is_ipv4();
        let address = addresses.iter().find(fits).or(addresses.first()).copied();
        let kubernetes = service.is_some_and(|service| matches!(service.kind, Kind::Kubernetes { .. }));
        let headless = service.is_some_and(|service| service.kind == Kind::Kubernetes { headless: true });
        let given = service.is_none_or(|service| service.addresses_given) || headless;
        let of_pods = matches!(self.caller, Caller::Pod { .. });
        let short = self.target.host != found.host;
        let name = if short {
            format!("`{}` is {}", self.target.host, found.host)
        } else {
            found.host.to_owned()
        };
        let shown: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        let shown = shown.join(", ");
        let says = match (headless, given, of_pods && kubernetes) {
            (true, ..) => format!("{name}: the workloads themselves, {shown}"),
            (_, true, _) => format!("{name}: {shown}"),
            (_, false, true) => format!("{name}: its ClusterIP, which the cluster gives"),
            (_, false, false) => format!("{name}: {shown}, a virtual address that only the mesh knows"),
        };
        let mut hop = Hop::new(Step::Name, says)
            .at(service.map(|service| service.span))
            .fact("host", found.host)
            .fact("addresses", json!(addresses))
            .fact("virtual", !given);
        match (&self.caller, mesh.dns.capture) {
            (Caller::Vm(..), DnsCapture::Resolved) => {
                hop.add_note("systemd-resolved asks the mesh's own DNS for it", None);
            }
            (Caller::Vm(..), DnsCapture::Packets) => {
                hop.add_note("the query to port 53 is captured and answered by the mesh's own DNS", None);
            }
            (Caller::Vm(..), DnsCapture::None) => hop.add_note(
                "queries are not captured (`dns capture=none`): this holds only for resolvers that ask port 15053",
                Some(mesh.span),
            ),
            _ if !kubernetes => hop.add_note(
                "the cluster's DNS does not know it: this holds where sidecars answer queries (ISTIO_META_DNS_CAPTURE), \
                 else it is resolved outside",
                None,
            ),
            _ => {}
        }
        let named = Named {
            service,
            address,
            is_virtual: !given,
        };
        (hop, Some(named))
    }

    /// The mesh's own DNS does not list the name.
    fn unlisted(&self, forwarded: Option<&str>) -> (Hop, Option<Named<'a>>) {
        let mesh = self.asker.mesh;
        let host = &self.target.host;
        let known = service_of(mesh, host).filter(|service| {
            self.caller
                .namespace()
                .is_none_or(|own| service.is_visible_in(own))
        });
        let outside = Named {
            service: known,
            address: None,
            is_virtual: false,
        };
        if let Some(domain) = forwarded {
            let zone = mesh.dns.forward.iter().find(|zone| zone.domain == domain);
            let servers: Vec<_> = zone
                .iter()
                .flat_map(|zone| &zone.servers)
                .map(ToString::to_string)
                .collect();
            let says = format!("{host} lies in {domain}: {} is asked", servers.join(" or "));
            let hop = Hop::new(Step::Name, says).fact("forwarded", domain);
            return (hop, Some(outside));
        }
        if known.is_some() || !self.belongs_to_mesh() {
            let says = format!("{host} is resolved outside the mesh, by the servers of the machine");
            let says = match self.caller {
                Caller::Pod { .. } => says.replace("the machine", "the cluster"),
                _ => says,
            };
            let hop = Hop::new(Step::Name, says).at(known.map(|service| service.span));
            return (hop, Some(outside));
        }
        let hop = Hop::new(Step::Name, format!("nothing in the mesh is called {host}"));
        (
            hop.fault(
                &code::NAME_UNKNOWN,
                format!("{} cannot resolve `{host}`", self.caller.label()),
                self.nearest_name(),
            ),
            None,
        )
    }

    /// The name can only be the mesh's: one label, or below a domain of the cluster or a namespace.
    fn belongs_to_mesh(&self) -> bool {
        let host = &self.target.host;
        let domains = self
            .told
            .iter()
            .flat_map(|told| told.names.search.iter().skip(1))
            .map(|domain| format!(".{domain}"));
        let namespaces = &self.asker.mesh.namespaces;
        let namespace = host
            .split_once('.')
            .is_some_and(|(_, rest)| namespaces.contains_key(rest));
        !host.contains('.')
            || host.ends_with(".svc")
            || namespace
            || domains.into_iter().any(|domain| host.ends_with(&domain))
    }

    /// What was probably meant.
    fn nearest_name(&self) -> String {
        let mesh = self.asker.mesh;
        let label = self.target.host.split('.').next().unwrap_or_default();
        let own = self.caller.namespace().unwrap_or_default();
        let of_name: Vec<&Service> = mesh
            .services
            .iter()
            .filter(|service| service.name == label)
            .collect();
        let hidden = of_name.iter().find(|service| !service.is_visible_in(own));
        if let Some(service) = hidden {
            return format!(
                "`{}` is not visible in namespace `{own}`: add it to `visible=`",
                service.label()
            );
        }
        if let Some(service) = of_name.first() {
            return match &service.kind {
                Kind::Kubernetes { .. } => format!("it is in another namespace: call `{}`", service.label()),
                _ => format!("its host is `{}`: call that", service.host),
            };
        }
        let visible = || mesh.services.iter().filter(|service| service.is_visible_in(own));
        let names = visible().map(|service| service.name.as_str());
        match did_you_mean(label, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "the mesh has {}",
                list(visible().map(|service| service.name.as_str()))
            ),
        }
    }

    /// Nobody of the mesh answers: the workloads behind a name are dialled themselves.
    fn without_proxy(&self) -> (Hop, Option<Named<'a>>) {
        let mesh = self.asker.mesh;
        let host = &self.target.host;
        let found = service_of(mesh, host).or_else(|| {
            let (name, rest) = host.split_once('.').unwrap_or((host, ""));
            let rest = rest.split('.').next().unwrap_or_default();
            let namespace = if rest.is_empty() {
                self.caller.namespace()
            } else {
                Some(rest)
            };
            let mut all = mesh.services.iter().filter(|service| service.name == name);
            all.find(|service| namespace.is_none_or(|namespace| service.namespace == namespace))
        });
        match found {
            Some(service) => {
                let says = format!(
                    "{} is meant: its workloads are dialled themselves",
                    service.label()
                );
                let named = Named {
                    service: Some(service),
                    address: None,
                    is_virtual: false,
                };
                (Hop::new(Step::Name, says).at(service.span), Some(named))
            }
            None => (
                Hop::new(Step::Name, format!("nothing in the mesh is called {host}")).fault(
                    &code::NAME_UNKNOWN,
                    format!("`{host}` leads to nothing in the mesh"),
                    self.nearest_name(),
                ),
                None,
            ),
        }
    }
}
