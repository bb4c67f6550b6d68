use super::super::draft::Draft;
use super::super::fields::{Fields, Unsaid};
use super::super::percent;
use crate::syntax::{Datum, Scalar};

/// `loadBalancer`: who gets the next request, how new endpoints are warmed up, and where those are that come first.
pub(super) fn balance(mut balancer: Fields<'_>, into: &mut Draft) -> Result<(), Unsaid> {
    let simple = balancer
        .text("simple")
        .filter(|simple| simple.value != "UNSPECIFIED");
    if let Some(simple) = simple {
        let word = match simple.value.as_str() {
            "LEAST_REQUEST" | "LEAST_CONN" => "least-request",
            "ROUND_ROBIN" => "round-robin",
            "RANDOM" => "random",
            "PASSTHROUGH" => "passthrough",
            _ => return Err(balancer.unsaid("simple", simple.span)),
        };
        into.push(Draft::new("balance", simple.span).arg(Scalar::Text(word.to_owned()), simple.span));
    }
    if let Some(hash) = balancer.inner("consistentHash")? {
        into.push(consistent_hash(hash)?);
    }
    if let Some(mut warm_up) = balancer.inner("warmup")? {
        let Some(duration) = warm_up.text("duration") else {
            return Err(Unsaid::new("it does not say how long", warm_up.span()));
        };
        let mut draft = Draft::new("warm-up", duration.span).word(&duration);
        if let Some(aggression) = warm_up.text("aggression") {
            draft.put("aggression", decimal(&aggression.value), aggression.span);
        }
        if let Some(min) = warm_up.text("minimumPercent") {
            draft.put("min", Scalar::Text(percent(&min.value)), min.span);
        }
        warm_up.done()?;
        into.push(draft);
    } else if let Some(duration) = balancer.text("warmupDurationSecs") {
        into.push(Draft::new("warm-up", duration.span).word(&duration));
    }
    if let Some(mut setting) = balancer.inner("localityLbSetting")? {
        let mut draft =
            Draft::new("locality", setting.span()).yes("prefer-near", setting.yes("enabled").as_ref());
        for one in setting.items("failover") {
            let mut one = Fields::of(one, "failover")?;
            if let (Some(from), Some(to)) = (one.text("from"), one.text("to")) {
                draft.push(
                    Draft::new("failover", from.span)
                        .word(&from)
                        .text("to", Some(&to)),
                );
            }
            one.done()?;
        }
        let priority: Vec<_> = setting
            .items("failoverPriority")
            .iter()
            .filter_map(Datum::text)
            .collect();
        if let Some(first) = priority.first() {
            let span = first.span;
            draft.push(priority.iter().fold(Draft::new("priority", span), Draft::word));
        }
        for one in setting.items("distribute") {
            let mut one = Fields::of(one, "distribute")?;
            let Some(from) = one.text("from") else { continue };
            let mut shares = Draft::new("distribute", from.span).word(&from);
            for (place, share) in one.pairs("to") {
                shares.push(
                    Draft::new("to", place.span)
                        .word(&place)
                        .arg(Scalar::Text(percent(&share.value)), share.span),
                );
            }
            one.done()?;
            draft.push(shares);
        }
        setting.done()?;
        into.push(draft);
    }
    balancer.done()
}

fn decimal(text: &str) -> Scalar {
    text.parse()
        .map_or_else(|_| Scalar::Float(text.to_owned()), Scalar::Integer)
}

fn consistent_hash(mut hash: Fields<'_>) -> Result<Draft, Unsaid> {
    let span = hash.span();
    let mut draft = Draft::new("balance", span).arg(Scalar::Text("hash".to_owned()), span);
    if let Some(header) = hash.text("httpHeaderName") {
        draft.push(Draft::new("header", header.span).word(&header));
    }
    if let Some(mut cookie) = hash.inner("httpCookie")? {
        if let Some(name) = cookie.text("name") {
            let own = Draft::new("cookie", name.span).word(&name);
            draft.push(
                own.text("ttl", cookie.text("ttl").as_ref())
                    .text("path", cookie.text("path").as_ref()),
            );
        }
        cookie.done()?;
    }
    if let Some(name) = hash.text("httpQueryParameterName") {
        draft.push(Draft::new("query", name.span).word(&name));
    }
    if let Some(yes) = hash.yes("useSourceIp").filter(|yes| yes.value) {
        draft.push(Draft::new("source-ip", yes.span));
    }
    let mut size = hash.number("minimumRingSize")?;
    if let Some(mut ring) = hash.inner("ringHash")? {
        size = ring.number("minimumRingSize")?.or(size);
        ring.done()?;
    }
    if let Some(mut maglev) = hash.inner("maglev")? {
        draft.put("table", Scalar::Text("maglev".to_owned()), maglev.span());
        size = maglev.number("tableSize")?;
        maglev.done()?;
    }
    hash.done()?;
    Ok(draft.number("size", size.as_ref()))
}
