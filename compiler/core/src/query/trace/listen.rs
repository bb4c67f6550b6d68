//! What the caller's proxy makes of the connection, and where it sends it.

use std::net::IpAddr;

use mesh_wire::Snapshot;
use mesh_wire::listener::{OutboundListener, OutboundProtocol};
use mesh_wire::route::{
    Forward, HeaderEdits, PathMatch, PathRewrite, Route, RouteAction, RouteTable, WeightedCluster,
};

use super::dial::Dialled;
use super::{Ended, Hop, Outcome, Step, Walk};
use crate::diag::{Span, code};
use crate::emit::snapshot::Viewer;
use crate::query::place;
use crate::query::wire::{listener, route};
use crate::query::{Request, Scheme};

/// Where connections go on that no listener takes.
const PASSTHROUGH: &str = "PassthroughCluster";

impl<'a> Walk<'_, 'a> {
    /// The hops from the listener on.
    pub(super) fn listen(&mut self, dialled: &Dialled<'a>, hops: &mut Vec<Hop>) -> Ended {
        let Some(told) = self.told.clone() else {
            return Ended::Here(Outcome::Broken);
        };
        let Some(found) = listener::outbound(&told.snapshot, dialled.address, dialled.port) else {
            return self.unlistened(dialled, &told.snapshot, hops);
        };
        let spoken = self.spoken(dialled);
        let hop = Hop::new(Step::Listener, listener_says(found))
            .at(port_place(dialled))
            .fact("name", found.name.as_str());
        match &found.protocol {
            OutboundProtocol::Http { routes, otherwise } => {
                if spoken == Scheme::Http {
                    hops.push(hop);
                    let table = told.snapshot.routes.get(routes);
                    return self.route(dialled, table, hops);
                }
                let hop = hop.note(format!(
                    "what is sent is no HTTP, so that it goes to {otherwise} as it is"
                ));
                hops.push(hop);
                self.shares(dialled, &[one(otherwise)])
            }
            OutboundProtocol::Tcp { clusters, routes } => {
                hops.push(hop);
                let routed = dialled
                    .address
                    .and_then(|address| listener::by_address(routes, address));
                let clusters = routed.map_or(clusters, |route| &route.clusters);
                self.stream_route(dialled, clusters, "all connections to this address", hops);
                self.shares(dialled, clusters)
            }
            OutboundProtocol::Tls { routes, otherwise } => {
                hops.push(hop);
                let sni = Some(self.target.host.as_str()).filter(|_| spoken == Scheme::Tls);
                let found = sni.and_then(|sni| listener::by_sni(routes, sni, dialled.address));
                match (found, sni) {
                    (Some(route), Some(sni)) => {
                        self.stream_route(dialled, &route.clusters, &format!("TLS for {sni}"), hops);
                        self.shares(dialled, &route.clusters)
                    }
                    (_, sni) => {
                        let why = match sni {
                            Some(sni) => format!("no route is for TLS with the name {sni}"),
                            None => "what is sent is no TLS, so that no name tells where it goes".to_owned(),
                        };
                        hops.push(Hop::new(Step::Route, why));
                        self.shares(dialled, &[one(otherwise)])
                    }
                }
            }
        }
    }

    /// What the client speaks, where it does not say so itself: what the port is declared for.
    fn spoken(&self, dialled: &Dialled<'_>) -> Scheme {
        if self.target.scheme != Scheme::AsDeclared {
            return self.target.scheme;
        }
        let ports = dialled.service.into_iter().flat_map(|service| &service.ports);
        let mut ports = ports.filter(|port| port.number == dialled.port);
        match ports.next() {
            Some(port) if port.protocol.is_http() => Scheme::Http,
            Some(port) if port.protocol.is_tls() => Scheme::Tls,
            Some(_) => Scheme::Tcp,
            None if dialled.service.is_none() && dialled.address.is_none() => Scheme::Http,
            None => Scheme::Tcp,
        }
    }

    fn unlistened(&mut self, dialled: &Dialled<'a>, snapshot: &Snapshot, hops: &mut Vec<Hop>) -> Ended {
        let default = snapshot.outbound_default.as_deref().unwrap_or_default();
        let says = format!("no listener takes {}", self.destination(dialled));
        hops.push(Hop::new(Step::Listener, says));
        self.shares(dialled, &[one(default)])
    }

    /// What is dialled, for people.
    pub(super) fn destination(&self, dialled: &Dialled<'_>) -> String {
        match dialled.address {
            Some(IpAddr::V6(address)) => format!("[{address}]:{}", dialled.port),
            Some(address) => format!("{address}:{}", dialled.port),
            None => format!("{}:{}", self.target.host, dialled.port),
        }
    }

    fn stream_route(
        &self,
        dialled: &Dialled<'_>,
        clusters: &[WeightedCluster],
        takes: &str,
        hops: &mut Vec<Hop>,
    ) {
        let names: Vec<_> = clusters.iter().map(|share| share.cluster.as_str()).collect();
        let place = dialled
            .service
            .and_then(|service| place::of_stream(service, dialled.port, &names));
        let says = format!("{takes}: {}", shares_say(clusters));
        hops.push(Hop::new(Step::Route, says).at(place));
    }

    /// The hop of a request's route, and what lies behind it.
    fn route(&mut self, dialled: &Dialled<'a>, table: Option<&RouteTable>, hops: &mut Vec<Hop>) -> Ended {
        let choice = table.and_then(|table| route::choose(table, &self.request));
        let Some(choice) = choice else {
            hops.push(
                Hop::new(
                    Step::Route,
                    format!("no host is called {}", self.request.authority),
                )
                .fault(
                    &code::ROUTE_GAP,
                    "the proxy answers 404: no virtual host serves the name",
                    "call the service by its own name",
                ),
            );
            return Ended::Here(Outcome::Broken);
        };
        let places = self.route_places(&choice.host.name);
        let Some((index, chosen)) = choice.route else {
            let mut hop = Hop::new(
                Step::Route,
                format!(
                    "none of the {} routes of {} takes the request",
                    choice.missed.len(),
                    choice.host.name
                ),
            )
            .fact("host", choice.host.name.as_str());
            add_missed(&mut hop, &choice, &places);
            hops.push(hop.fault(
                &code::ROUTE_GAP,
                "the proxy answers 404: no route takes the request",
                "add a `route` without `match` behind the others, which takes the rest",
            ));
            return Ended::Here(Outcome::Broken);
        };
        let name = chosen.name.as_deref().unwrap_or("without a name");
        let host = &choice.host.name;
        let says = match &chosen.action {
            RouteAction::Forward(forward) => {
                format!("route {name} of {host}: {}", shares_say(&forward.clusters))
            }
            RouteAction::Redirect(redirect) => {
                format!("route {name} of {host}: redirected with {}", redirect.status)
            }
            RouteAction::Respond(respond) => {
                format!("route {name} of {host}: answered with {}", respond.status)
            }
        };
        let mut hop = Hop::new(Step::Route, says)
            .at(places.get(index).copied().or_else(|| port_place(dialled)))
            .fact("host", host.as_str())
            .fact("route", name)
            .fact("index", index);
        add_missed(&mut hop, &choice, &places);
        add_extras(&mut hop, chosen);
        if let Some(status) = aborted(chosen) {
            hops.push(hop.note("a fault is injected into every request"));
            return Ended::Here(Outcome::Answered(status));
        }
        match &chosen.action {
            RouteAction::Forward(forward) => {
                hops.push(hop);
                self.request = rewritten(&self.request, chosen, forward);
                let clusters = forward.clusters.clone();
                self.shares(dialled, &clusters)
            }
            RouteAction::Redirect(redirect) => {
                hops.push(hop);
                Ended::Here(Outcome::Answered(redirect.status))
            }
            RouteAction::Respond(respond) if choice.host.name == "block_all" => {
                hops.push(hop.fault(
                    &code::DESTINATION_CLOSED,
                    format!(
                        "the proxy answers {}: the mesh does not know {}",
                        respond.status, self.target.host
                    ),
                    "declare it as `external`, or write `outbound allow-any`",
                ));
                Ended::Here(Outcome::Broken)
            }
            RouteAction::Respond(respond) => {
                hops.push(hop);
                Ended::Here(Outcome::Answered(respond.status))
            }
        }
    }

    /// The places of the routes of a virtual host as the caller sees them.
    fn route_places(&self, virtual_host: &str) -> Vec<Span> {
        let mesh = self.asker.mesh;
        let viewer = self.workload.as_ref().and_then(|own| Viewer::of(mesh, own).ok());
        viewer.map_or_else(Vec::new, |viewer| place::of_routes(mesh, &viewer, virtual_host))
    }
}

fn listener_says(found: &OutboundListener) -> String {
    let name = &found.name;
    match &found.protocol {
        OutboundProtocol::Http { .. } => format!("{name}: HTTP, by the host of the request"),
        OutboundProtocol::Tcp { .. } => format!("{name}: bytes, by the address that is dialled"),
        OutboundProtocol::Tls { .. } => {
            format!("{name}: TLS of the application, by the name that it asks for")
        }
    }
}

fn port_place(dialled: &Dialled<'_>) -> Option<Span> {
    let mut ports = dialled.service?.ports.iter();
    ports
        .find(|port| port.number == dialled.port)
        .map(|port| port.span)
}

/// `v1.forum.shop 90%, v2.forum.shop 10%`.
fn shares_say(clusters: &[WeightedCluster]) -> String {
    let sum: u64 = clusters.iter().map(|share| u64::from(share.weight)).sum();
    let one = |share: &WeightedCluster| match (clusters.len(), sum) {
        (1, _) | (_, 0) => target(&share.cluster),
        _ => format!(
            "{} {}%",
            target(&share.cluster),
            percent(share.weight.into(), sum)
        ),
    };
    let all: Vec<_> = clusters.iter().map(one).collect();
    format!("to {}", all.join(", "))
}

/// A part of a whole in percent, with one digit behind the point where it has one.
pub(in crate::query) fn percent(part: u64, whole: u64) -> String {
    let tenths = (part * 1000 + whole / 2) / whole.max(1);
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}.{rest}", tenths / 10),
    }
}

/// A cluster's name for people: `HOST:PORT`, with its subset.
pub(in crate::query) fn target(cluster: &str) -> String {
    match place::parts_of(cluster) {
        Some((port, "", host)) => format!("{host}:{port}"),
        Some((port, subset, host)) => format!("{host}:{port} subset {subset}"),
        None if cluster == PASSTHROUGH => "where it was dialled to".to_owned(),
        None => cluster.to_owned(),
    }
}

fn add_missed(hop: &mut Hop, choice: &route::Choice<'_>, places: &[Span]) {
    for (index, why) in choice.missed.iter().enumerate() {
        let name = choice.host.routes[index].name.as_deref();
        let name = name.map_or_else(|| format!("route {}", index + 1), |name| format!("route {name}"));
        hop.add_note(format!("not {name}: {why}"), places.get(index).copied());
    }
}

/// What else a route does.
fn add_extras(hop: &mut Hop, chosen: &Route) {
    if let RouteAction::Forward(forward) = &chosen.action {
        if forward.timeout.0 > 0 {
            hop.add_note(format!("at most {} ms for all tries", forward.timeout.0), None);
        }
        if let Some(host) = &forward.host_rewrite {
            hop.add_note(format!("the host becomes {host}"), None);
        }
        if forward.path_rewrite.is_some() {
            hop.add_note("the path is rewritten", None);
        }
        for mirror in &forward.mirrors {
            let share = percent(mirror.share.0.into(), 1_000_000);
            hop.add_note(
                format!("copies of {share}% go to {}", target(&mirror.cluster)),
                None,
            );
        }
    }
    if let Some(fault) = &chosen.fault {
        if let Some(delay) = &fault.delay {
            let share = percent(delay.share.0.into(), 1_000_000);
            hop.add_note(
                format!("{share}% are delayed by {} ms on purpose", delay.delay.0),
                None,
            );
        }
        if let Some(abort) = &fault.abort {
            let share = percent(abort.share.0.into(), 1_000_000);
            hop.add_note(format!("{share}% fail on purpose"), None);
        }
    }
}

/// The status that every request is answered with on purpose.
fn aborted(chosen: &Route) -> Option<u16> {
    let abort = chosen.fault.as_ref()?.abort.as_ref()?;
    (abort.share.0 >= 1_000_000).then(|| abort.status.unwrap_or(200))
}

/// The request as the workload sees it.
fn rewritten(request: &Request, chosen: &Route, forward: &Forward) -> Request {
    let mut request = request.clone();
    if let Some(host) = &forward.host_rewrite {
        request.authority.clone_from(host);
    }
    let matched = match &chosen.matches.path {
        PathMatch::Prefix(text) | PathMatch::PathPrefix(text) | PathMatch::Exact(text) => text.len(),
        PathMatch::Regex(_) => 0,
    };
    match &forward.path_rewrite {
        None => {}
        Some(PathRewrite::Full(path)) => request.path.clone_from(path),
        Some(PathRewrite::Prefix(by)) => {
            request.path = format!("{by}{}", request.path.get(matched..).unwrap_or_default());
        }
        Some(PathRewrite::Regex {
            pattern,
            substitution,
        }) => {
            if let Ok(pattern) = regex::Regex::new(pattern) {
                let by = groups(substitution);
                request.path = pattern.replace_all(&request.path, by.as_str()).into_owned();
            }
        }
    }
    edit(&mut request, &chosen.request_headers);
    request
}

/// RE2's `\1` as the `regex` crate's `${1}`.
fn groups(substitution: &str) -> String {
    let mut out = String::new();
    let mut chars = substitution.chars();
    while let Some(char) = chars.next() {
        match (char, chars.clone().next()) {
            ('$', _) => out.push_str("$$"),
            ('\\', Some(next)) => {
                chars.next();
                if next.is_ascii_digit() {
                    out.push_str(&format!("${{{next}}}"));
                } else {
                    out.push(next);
                }
            }
            ('\\', None) => {}
            (other, _) => out.push(other),
        }
    }
    out
}

fn edit(request: &mut Request, edits: &HeaderEdits) {
    let gone = |name: &str| {
        edits
            .remove
            .iter()
            .chain(edits.set.keys())
            .any(|own| own.eq_ignore_ascii_case(name))
    };
    request.headers.retain(|(name, _)| !gone(name));
    let more = edits.set.iter().chain(&edits.add);
    request
        .headers
        .extend(more.map(|(name, value)| (name.clone(), value.clone())));
}

fn one(cluster: &str) -> WeightedCluster {
    WeightedCluster {
        cluster: cluster.to_owned(),
        weight: 1,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    }
}
