use super::draft::Draft;
use super::fields::{Fields, Unsaid};
use super::index::{Labels, ROOT, labels};
use super::tree::Tree;
use super::{metadata, rule};
use crate::diag::{Span, Spanned};
use crate::manifest::Object;
use crate::syntax::{Datum, Scalar};

/// What a policy is for.
pub(super) enum Place {
    Mesh,
    Namespace,
    Service(String),
}

/// What a policy selects: everything, or the workloads of a service.
pub(super) fn place(tree: &Tree, object: &Object, spec: &mut Fields<'_>) -> Result<Place, Unsaid> {
    for key in ["targetRef", "targetRefs"] {
        if let Some(target) = spec.take(key) {
            return Err(spec.unsaid(key, target.span));
        }
    }
    let mut selected = Labels::new();
    let mut span = object.span;
    if let Some(mut selector) = spec.inner("selector")? {
        selected = labels(selector.take("matchLabels"));
        span = selector.span();
        selector.done()?;
    }
    let namespace = object.namespace();
    match (selected.is_empty(), namespace == ROOT) {
        (true, true) => Ok(Place::Mesh),
        (true, false) => Ok(Place::Namespace),
        (false, _) => match tree.selected_by(namespace, &selected) {
            Some(service) => Ok(Place::Service(service)),
            None => Err(Unsaid::new(
                "it selects workloads as no service of the spec does",
                span,
            )),
        },
    }
}

/// Puts what a policy says where it belongs.
pub(super) fn put(tree: &mut Tree, object: &Object, place: &Place, drafts: Vec<Draft>) {
    let namespace = object.namespace().to_owned();
    match place {
        Place::Mesh => tree.mesh.extend(drafts),
        Place::Namespace => tree.namespace(&namespace, object.span).children.extend(drafts),
        Place::Service(name) => {
            if let Some(service) = tree.service(&namespace, name) {
                service.draft.extend(drafts);
            }
        }
    }
}

/// What is there already of one kind of node.
fn has(tree: &Tree, object: &Object, place: &Place, word: &str) -> bool {
    let all = tree.namespaces.get(object.namespace());
    match place {
        Place::Mesh => tree.mesh.iter().any(|child| child.is(word)),
        Place::Namespace => all.is_some_and(|all| all.children.iter().any(|child| child.is(word))),
        Place::Service(name) => all
            .and_then(|all| all.services.get(name))
            .is_some_and(|found| found.draft.has(word)),
    }
}

/// Refuses a second object that says what can be said once.
pub(super) fn alone(tree: &Tree, object: &Object, place: &Place, word: &str) -> Result<(), Unsaid> {
    if has(tree, object, place, word) {
        return Err(Unsaid::new(
            format!("another {} is for the same workloads", object.kind.value),
            object.span,
        ));
    }
    Ok(())
}

/// A PeerAuthentication.
pub(super) fn peers(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status"]);
    metadata(&mut body)?;
    let Some(mut spec) = body.inner("spec")? else {
        return Err(Unsaid::new("it has no `spec`", object.span));
    };
    body.done()?;
    let place = place(tree, object, &mut spec)?;
    let mut drafts = Vec::new();
    if let Some(mut whole) = spec.inner("mtls")? {
        drafts.extend(mode(&mut whole, None)?);
        whole.done()?;
    }
    let ports = spec.take("portLevelMtls");
    for entry in ports.map_or(&[][..], Datum::entries) {
        let mut own = Fields::of(&entry.value, "portLevelMtls")?;
        drafts.extend(mode(&mut own, Some(&entry.key))?);
        own.done()?;
    }
    spec.done()?;
    if let (Some(ports), false) = (ports, matches!(place, Place::Service(_))) {
        return Err(Unsaid::new(
            "`spec.portLevelMtls` is for the workloads of a service",
            ports.span,
        ));
    }
    if let Place::Service(name) = &place
        && tree
            .service(object.namespace(), name)
            .is_some_and(|service| service.external)
    {
        return Err(Unsaid::new("it is about a service outside the mesh", object.span));
    }
    alone(tree, object, &place, "mtls")?;
    put(tree, object, &place, drafts);
    Ok(())
}

fn mode(fields: &mut Fields<'_>, port: Option<&Spanned<String>>) -> Result<Option<Draft>, Unsaid> {
    let Some(mode) = fields.text("mode").filter(|mode| mode.value != "UNSET") else {
        return Ok(None);
    };
    let word = match mode.value.as_str() {
        "STRICT" => "strict",
        "PERMISSIVE" => "permissive",
        "DISABLE" => "disable",
        _ => {
            return Err(Unsaid::new(
                format!("the mode {} has no word in the language", mode.value),
                mode.span,
            ));
        }
    };
    let mut draft = Draft::new("mtls", mode.span).arg(Scalar::Text(word.to_owned()), mode.span);
    if let Some(port) = port {
        let number = port
            .value
            .parse()
            .map_or_else(|_| Scalar::Text(port.value.clone()), Scalar::Integer);
        draft.put("port", number, port.span);
    }
    Ok(Some(draft))
}

/// An AuthorizationPolicy.
pub(super) fn policy(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status"]);
    let dry_run = dry_run(object);
    if dry_run.is_some() {
        body.skip(&["metadata"]);
    } else {
        metadata(&mut body)?;
    }
    let Some(mut spec) = body.inner("spec")? else {
        return Err(Unsaid::new(
            "a policy that lets nobody in has no word in the language",
            object.span,
        ));
    };
    body.done()?;
    let place = place(tree, object, &mut spec)?;
    let action = spec.text("action");
    let word = match action.as_ref().map(|action| action.value.as_str()) {
        None | Some("ALLOW") => "allow",
        Some("DENY") => "deny",
        Some("AUDIT") => "audit",
        Some(other) => {
            return Err(Unsaid::new(
                format!("the action {other} has no word here"),
                action.map_or(object.span, |action| action.span),
            ));
        }
    };
    let rules = spec.items("rules");
    spec.done()?;
    if rules.is_empty() {
        return Err(Unsaid::new(
            "a policy without rules has no word in the language",
            object.span,
        ));
    }
    let mut drafts = Vec::new();
    for datum in rules {
        for conditions in rule::flat(datum)? {
            let mut draft = rule::rule(tree, object.namespace(), word, datum.span, conditions)?;
            if let Some(span) = dry_run {
                draft.put("dry-run", Scalar::Bool(true), span);
            }
            if object.name.value != usual_name(&place, word, dry_run.is_some()) {
                draft.put("name", Scalar::Text(object.name.value.clone()), object.name.span);
            }
            drafts.push(draft);
        }
    }
    put(tree, object, &place, drafts);
    Ok(())
}

fn dry_run(object: &Object) -> Option<Span> {
    let said = object.text(&["metadata", "annotations", "istio.io/dry-run"])?;
    (said.value == "true").then_some(said.span)
}

/// The name that the language gives a policy by itself.
fn usual_name(place: &Place, word: &str, dry_run: bool) -> String {
    let base = match place {
        Place::Mesh | Place::Namespace => "default",
        Place::Service(name) => name,
    };
    let action = if word == "allow" {
        String::new()
    } else {
        format!("-{word}")
    };
    format!("{base}{action}{}", if dry_run { "-dry-run" } else { "" })
}
