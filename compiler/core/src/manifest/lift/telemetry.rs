use super::access::{alone, place, put};
use super::draft::Draft;
use super::fields::{Fields, Unsaid};
use super::metadata;
use super::tree::Tree;
use crate::manifest::Object;
use crate::syntax::{Datum, Scalar};

/// A Telemetry that switches Istio's own metrics and log on or off; who else gets what is said in MeshConfig.
pub(super) fn telemetry(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status"]);
    metadata(&mut body)?;
    let Some(mut spec) = body.inner("spec")? else {
        return Err(Unsaid::new("it has no `spec`", object.span));
    };
    body.done()?;
    let place = place(tree, object, &mut spec)?;
    let mut draft = Draft::new("telemetry", object.span);
    for datum in one(&mut spec, "metrics")? {
        let mut metrics = Fields::of(datum, "metrics")?;
        provider(&mut metrics, "prometheus", datum)?;
        metrics.done()?;
        draft.push(Draft::new("metrics", datum.span).arg(Scalar::Text("prometheus".to_owned()), datum.span));
    }
    for datum in one(&mut spec, "accessLogging")? {
        let mut log = Fields::of(datum, "accessLogging")?;
        let off = log.yes("disabled").is_some_and(|off| off.value);
        let mut own = Draft::new("access-log", datum.span);
        if off {
            log.skip(&["providers"]);
            own = own.arg(Scalar::Text("none".to_owned()), datum.span);
        } else {
            provider(&mut log, "envoy", datum)?;
            own = own.arg(Scalar::Text("text".to_owned()), datum.span);
        }
        if let Some(mut at) = log.inner("match")? {
            let side = at.text("mode").filter(|mode| mode.value != "CLIENT_AND_SERVER");
            let side = side.map(|mode| crate::diag::Spanned {
                value: mode.value.to_lowercase(),
                span: mode.span,
            });
            own = own.text("at", side.as_ref());
            at.done()?;
        }
        if let Some(mut filter) = log.inner("filter")? {
            if let Some(expression) = filter.text("expression") {
                own.push(Draft::new("filter", expression.span).word(&expression));
            }
            filter.done()?;
        }
        log.done()?;
        draft.push(own);
    }
    spec.done()?;
    alone(tree, object, &place, "telemetry")?;
    put(tree, object, &place, vec![draft]);
    Ok(())
}

/// At most one entry.
fn one<'a>(spec: &mut Fields<'a>, key: &str) -> Result<&'a [Datum], Unsaid> {
    let items = spec.items(key);
    match items {
        [] | [_] => Ok(items),
        [_, second, ..] => Err(Unsaid::new(
            format!("`spec.{key}` says several things"),
            second.span,
        )),
    }
}

/// The one provider that every mesh has.
fn provider(fields: &mut Fields<'_>, known: &str, datum: &Datum) -> Result<(), Unsaid> {
    let named: Vec<_> = fields
        .items("providers")
        .iter()
        .filter_map(|one| one.field_text("name"))
        .collect();
    match named.as_slice() {
        [one] if one.value == known => Ok(()),
        [other, ..] => Err(Unsaid::new(
            format!("MeshConfig says who the provider `{}` is", other.value),
            other.span,
        )),
        [] => Err(Unsaid::new("it names no provider", datum.span)),
    }
}
