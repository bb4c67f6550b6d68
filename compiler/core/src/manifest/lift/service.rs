use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::external::{those, with_visibility};
use super::fields::{Fields, Unsaid};
use super::index::{Labels, ROOT, labels};
use super::tree::{Port, Service, Tree};
use super::{Purpose, metadata_but};
use crate::diag::{Span, Spanned};
use crate::emit::kubernetes::EXPORT_TO;
use crate::manifest::Object;
use crate::manifest::{PROTOCOLS, istio_protocol};
use crate::syntax::{Datum, Scalar};

/// A Service of Kubernetes.
pub(super) fn service(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let namespace = object.namespace();
    let name = &object.name;
    if namespace == ROOT {
        return Err(Unsaid::new("it belongs to Istio's own installation", object.span));
    }
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status"]);
    metadata_but(&mut body, &[EXPORT_TO])?;
    let Some(mut spec) = body.inner("spec")? else {
        return Err(Unsaid::new("it has no `spec`", object.span));
    };
    body.done()?;
    let mut draft = Draft::new("service", object.span).word(name);
    with_default(&mut spec, "type", "ClusterIP")?;
    with_default(&mut spec, "sessionAffinity", "None")?;
    with_default(&mut spec, "internalTrafficPolicy", "Cluster")?;
    with_default(&mut spec, "ipFamilyPolicy", "SingleStack")?;
    spec.skip(&["ipFamilies"]);
    let addresses = spec.items("clusterIPs");
    if let Some(second) = addresses.get(1) {
        return Err(Unsaid::new("it has addresses of both families", second.span));
    }
    match spec.text("clusterIP") {
        Some(ip) if ip.value == "None" => draft.put("headless", Scalar::Bool(true), ip.span),
        ip => draft = draft.text("cluster-ip", ip.as_ref()),
    }
    let Some(selector) = spec.take("selector") else {
        return Err(Unsaid::new("it selects no workloads", object.span));
    };
    let ports = ports(tree.purpose, spec.items("ports"), &KUBERNETES)?;
    spec.done()?;
    let host = format!("{}.{namespace}.svc.cluster.local", name.value);
    add(
        tree,
        object,
        &name.value,
        Drawn {
            draft,
            ports,
            selector: labels(Some(selector)),
            selected: selector.span,
            host,
            visible: known_by(object)?,
        },
    )
}

fn known_by(object: &Object) -> Result<BTreeSet<String>, Unsaid> {
    let Some(said) = object.text(&["metadata", "annotations", EXPORT_TO]) else {
        return Ok(BTreeSet::new());
    };
    let names = said.value.split(',').map(|name| Spanned {
        value: name.trim().to_owned(),
        span: said.span,
    });
    those(names.collect(), object.namespace())
}

/// What was read of a service.
pub(super) struct Drawn {
    pub(super) draft: Draft,
    pub(super) ports: Vec<Port>,
    pub(super) selector: Labels,
    pub(super) selected: Span,
    pub(super) host: String,
    pub(super) visible: BTreeSet<String>,
}

/// Puts a service of the mesh into its namespace.
pub(super) fn add(tree: &mut Tree, object: &Object, name: &str, drawn: Drawn) -> Result<(), Unsaid> {
    let (namespace, name) = (object.namespace().to_owned(), name.to_owned());
    let Drawn {
        draft,
        ports,
        selector,
        selected,
        host,
        visible,
    } = drawn;
    // Gateways know the mesh's services, and the spec says so by itself.
    let visible: BTreeSet<_> = visible.into_iter().filter(|name| name != ROOT).collect();
    let mut draft = with_visibility(draft, &visible, &namespace, object.span);
    tree.knows(&visible, object.span);
    let usual = Labels::from([("app".to_owned(), name.clone())]);
    if selector != usual {
        let mut labels = Draft::new("selector", selected);
        for (key, value) in &selector {
            labels.put(key, Scalar::Text(value.clone()), selected);
        }
        draft.push(labels);
    }
    let account = match tree.index.account_of(&namespace, &selector) {
        Some(accounts) if accounts.len() > 1 => {
            let all: Vec<_> = accounts.into_iter().collect();
            let why = format!("its workloads run as several accounts: {}", all.join(", "));
            return Err(Unsaid::new(why, selected));
        }
        Some(accounts) => accounts.into_iter().next().unwrap_or("default").to_owned(),
        None if tree.index.has_account(&namespace, &name) => name.clone(),
        None => {
            tree.note(format!(
                "no object says as which account the pods of {name}.{namespace} run: `default` is taken"
            ));
            "default".to_owned()
        }
    };
    let pods = tree.index.places_of(&namespace, &selector);
    let place = tree.namespace(&namespace, object.span);
    if place.services.contains_key(&name) {
        return Err(Unsaid::new(
            "another service of the namespace has its name",
            object.name.span,
        ));
    }
    let service = Service {
        draft,
        host,
        external: false,
        selector,
        account,
        account_said: Some(object.span),
        ports,
        subsets: BTreeMap::new(),
        pods,
        visible,
    };
    place.selectors.add(&name, &service.selector);
    place.services.insert(name, service);
    Ok(())
}

/// What is there is what holds anyway.
fn with_default(spec: &mut Fields<'_>, key: &str, default: &str) -> Result<(), Unsaid> {
    match spec.text(key) {
        Some(text) if text.value != default => {
            let why = format!("`{}: {}` has no word in the language", spec.at(key), text.value);
            Err(Unsaid::new(why, text.span))
        }
        _ => Ok(()),
    }
}

/// How ports are written in a kind of object.
pub(super) struct Spelling {
    number: &'static str,
    protocol: fn(&mut Fields<'_>, &str, i128) -> Spanned<String>,
}

pub(super) const KUBERNETES: Spelling = Spelling {
    number: "port",
    protocol: |port, name, number| {
        let transport = port.text("protocol");
        let app = port.text("appProtocol");
        let spoken = istio_protocol(
            transport.as_ref().map(|text| text.value.as_str()),
            app.as_ref().map(|text| text.value.as_str()),
            name,
            number,
        );
        let span = app.or(transport).map_or(port.span(), |text| text.span);
        Spanned { value: spoken, span }
    },
};

pub(super) const ENTRY: Spelling = Spelling {
    number: "number",
    // Whatever its name is (Istio `serviceentry/conversion.go`).
    protocol: |port, _, _| {
        let said = port.text("protocol");
        Spanned {
            span: said.as_ref().map_or(port.span(), |said| said.span),
            value: said.map_or_else(|| "auto".to_owned(), |said| said.value.to_ascii_lowercase()),
        }
    },
};

/// The ports of a service.
pub(super) fn ports(purpose: Purpose, list: &[Datum], spelling: &Spelling) -> Result<Vec<Port>, Unsaid> {
    let mut found: Vec<Port> = Vec::new();
    let mut names = Vec::new();
    for port in list {
        let mut fields = Fields::of(port, "ports")?;
        let name = fields.text("name");
        let plain = name.as_ref().map_or("", |name| name.value.as_str());
        let Some(number) = fields.number(spelling.number)? else {
            return Err(Unsaid::new("a port has no number", port.span));
        };
        let mut protocol = (spelling.protocol)(&mut fields, plain, number.value);
        let target = fields
            .text("targetPort")
            .filter(|target| target.value != number.value.to_string());
        fields.skip(&["nodePort"]);
        fields.done()?;
        if protocol.value == "auto" {
            if purpose == Purpose::Import {
                let why = "what is spoken on a port is not said, neither by its protocol nor by its name: Istio looks at the first bytes, and the language has no word for that";
                return Err(Unsaid::new(why, port.span));
            }
            "http".clone_into(&mut protocol.value);
        }
        if !PROTOCOLS.contains(&protocol.value.as_str()) {
            return Err(Unsaid::new(
                format!("the language has no protocol {}", protocol.value),
                protocol.span,
            ));
        }
        let draft = Draft::new("port", port.span)
            .arg(Scalar::Integer(number.value), number.span)
            .word(&protocol);
        let draft = match target {
            Some(target) => {
                let value = target
                    .value
                    .parse()
                    .map_or(Scalar::Text(target.value), Scalar::Integer);
                draft.prop("target", value, target.span)
            }
            None => draft,
        };
        found.push(Port {
            number: number.value,
            name: plain.to_owned(),
            protocol: protocol.value,
            draft,
        });
        names.push(name);
    }
    if found.is_empty() {
        return Err(Unsaid::new(
            "it has no ports",
            list.first().map_or_else(Span::default, |port| port.span),
        ));
    }
    // The name that the language gives a port by itself is not written.
    for at in 0..found.len() {
        let usual = usual_name(&found[at].protocol).to_owned();
        let alike = found
            .iter()
            .filter(|port| usual_name(&port.protocol) == usual)
            .count();
        match &names[at] {
            Some(name) if name.value != usual || alike > 1 => {
                let port = &mut found[at];
                port.draft
                    .put("name", Scalar::Text(name.value.clone()), name.span);
            }
            _ => {}
        }
        if found[at].name.is_empty() {
            found[at].name = usual;
        }
    }
    Ok(found)
}

fn usual_name(protocol: &str) -> &str {
    match protocol {
        "mysql" => "tcp-mysql",
        "redis" => "tcp-redis",
        "mongo" => "tcp-mongo",
        other => other,
    }
}
