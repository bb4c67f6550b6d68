use std::collections::BTreeSet;

use super::Purpose;
use super::draft::Draft;
use super::external::export_to;
use super::fields::{Fields, Unsaid};
use super::index::ROOT;
use super::tree::Tree;
use super::{full_host, metadata};
use crate::diag::Spanned;
use crate::manifest::Object;
use crate::syntax::{Datum, Scalar};

mod http;
mod matching;

/// A VirtualService for sidecars: the routes of a service.
pub(super) fn virtual_service(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    if is_way_to_istiod(object) && !tree.gateways.is_empty() {
        return Ok(());
    }
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status"]);
    metadata(&mut body)?;
    let Some(mut spec) = body.inner("spec")? else {
        return Err(Unsaid::new("it has no `spec`", object.span));
    };
    body.done()?;
    let namespace = object.namespace().to_owned();
    let gateways: Vec<_> = spec.items("gateways").iter().filter_map(Datum::text).collect();
    if let Some(other) = gateways.iter().find(|gateway| gateway.value != "mesh") {
        return Err(Unsaid::new(
            "routes of gateways have no word in the language",
            other.span,
        ));
    }
    let hosts: Vec<_> = spec.items("hosts").iter().filter_map(Datum::text).collect();
    let of_requests = object.at(&["spec", "tls"]).is_none() && object.at(&["spec", "tcp"]).is_none();
    let names = homes(tree, object, &hosts, of_requests)?;
    let visible = export_to(&mut spec, &namespace)?;
    let (http, tls, tcp) = (spec.items("http"), spec.items("tls"), spec.items("tcp"));
    spec.done()?;
    let mut all = Vec::new();
    for name in names {
        let home = Home {
            tree,
            namespace: &namespace,
            service: &name,
        };
        let mut routes = Vec::new();
        for route in http {
            routes.push(http::route(&home, route)?);
        }
        for (kind, list) in [("tls", tls), ("tcp", tcp)] {
            for route in list {
                routes.push(stream(&home, route, kind)?);
            }
        }
        all.push((name, routes));
    }
    for (name, _) in &all {
        let service = tree.service(&namespace, name);
        if service.as_ref().is_some_and(|service| service.visible != visible) {
            return Err(Unsaid::new(
                "`spec.exportTo` is another than the service's",
                object.span,
            ));
        }
        if service.is_some_and(|service| service.draft.has("route")) {
            return Err(Unsaid::new(
                "another VirtualService is about the same host",
                object.span,
            ));
        }
    }
    for (name, routes) in all {
        if let Some(service) = tree.service(&namespace, &name) {
            service.draft.extend(routes);
        }
    }
    Ok(())
}

/// The services that routes are for: of requests, that of every host, whose routes they are each; of connections, that of
/// the first, which says the names of the others itself.
fn homes(
    tree: &Tree,
    object: &Object,
    hosts: &[Spanned<String>],
    of_requests: bool,
) -> Result<BTreeSet<String>, Unsaid> {
    let namespace = object.namespace();
    let mut names = BTreeSet::new();
    for host in hosts {
        match tree.service_of(&full_host(&host.value, namespace)) {
            Some((place, _)) if place != namespace => {
                return Err(Unsaid::new(
                    "it is about a service of another namespace",
                    host.span,
                ));
            }
            Some((_, name)) => _ = names.insert(name.to_owned()),
            None if of_requests && tree.purpose == Purpose::Import => {
                let why = format!("its host `{}` is no service of the spec", host.value);
                return Err(Unsaid::new(why, host.span));
            }
            None => {}
        }
        if !of_requests && !names.is_empty() {
            break;
        }
    }
    if names.is_empty() {
        return Err(Unsaid::new("its host is no service of the spec", object.span));
    }
    Ok(names)
}

/// The spec writes it for every gateway between networks.
fn is_way_to_istiod(object: &Object) -> bool {
    let tls = object.items(&["spec", "tls"]);
    let leads = |route: &Datum| {
        let to = route.at(&["route"]).map_or(&[][..], Datum::items);
        to.iter().all(|to| {
            let host = to.at(&["destination", "host"]).and_then(Datum::text);
            host.is_some_and(|host| host.value.starts_with("istiod"))
        })
    };
    object.namespace() == ROOT
        && !tls.is_empty()
        && tls.iter().all(leads)
        && object.at(&["spec", "http"]).is_none()
}

/// Where routes stand.
pub(super) struct Home<'a> {
    tree: &'a Tree,
    namespace: &'a str,
    service: &'a str,
}

impl Home<'_> {
    /// Puts where it leads into `draft`: the subset, then the service and the port where they are not those that were
    /// called.
    fn destination(&self, mut draft: Draft, datum: &Datum) -> Result<Draft, Unsaid> {
        let mut to = Fields::of(datum, "destination")?;
        let Some(host) = to.text("host") else {
            return Err(Unsaid::new("a destination has no host", datum.span));
        };
        let full = full_host(&host.value, self.namespace);
        let Some((namespace, service)) = self.tree.service_of(&full) else {
            return Err(Unsaid::new(
                format!("`{}` is no service of the spec", host.value),
                host.span,
            ));
        };
        if let Some(subset) = to.text("subset") {
            let known = self
                .tree
                .namespaces
                .get(namespace)
                .and_then(|all| all.services.get(service));
            if !known.is_some_and(|known| known.subsets.contains_key(&subset.value)) {
                return Err(Unsaid::new(
                    format!("`{}` is no subset of the spec", subset.value),
                    subset.span,
                ));
            }
            draft = draft.word(&subset);
        }
        if (namespace, service) != (self.namespace, self.service) {
            let name = if namespace == self.namespace {
                service.to_owned()
            } else {
                format!("{namespace}/{service}")
            };
            draft.put("service", Scalar::Text(name), host.span);
        }
        if let Some(mut port) = to.inner("port")? {
            draft = draft.number("port", port.number("number")?.as_ref());
            port.done()?;
        }
        to.done()?;
        Ok(draft)
    }

    /// One of `route`, with its weight.
    fn to(&self, datum: &Datum, edits: bool) -> Result<Draft, Unsaid> {
        let mut fields = Fields::of(datum, "route")?;
        let Some(destination) = fields.take("destination") else {
            return Err(Unsaid::new("a route has no destination", datum.span));
        };
        let mut draft = self.destination(Draft::new("to", datum.span), destination)?;
        draft = draft.number("weight", fields.number("weight")?.as_ref());
        if let Some(headers) = fields.inner("headers")?.filter(|_| edits) {
            draft = http::edits(headers, draft)?;
        }
        fields.done()?;
        Ok(draft)
    }
}

/// The port that all matches are for; the language says it of the whole route.
fn one_port(ports: &[Option<Spanned<i128>>]) -> Result<Option<Spanned<i128>>, Unsaid> {
    let Some(first) = ports.first() else {
        return Ok(None);
    };
    let number = |port: &Option<Spanned<i128>>| port.as_ref().map(|port| port.value);
    match ports.iter().find(|port| number(port) != number(first)) {
        Some(other) => {
            let span = other
                .as_ref()
                .or(first.as_ref())
                .map(|port| port.span)
                .unwrap_or_default();
            Err(Unsaid::new("its matches are for different ports", span))
        }
        None => Ok(first.clone()),
    }
}

fn stream(home: &Home<'_>, datum: &Datum, kind: &'static str) -> Result<Draft, Unsaid> {
    let mut fields = Fields::of(datum, kind)?;
    let mut draft = Draft::new("route", datum.span);
    let mut ports = Vec::new();
    for matching in fields.items("match") {
        let mut matching = Fields::of(matching, "match")?;
        ports.push(matching.number("port")?);
        let own = Draft::new("match", matching.span())
            .list("sni", &matching.texts("sniHosts")?)
            .list("to", &matching.texts("destinationSubnets")?);
        matching.done()?;
        if !own.is_bare() {
            draft.push(own);
        }
    }
    draft = draft.number("port", one_port(&ports)?.as_ref());
    let to = fields.items("route");
    for one in to {
        draft.push(home.to(one, false)?);
    }
    fields.done()?;
    Ok(draft)
}
