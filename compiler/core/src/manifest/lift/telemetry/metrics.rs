use std::collections::BTreeSet;

use super::super::draft::Draft;
use super::super::fields::{Fields, Unsaid};
use super::{foreign, provider, side};
use crate::diag::Spanned;
use crate::spec::metric_word;
use crate::syntax::{Datum, Scalar};

/// Metrics and their changes. Without a provider they are for those that are there by default: Prometheus.
pub(super) fn metrics(datum: &Datum) -> Result<Draft, Unsaid> {
    let mut metrics = Fields::of(datum, "metrics")?;
    if let Some(other) = provider(&mut metrics)?.filter(|named| named.value != "prometheus") {
        return Err(foreign(&other));
    }
    let mut own = Draft::new("metrics", datum.span).arg(Scalar::Text("prometheus".to_owned()), datum.span);
    let mut labels = BTreeSet::new();
    for change in metrics.items("overrides") {
        for draft in changes(change, &mut labels)? {
            own.push(draft);
        }
    }
    metrics.done()?;
    Ok(own)
}

/// One of `overrides`: labels that are set or dropped, or metrics that are not counted.
fn changes(datum: &Datum, labels: &mut BTreeSet<String>) -> Result<Vec<Draft>, Unsaid> {
    let mut fields = Fields::of(datum, "overrides")?;
    let (mut metric, mut at) = (None, None);
    if let Some(mut matching) = fields.inner("match")? {
        at = side(&mut matching);
        metric = matching
            .text("metric")
            .filter(|metric| metric.value != "ALL_METRICS");
        matching.done()?;
    }
    let word = match &metric {
        None => None,
        Some(metric) => Some(Spanned {
            value: metric_word(&metric.value)
                .ok_or_else(|| {
                    Unsaid::new(
                        format!("the language has no metric {}", metric.value),
                        metric.span,
                    )
                })?
                .to_owned(),
            span: metric.span,
        }),
    };
    let mut found = Vec::new();
    for entry in fields.take("tagOverrides").map_or(&[][..], Datum::entries) {
        // The last of several holds, and the language has no order here.
        if !labels.insert(entry.key.value.clone()) {
            let why = format!("several changes are about the label `{}`", entry.key.value);
            return Err(Unsaid::new(why, entry.key.span));
        }
        let mut tag = Fields::of(&entry.value, "tagOverrides")?;
        let removes = tag
            .text("operation")
            .is_some_and(|operation| operation.value == "REMOVE");
        let value = tag.text("value");
        tag.done()?;
        let draft = match (removes, value) {
            (true, _) => Draft::new("drop-tag", entry.key.span).word(&entry.key),
            (false, Some(value)) => Draft::new("tag", entry.key.span)
                .word(&entry.key)
                .text("value", Some(&value)),
            (false, None) => return Err(Unsaid::new("a label has no value", entry.key.span)),
        };
        found.push(draft.text("metric", word.as_ref()).text("at", at.as_ref()));
    }
    if fields.yes("disabled").is_some_and(|off| off.value) {
        let name = word.clone().unwrap_or_else(|| Spanned {
            value: "all".to_owned(),
            span: datum.span,
        });
        found.push(Draft::new("drop", datum.span).word(&name).text("at", at.as_ref()));
    }
    fields.done()?;
    Ok(found)
}
