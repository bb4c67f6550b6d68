use super::super::draft::Draft;
use super::super::fields::{Fields, Unsaid};
use super::super::percent;
use super::{foreign, is_place, provider};
use crate::diag::Spanned;
use crate::syntax::{Datum, Entry, Scalar};

/// Traces: where they go, how many, and what is said in them.
pub(super) fn tracing(datum: &Datum) -> Result<Draft, Unsaid> {
    let mut fields = Fields::of(datum, "tracing")?;
    let mut own = Draft::new("tracing", datum.span);
    if let Some(off) = fields.yes("disableSpanReporting").filter(|off| off.value) {
        own = own.arg(Scalar::Text("none".to_owned()), off.span);
    }
    if let Some(named) = provider(&mut fields)? {
        let (kind, place) = named.value.split_once(':').ok_or_else(|| foreign(&named))?;
        if !["zipkin", "otlp"].contains(&kind) || !is_place(place) {
            return Err(foreign(&named));
        }
        own.put(kind, Scalar::Text(place.to_owned()), named.span);
    }
    if let Some(share) = fields.text("randomSamplingPercentage") {
        let number = share.value.strip_suffix(".0").unwrap_or(&share.value);
        own.put("sampling", Scalar::Text(percent(number)), share.span);
    }
    for entry in fields.take("customTags").map_or(&[][..], Datum::entries) {
        own.push(tag(entry)?);
    }
    fields.done()?;
    Ok(own)
}

fn tag(entry: &Entry) -> Result<Draft, Unsaid> {
    let mut tag = Fields::of(&entry.value, "customTags")?;
    let mut own = Draft::new("tag", entry.key.span).word(&entry.key);
    if let Some(mut literal) = tag.inner("literal")? {
        own = own.text("value", literal.text("value").as_ref());
        literal.done()?;
    }
    for (key, word) in [("header", "header"), ("environment", "env")] {
        if let Some(mut source) = tag.inner(key)? {
            let name: Option<Spanned<String>> = source.text("name");
            own = own
                .text(word, name.as_ref())
                .text("default", source.text("defaultValue").as_ref());
            source.done()?;
        }
    }
    tag.done()?;
    Ok(own)
}
