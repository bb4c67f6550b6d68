use super::access::{alone, place, put};
use super::draft::Draft;
use super::fields::{Fields, Unsaid};
use super::metadata;
use super::tree::Tree;
use crate::diag::Spanned;
use crate::manifest::Object;
use crate::syntax::{Datum, Scalar};

mod metrics;
mod tracing;

/// A Telemetry: what is counted, written down and traced. Providers that MeshConfig describes are known where their names
/// say what they are, as the language names them.
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
        draft.push(metrics::metrics(datum)?);
    }
    for datum in one(&mut spec, "accessLogging")? {
        draft.push(access_log(datum)?);
    }
    for datum in one(&mut spec, "tracing")? {
        draft.push(tracing::tracing(datum)?);
    }
    spec.done()?;
    alone(tree, object, &place, "telemetry")?;
    put(tree, object, &place, vec![draft]);
    Ok(())
}

fn access_log(datum: &Datum) -> Result<Draft, Unsaid> {
    let mut log = Fields::of(datum, "accessLogging")?;
    let off = log.yes("disabled").is_some_and(|off| off.value);
    let mut own = Draft::new("access-log", datum.span);
    if off {
        log.skip(&["providers"]);
        own = own.arg(Scalar::Text("none".to_owned()), datum.span);
    } else {
        own = own.arg(Scalar::Text("text".to_owned()), datum.span);
        let Some(named) = provider(&mut log)? else {
            return Err(Unsaid::new("it names no provider", datum.span));
        };
        match named
            .value
            .strip_prefix("access-log:")
            .filter(|place| is_place(place))
        {
            Some(collector) => own.put("otlp", Scalar::Text(collector.to_owned()), named.span),
            None if named.value == "envoy" => {}
            None => return Err(foreign(&named)),
        }
    }
    if let Some(mut at) = log.inner("match")? {
        own = own.text("at", side(&mut at).as_ref());
        at.done()?;
    }
    if let Some(mut filter) = log.inner("filter")? {
        if let Some(expression) = filter.text("expression") {
            own.push(Draft::new("filter", expression.span).word(&expression));
        }
        filter.done()?;
    }
    log.done()?;
    Ok(own)
}

/// `client` or `server`, where it is one of them.
fn side(at: &mut Fields<'_>) -> Option<Spanned<String>> {
    let mode = at.text("mode").filter(|mode| mode.value != "CLIENT_AND_SERVER")?;
    Some(Spanned {
        value: mode.value.to_lowercase(),
        span: mode.span,
    })
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

/// The one provider that is named.
fn provider(fields: &mut Fields<'_>) -> Result<Option<Spanned<String>>, Unsaid> {
    let named: Vec<_> = fields
        .items("providers")
        .iter()
        .filter_map(|one| one.field_text("name"))
        .collect();
    match named.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        [_, second, ..] => Err(Unsaid::new("it names several providers", second.span)),
    }
}

/// `HOST:PORT`, as the names of the language's own providers end.
fn is_place(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| host.contains('.') && port.parse::<u16>().is_ok())
}

fn foreign(named: &Spanned<String>) -> Unsaid {
    Unsaid::new(
        format!("MeshConfig says who the provider `{}` is", named.value),
        named.span,
    )
}
