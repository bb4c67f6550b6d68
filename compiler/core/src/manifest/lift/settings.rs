use super::draft::Draft;
use super::fields::{Fields, Unsaid};
use super::index::ROOT;
use super::tree::Tree;
use crate::diag::Span;
use crate::manifest::Object;
use crate::syntax::{Datum, Scalar};

/// A namespace: who injects, and its labels.
pub(super) fn namespace(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let name = object.name.value.as_str();
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status", "spec"]);
    let mut metadata = body.inner("metadata")?;
    body.done()?;
    let labels = metadata
        .as_mut()
        .map(|metadata| metadata.pairs("labels"))
        .unwrap_or_default();
    let annotations = metadata
        .as_mut()
        .map(|metadata| metadata.pairs("annotations"))
        .unwrap_or_default();
    let speaks = annotations
        .iter()
        .find(|(key, _)| crate::manifest::has_meaning(&key.value));
    if let Some((key, _)) = speaks {
        return Err(Unsaid::new(
            format!("the annotation `{}` has no word in the language", key.value),
            key.span,
        ));
    }
    if name == ROOT {
        let other = labels.iter().find(|(key, _)| {
            key.value != "topology.istio.io/network" && !crate::manifest::is_of_tools(&key.value)
        });
        return match other {
            Some((key, _)) => Err(Unsaid::new(
                "labels of istio-system have no word in the language",
                key.span,
            )),
            None => Ok(()),
        };
    }
    let mut own = Draft::new("label", object.span);
    let mut props = Vec::new();
    let mut injected = false;
    for (key, value) in &labels {
        match (key.value.as_str(), value.value.as_str()) {
            ("istio-injection", "enabled") => injected = true,
            ("istio.io/rev", revision) => {
                injected = true;
                props.push((
                    "revision".to_owned(),
                    Scalar::Text(revision.to_owned()),
                    value.span,
                ));
            }
            (key, _) if crate::manifest::is_of_tools(key) => {}
            _ => own = own.labels(&[(key.clone(), value.clone())]),
        }
    }
    if !injected {
        props.insert(0, ("injection".to_owned(), Scalar::Bool(false), object.span));
    }
    let place = tree.namespace(name, object.name.span);
    place.span = object.name.span;
    place.props = props;
    if !own.is_bare() {
        place.children.push(own);
    }
    Ok(())
}

/// A service account.
pub(super) fn account(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "metadata", "secrets"]);
    body.done()?;
    if object.namespace() == ROOT {
        return Err(Unsaid::new("it belongs to Istio's own installation", object.span));
    }
    let name = object.name.value.clone();
    let place = tree.namespace(object.namespace(), object.span);
    place.accounts.insert(name, object.name.span);
    Ok(())
}

/// An east-west gateway, by the one object that opens it for services; what else opens it is written by the spec too.
pub(super) fn gateway(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let unlike = |why: &str, span: Span| Err(Unsaid::new(why, span));
    if object.namespace() != ROOT {
        return unlike(
            "only gateways between networks have a word in the language",
            object.span,
        );
    }
    let Some(istio) = object.text(&["spec", "selector", "istio"]) else {
        return unlike(
            "only gateways between networks have a word in the language",
            object.span,
        );
    };
    let servers = object.items(&["spec", "servers"]);
    let mode = |server: &Datum| {
        server
            .at(&["tls", "mode"])
            .and_then(Datum::text)
            .map(|mode| mode.value)
    };
    if servers
        .iter()
        .all(|server| mode(server).as_deref() == Some("PASSTHROUGH"))
        && is_for_istiod(servers)
    {
        return Ok(());
    }
    let [server] = servers else {
        return unlike(
            "only gateways between networks have a word in the language",
            object.span,
        );
    };
    if mode(server).as_deref() != Some("AUTO_PASSTHROUGH") {
        return unlike(
            "only gateways between networks have a word in the language",
            object.span,
        );
    }
    if tree.index.network.is_none() {
        return unlike(
            "no label of istio-system says the network that it leads into",
            object.span,
        );
    }
    let port = server.at(&["port", "number"]).and_then(Datum::text);
    let known = tree.index.gateways.get(&istio.value).cloned().unwrap_or_default();
    let name = if known.name.is_empty() {
        format!("istio-{}", istio.value)
    } else {
        known.name
    };
    let mut draft = Draft::new("gateway", object.span);
    if name != "istio-eastwestgateway" {
        draft = draft.arg(Scalar::Text(name.clone()), object.span);
    }
    let addresses = if known.addresses.is_empty() {
        let unknown = format!("{name}.invalid");
        tree.note(format!(
            "no object says the address of the gateway {name}: write it in place of `{unknown}`"
        ));
        unknown
    } else {
        known.addresses.join(",")
    };
    draft.put("address", Scalar::Text(addresses), object.span);
    if let Some(port) = port.filter(|port| port.value != "15443") {
        let number = port
            .value
            .parse()
            .map_or(Scalar::Text(port.value), Scalar::Integer);
        draft.put("port", number, port.span);
    }
    draft = draft.text("cluster-ip", known.cluster_ip.as_ref());
    tree.gateways.push(draft);
    Ok(())
}

/// All of its ports are istiod's.
fn is_for_istiod(servers: &[Datum]) -> bool {
    !servers.is_empty()
        && servers.iter().all(|server| {
            let port = server.at(&["port", "number"]).and_then(Datum::text);
            port.is_some_and(|port| ["15012", "15017"].contains(&port.value.as_str()))
        })
}
