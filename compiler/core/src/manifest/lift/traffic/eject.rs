use super::super::draft::Draft;
use super::super::fields::{Fields, Unsaid};
use super::super::percent;
use crate::syntax::Scalar;

/// `outlierDetection`.
pub(super) fn eject(mut outliers: Fields<'_>) -> Result<Draft, Unsaid> {
    let span = outliers.span();
    let gateway = outliers.number("consecutiveGatewayErrors")?;
    let gateway = gateway.or(outliers.number("consecutiveErrors")?);
    let split = outliers
        .yes("splitExternalLocalOriginErrors")
        .filter(|yes| yes.value);
    let local = outliers.number("consecutiveLocalOriginFailures")?;
    if split.is_some() != local.is_some() {
        return Err(Unsaid::new(
            "local errors are counted apart with a number, or not at all",
            span,
        ));
    }
    let statuses = outliers.texts("outlierDetectionHttpErrorCodes")?;
    let mut draft = Draft::new("eject", span)
        .number("after", outliers.number("consecutive5xxErrors")?.as_ref())
        .number("after-gateway-errors", gateway.as_ref())
        .number("after-local-errors", local.as_ref())
        .list("statuses", &statuses);
    for (key, word, usual) in [("interval", "every", "10s"), ("baseEjectionTime", "for", "30s")] {
        let said = outliers.text(key).filter(|said| said.value != usual);
        draft = draft.text(word, said.as_ref());
    }
    for (key, word) in [
        ("maxEjectionPercent", "at-most"),
        ("minHealthPercent", "min-health"),
    ] {
        if let Some(share) = outliers.text(key) {
            draft.put(word, Scalar::Text(percent(&share.value)), share.span);
        }
    }
    outliers.done()?;
    Ok(draft)
}
