use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::fields::{Fields, Unsaid};
use super::index::{Labels, labels};
use super::service::{self, Drawn, ENTRY};
use super::tree::{Port, Service, Tree};
use super::{is_word, metadata};
use crate::diag::{Span, Spanned};
use crate::emit::istio::NOBODY;
use crate::manifest::Object;
use crate::syntax::{Datum, Scalar};

/// A ServiceEntry: an external service, or one of the mesh under a name of its own. Istio makes a service of each of its
/// hosts (Istio `serviceentry/conversion.go`), and so does the language.
pub(super) fn entry(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let hosts: Vec<_> = object
        .items(&["spec", "hosts"])
        .iter()
        .filter_map(Datum::text)
        .collect();
    let Some((first, others)) = hosts.split_first() else {
        return Err(Unsaid::new("it has no hosts", object.span));
    };
    let own = &object.name.value;
    let numbered = others
        .iter()
        .zip(2..)
        .map(|(host, number)| (host, format!("{own}-{number}")));
    let named: Vec<_> = numbered.collect();
    let there = tree.namespaces.get(object.namespace());
    if let Some((host, _)) = named
        .iter()
        .find(|(_, name)| there.is_some_and(|there| there.services.contains_key(name)))
    {
        return Err(Unsaid::new(
            "another service would have the name of this host's",
            host.span,
        ));
    }
    said(tree, object, first, own)?;
    for (host, name) in named {
        said(tree, object, host, &name)?;
    }
    Ok(())
}

/// The service of one host.
fn said(tree: &mut Tree, object: &Object, host: &Spanned<String>, name: &str) -> Result<(), Unsaid> {
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status"]);
    metadata(&mut body)?;
    let Some(mut spec) = body.inner("spec")? else {
        return Err(Unsaid::new("it has no `spec`", object.span));
    };
    body.done()?;
    spec.skip(&["hosts"]);
    if !is_word(&object.name.value) {
        return Err(Unsaid::new(
            "its name is no name of the language",
            object.name.span,
        ));
    }
    let visible = export_to(&mut spec, object.namespace())?;
    let location = spec
        .text("location")
        .map_or_else(|| "MESH_EXTERNAL".to_owned(), |text| text.value);
    let ports = service::ports(tree.purpose, spec.items("ports"), &ENTRY)?;
    let mut addresses: Vec<_> = spec.items("addresses").iter().filter_map(Datum::text).collect();
    if addresses.is_empty() {
        // Those that istiod chose for this host.
        let own = |one: &&Datum| one.field_text("host").is_none_or(|of| of.value == host.value);
        let given = object.items(&["status", "addresses"]).iter().filter(own);
        addresses.extend(given.filter_map(|one| one.field_text("value")));
    }
    if let Some(range) = addresses
        .iter()
        .find(|address| address.value.parse::<std::net::IpAddr>().is_err())
    {
        return Err(Unsaid::new(
            "the language has addresses here, and no ranges",
            range.span,
        ));
    }
    let addresses: Vec<_> = addresses
        .iter()
        .map(|address| Draft::new("address", address.span).word(address))
        .collect();
    let selector = spec.inner("workloadSelector")?;
    let resolution = spec.text("resolution");
    let name = Spanned {
        value: name.to_owned(),
        span: object.name.span,
    };
    if location == "MESH_INTERNAL" {
        let Some(mut selector) = selector else {
            return Err(Unsaid::new(
                "the language has no service of the mesh whose workloads are not selected",
                object.span,
            ));
        };
        let (selected, span) = (labels(selector.take("labels")), selector.span());
        selector.done()?;
        if let Some(other) = resolution.filter(|resolution| resolution.value != "STATIC") {
            return Err(Unsaid::new(
                format!("`resolution: {}` has no word here", other.value),
                other.span,
            ));
        }
        spec.done()?;
        let draft = Draft::new("service", object.span)
            .word(&name)
            .text("host", Some(host))
            .children(addresses);
        let drawn = Drawn {
            draft,
            ports,
            selector: selected,
            selected: span,
            host: host.value.to_lowercase(),
            visible,
        };
        return service::add(tree, object, &name.value, drawn);
    }
    if selector.is_some() {
        return Err(Unsaid::new(
            "external services of the language select no workloads",
            object.span,
        ));
    }
    let endpoints = endpoints(&mut spec, &ports)?;
    let draft = Draft::new("external", object.span)
        .word(&name)
        .text("host", Some(host))
        .list("sans", &spec.texts("subjectAltNames")?)
        .children(addresses);
    spec.done()?;
    let draft = with_resolution(draft, host, resolution, &endpoints);
    let draft = with_visibility(draft, &visible, object.namespace(), object.span);
    let service = Service {
        draft: draft.children(endpoints),
        host: host.value.to_lowercase(),
        external: true,
        selector: Labels::new(),
        account: String::new(),
        account_said: None,
        ports,
        subsets: BTreeMap::new(),
        pods: None,
        visible,
    };
    add(tree, object, name, service)
}

fn add(tree: &mut Tree, object: &Object, name: Spanned<String>, service: Service) -> Result<(), Unsaid> {
    tree.knows(&service.visible, object.span);
    let services = &mut tree.namespace(object.namespace(), object.span).services;
    if services.contains_key(&name.value) {
        return Err(Unsaid::new(
            "another service of the namespace has its name",
            name.span,
        ));
    }
    services.insert(name.value, service);
    Ok(())
}

/// `exportTo` as names of namespaces; nothing is all of them.
pub(super) fn export_to(spec: &mut Fields<'_>, own: &str) -> Result<BTreeSet<String>, Unsaid> {
    those(spec.texts("exportTo")?, own)
}

/// The same of a list, however it is written.
pub(super) fn those(named: Vec<Spanned<String>>, own: &str) -> Result<BTreeSet<String>, Unsaid> {
    if named.iter().any(|name| name.value == "*") {
        return Ok(BTreeSet::new());
    }
    if named.iter().any(|name| name.value == NOBODY) {
        return Ok(BTreeSet::from([NOBODY.to_owned()]));
    }
    let name = |name: Spanned<String>| {
        if name.value == "." {
            own.to_owned()
        } else {
            name.value
        }
    };
    Ok(named.into_iter().map(name).collect())
}

pub(super) fn with_visibility(mut draft: Draft, visible: &BTreeSet<String>, own: &str, span: Span) -> Draft {
    let all: Vec<&str> = visible.iter().map(String::as_str).collect();
    let word = match all.as_slice() {
        [] => return draft,
        [NOBODY] => "nobody".to_owned(),
        [one] if *one == own => "namespace".to_owned(),
        several => several.join(","),
    };
    draft.put("visible", Scalar::Text(word), span);
    draft
}

/// Only what the language would not take by itself.
fn with_resolution(
    draft: Draft,
    host: &Spanned<String>,
    said: Option<Spanned<String>>,
    endpoints: &[Draft],
) -> Draft {
    let word = match said.as_ref().map(|said| said.value.as_str()) {
        Some("STATIC") => "static",
        Some("DNS") => "dns",
        Some("DNS_ROUND_ROBIN") => "dns-round-robin",
        _ => "none",
    };
    let usual = if endpoints.is_empty() {
        if host.value.starts_with('*') {
            "none"
        } else {
            "dns"
        }
    } else if endpoints.iter().all(Draft::is_at_an_address) {
        "static"
    } else {
        "dns"
    };
    if word == usual {
        return draft;
    }
    let span = said.map_or(host.span, |said| said.span);
    draft.prop("resolution", Scalar::Text(word.to_owned()), span)
}

fn endpoints(spec: &mut Fields<'_>, ports: &[Port]) -> Result<Vec<Draft>, Unsaid> {
    let mut found = Vec::new();
    for endpoint in spec.items("endpoints") {
        let mut fields = Fields::of(endpoint, "spec.endpoints")?;
        let Some(address) = fields.text("address") else {
            return Err(Unsaid::new("an endpoint has no address", endpoint.span));
        };
        let mut draft = Draft::new("endpoint", endpoint.span)
            .word(&address)
            .text("locality", fields.text("locality").as_ref())
            .number("weight", fields.number("weight")?.as_ref());
        let labels = fields.pairs("labels");
        if !labels.is_empty() {
            draft.push(Draft::new("label", endpoint.span).labels(&labels));
        }
        for (name, target) in fields.pairs("ports") {
            let Some(port) = ports.iter().find(|port| port.name == name.value) else {
                return Err(Unsaid::new(
                    format!("there is no port `{}`", name.value),
                    name.span,
                ));
            };
            let Ok(number) = target.value.parse() else {
                return Err(Unsaid::new("it is no number of a port", target.span));
            };
            let own = Draft::new("port", name.span).arg(Scalar::Integer(port.number), name.span);
            draft.push(own.prop("target", Scalar::Integer(number), target.span));
        }
        fields.done()?;
        found.push(draft);
    }
    Ok(found)
}
