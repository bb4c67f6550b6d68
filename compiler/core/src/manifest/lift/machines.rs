use std::collections::BTreeMap;

use super::draft::Draft;
use super::fields::{Fields, Unsaid};
use super::index::{Labels, has, labels};
use super::metadata;
use super::tree::{Group, Tree};
use crate::diag::{Span, Spanned};
use crate::manifest::Object;
use crate::syntax::{Datum, Scalar};

/// With this label, peers speak mutual TLS to a workload; machines with an account always have it.
const TLS_MODE: &str = "security.istio.io/tlsMode";

/// A WorkloadGroup.
pub(super) fn group(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status"]);
    metadata(&mut body)?;
    let Some(mut spec) = body.inner("spec")? else {
        return Err(Unsaid::new("it has no `spec`", object.span));
    };
    body.done()?;
    let mut draft = Draft::new("vms", object.span);
    let mut own = Labels::new();
    if let Some(mut about) = spec.inner("metadata")? {
        own = labels(about.take("labels"));
        for (key, value) in about.pairs("annotations") {
            if key.value == "proxy.istio.io/config" {
                return Err(Unsaid::new(
                    "settings of its proxies are written in another way",
                    key.span,
                ));
            }
            draft.push(Draft::new("annotation", key.span).word(&key).word(&value));
        }
        about.done()?;
    }
    let Some(mut template) = spec.inner("template")? else {
        return Err(Unsaid::new("it has no `spec.template`", object.span));
    };
    let account = template.text("serviceAccount");
    let network = template.text("network");
    let ports = ports(&mut template);
    draft = draft
        .text("locality", template.text("locality").as_ref())
        .number("weight", template.number("weight")?.as_ref());
    template.done()?;
    if let Some(probe) = spec.inner("probe")? {
        draft.push(health(probe)?);
    }
    spec.done()?;
    let network = network_of(tree, network, &mut draft, object.span)?;
    let place = tree.namespace(object.namespace(), object.span);
    place.groups.insert(
        object.name.value.clone(),
        Group {
            draft,
            account: account.map_or_else(|| "default".to_owned(), |account| account.value),
            network,
            labels: own,
            ports,
            vms: BTreeMap::new(),
            labels_of_vms: BTreeMap::new(),
            made: false,
            span: object.span,
        },
    );
    Ok(())
}

fn ports(fields: &mut Fields<'_>) -> BTreeMap<String, String> {
    let ports = fields.pairs("ports");
    ports
        .into_iter()
        .map(|(name, number)| (name.value, number.value))
        .collect()
}

/// The network of machines, where there is more than one.
fn network_of(
    tree: &mut Tree,
    network: Option<Spanned<String>>,
    draft: &mut Draft,
    span: Span,
) -> Result<String, Unsaid> {
    match (&tree.index.network, network) {
        (None, Some(network)) => Err(Unsaid::new(
            "no label of istio-system says which network the cluster's pods are on",
            network.span,
        )),
        (Some(_), None) => Err(Unsaid::new(
            "it is on a network without a name, and the cluster's has one",
            span,
        )),
        (None, None) => Ok(String::new()),
        (Some(_), Some(network)) => {
            draft.put("network", Scalar::Text(network.value.clone()), network.span);
            tree.networks.entry(network.value.clone()).or_insert(network.span);
            Ok(network.value)
        }
    }
}

fn health(mut probe: Fields<'_>) -> Result<Draft, Unsaid> {
    let mut draft = Draft::new("health", probe.span());
    if let Some(mut get) = probe.inner("httpGet")? {
        draft = draft
            .number("http", get.number("port")?.as_ref())
            .text("path", get.text("path").as_ref())
            .text("host", get.text("host").as_ref());
        if let Some(scheme) = get.text("scheme") {
            draft.put("scheme", Scalar::Text(scheme.value.to_lowercase()), scheme.span);
        }
        for header in get.items("httpHeaders") {
            let mut header = Fields::of(header, "httpHeaders")?;
            if let (Some(name), Some(value)) = (header.text("name"), header.text("value")) {
                draft.push(Draft::new("header", name.span).word(&name).word(&value));
            }
            header.done()?;
        }
        get.done()?;
    }
    if let Some(mut socket) = probe.inner("tcpSocket")? {
        draft = draft.number("tcp", socket.number("port")?.as_ref());
        socket.done()?;
    }
    if let Some(mut exec) = probe.inner("exec")? {
        let words: Vec<_> = exec.items("command").iter().filter_map(Datum::text).collect();
        draft.push(words.iter().fold(Draft::new("command", exec.span()), Draft::word));
        exec.done()?;
    }
    let seconds = [
        ("initialDelaySeconds", "delay"),
        ("periodSeconds", "every"),
        ("timeoutSeconds", "timeout"),
    ];
    for (key, word) in seconds {
        if let Some(number) = probe.number(key)? {
            draft.put(word, Scalar::Text(format!("{}s", number.value)), number.span);
        }
    }
    draft = draft
        .number("failures", probe.number("failureThreshold")?.as_ref())
        .number("successes", probe.number("successThreshold")?.as_ref());
    probe.done()?;
    Ok(draft)
}

/// A WorkloadEntry: a machine of the group that it is like.
pub(super) fn entry(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let registered = ["metadata", "annotations", "istio.io/autoRegistrationGroup"];
    if object.at(&registered).is_some() {
        return Err(Unsaid::new("the machine registered itself", object.span));
    }
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status"]);
    metadata(&mut body)?;
    let Some(mut spec) = body.inner("spec")? else {
        return Err(Unsaid::new("it has no `spec`", object.span));
    };
    body.done()?;
    let Some(address) = spec.text("address") else {
        return Err(Unsaid::new("it has no `spec.address`", object.span));
    };
    if address.value.parse::<std::net::IpAddr>().is_err() {
        return Err(Unsaid::new(
            "machines of the language have an address, not a name",
            address.span,
        ));
    }
    let Some(account) = spec.text("serviceAccount") else {
        return Err(Unsaid::new(
            "it has no `spec.serviceAccount`, without which nobody speaks mutual TLS to it",
            object.span,
        ));
    };
    let network = spec.text("network");
    let own = labels(spec.take("labels"));
    let ports = ports(&mut spec);
    let draft = Draft::new("vm", object.span)
        .word(&object.name)
        .text("address", Some(&address))
        .text("locality", spec.text("locality").as_ref())
        .number("weight", spec.number("weight")?.as_ref());
    spec.done()?;
    let mut own: Labels = own;
    if own.get(TLS_MODE).is_some_and(|mode| mode == "istio") {
        own.remove(TLS_MODE);
    }
    let alike = |group: &Group| {
        group.account == account.value
            && group.network == network.as_ref().map_or("", |network| network.value.as_str())
            && (group.ports == ports || group.made && ports.is_empty())
            && (group.labels.is_empty() || has(&own, &group.labels))
    };
    let groups = tree.namespaces.get(object.namespace()).map(|place| &place.groups);
    // Of several, the one that says most.
    let found = groups.and_then(|groups| {
        let alike = groups.iter().filter(|(_, group)| alike(group));
        alike
            .max_by_key(|(_, group)| group.labels.len())
            .map(|(name, _)| name.clone())
    });
    let name = match found {
        Some(name) => name,
        None => make_group(tree, object, &account, network, &own, ports)?,
    };
    let place = tree.namespace(object.namespace(), object.span);
    let Some(group) = place.groups.get_mut(&name) else {
        return Ok(());
    };
    let beyond: Vec<_> = own
        .iter()
        .filter(|(key, value)| group.labels.get(*key) != Some(value))
        .collect();
    let mut draft = draft;
    if !beyond.is_empty() {
        let mut label = Draft::new("label", object.span);
        for (key, value) in beyond {
            label.put(key, Scalar::Text(value.clone()), object.span);
        }
        draft.push(label);
    }
    group.vms.insert(object.name.value.clone(), draft);
    group.labels_of_vms.insert(object.name.value.clone(), own);
    Ok(())
}

/// Machines without a WorkloadGroup are put into one that is like them; the spec writes it.
fn make_group(
    tree: &mut Tree,
    object: &Object,
    account: &Spanned<String>,
    network: Option<Spanned<String>>,
    own: &Labels,
    ports: BTreeMap<String, String>,
) -> Result<String, Unsaid> {
    let mut draft = Draft::new("vms", object.span);
    let network = network_of(tree, network, &mut draft, object.span)?;
    let place = tree.namespace(object.namespace(), object.span);
    let services = place.selectors.asking(own);
    let base = services
        .first()
        .map_or_else(|| account.value.clone(), |name| (*name).to_owned());
    let mut name = base.clone();
    let mut number = 1;
    while place.groups.contains_key(&name) {
        number += 1;
        name = format!("{base}-{number}");
    }
    let group = Group {
        draft,
        account: account.value.clone(),
        network,
        labels: own.clone(),
        ports,
        vms: BTreeMap::new(),
        labels_of_vms: BTreeMap::new(),
        made: true,
        span: object.span,
    };
    place.groups.insert(name.clone(), group);
    tree.note(format!(
        "there is no WorkloadGroup for the machine {}: the spec writes {name}",
        object.name.value
    ));
    Ok(name)
}
