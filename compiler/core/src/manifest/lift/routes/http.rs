use super::{Home, matching, one_port};
use crate::manifest::lift::draft::Draft;
use crate::manifest::lift::fields::{Fields, Unsaid};
use crate::manifest::lift::percent;
use crate::syntax::{Datum, Scalar};

/// An entry of `http`.
pub(super) fn route(home: &Home<'_>, datum: &Datum) -> Result<Draft, Unsaid> {
    let mut fields = Fields::of(datum, "http")?;
    let mut draft = Draft::new("route", datum.span);
    if let Some(name) = fields.text("name") {
        draft = draft.word(&name);
    }
    let mut ports = Vec::new();
    let mut matches = Vec::new();
    for one in fields.items("match") {
        let (port, own) = matching::http(one)?;
        ports.push(port);
        matches.extend(own);
    }
    if !matches.is_empty() && matches.len() < ports.len() {
        return Err(Unsaid::new("one of its matches takes everything", datum.span));
    }
    draft = draft.number("port", one_port(&ports)?.as_ref()).children(matches);
    action(home, &mut fields, &mut draft)?;
    if let Some(headers) = fields.inner("headers")? {
        draft = edits(headers, draft)?;
    }
    if let Some(fault) = fields.inner("fault")? {
        draft.push(self::fault(fault)?);
    }
    if let Some(cors) = fields.inner("corsPolicy")? {
        draft.push(self::cors(cors)?);
    }
    fields.done()?;
    Ok(draft)
}

fn action(home: &Home<'_>, fields: &mut Fields<'_>, draft: &mut Draft) -> Result<(), Unsaid> {
    for to in fields.items("route") {
        draft.push(home.to(to, true)?);
    }
    if let Some(mut to) = fields.inner("redirect")? {
        let redirect = Draft::new("redirect", to.span())
            .text("path", to.text("uri").as_ref())
            .text("prefix", to.text("prefixRewrite").as_ref())
            .text("host", to.text("authority").as_ref())
            .text("scheme", to.text("scheme").as_ref())
            .number("port", to.number("port")?.as_ref())
            .number("code", to.number("redirectCode")?.as_ref());
        to.done()?;
        draft.push(redirect);
    }
    if let Some(mut answer) = fields.inner("directResponse")? {
        let mut respond =
            Draft::new("respond", answer.span()).number("status", answer.number("status")?.as_ref());
        if let Some(mut body) = answer.inner("body")? {
            respond = respond.text("body", body.text("string").as_ref());
            body.done()?;
        }
        answer.done()?;
        draft.push(respond);
    }
    if let Some(mut rewrite) = fields.inner("rewrite")? {
        let mut own = Draft::new("rewrite", rewrite.span())
            .text("path", rewrite.text("uri").as_ref())
            .text("host", rewrite.text("authority").as_ref());
        if let Some(mut regex) = rewrite.inner("uriRegexRewrite")? {
            own = own
                .text("regex", regex.text("match").as_ref())
                .text("with", regex.text("rewrite").as_ref());
            regex.done()?;
        }
        rewrite.done()?;
        draft.push(own);
    }
    if let Some(time) = fields.text("timeout").filter(|time| time.value != "0s") {
        draft.push(Draft::new("timeout", time.span).word(&time));
    }
    if let Some(retries) = fields.inner("retries")? {
        draft.push(retry(retries)?);
    }
    mirrors(home, fields, draft)
}

fn retry(mut retries: Fields<'_>) -> Result<Draft, Unsaid> {
    let span = retries.span();
    let Some(attempts) = retries.number("attempts")? else {
        return Err(Unsaid::new("it does not say how often is tried again", span));
    };
    let on = retries.text("retryOn");
    let draft = Draft::new("retry", span)
        .arg(Scalar::Integer(attempts.value), attempts.span)
        .text("per-try", retries.text("perTryTimeout").as_ref())
        .text("on", on.as_ref())
        .text("backoff", retries.text("backoff").as_ref())
        .yes(
            "ignore-previous-hosts",
            retries.yes("retryIgnorePreviousHosts").as_ref(),
        )
        .yes(
            "remote-localities",
            retries
                .yes("retryRemoteLocalities")
                .filter(|yes| yes.value)
                .as_ref(),
        );
    retries.done()?;
    Ok(draft)
}

fn mirrors(home: &Home<'_>, fields: &mut Fields<'_>, draft: &mut Draft) -> Result<(), Unsaid> {
    let share = match fields.inner("mirrorPercentage")? {
        Some(mut share) => share.text("value"),
        None => fields.text("mirrorPercent"),
    };
    if let Some(to) = fields.take("mirror") {
        let mut mirror = home.destination(Draft::new("mirror", to.span), to)?;
        if let Some(share) = share.filter(|share| share.value != "100") {
            mirror.put("share", Scalar::Text(percent(&share.value)), share.span);
        }
        draft.push(mirror);
    }
    for one in fields.items("mirrors") {
        let mut one = Fields::of(one, "mirrors")?;
        let Some(to) = one.take("destination") else {
            return Err(Unsaid::new("a mirror has no destination", one.span()));
        };
        let mut mirror = home.destination(Draft::new("mirror", to.span), to)?;
        if let Some(mut share) = one.inner("percentage")?
            && let Some(share) = share.text("value").filter(|share| share.value != "100")
        {
            mirror.put("share", Scalar::Text(percent(&share.value)), share.span);
        }
        one.done()?;
        draft.push(mirror);
    }
    Ok(())
}

fn fault(mut fault: Fields<'_>) -> Result<Draft, Unsaid> {
    let mut draft = Draft::new("fault", fault.span());
    let share = |fields: &mut Fields<'_>| -> Result<Option<crate::diag::Spanned<String>>, Unsaid> {
        let share = match fields.inner("percentage")? {
            Some(mut share) => share.text("value"),
            None => fields.text("percent"),
        };
        Ok(share)
    };
    if let Some(mut delay) = fault.inner("delay")? {
        let Some(time) = delay.text("fixedDelay") else {
            return Err(Unsaid::new("it does not say how long", delay.span()));
        };
        let share = share(&mut delay)?.map_or_else(|| "100".to_owned(), |share| share.value);
        delay.done()?;
        let own = Draft::new("delay", time.span).word(&time);
        draft.push(own.prop("share", Scalar::Text(percent(&share)), time.span));
    }
    if let Some(mut abort) = fault.inner("abort")? {
        let span = abort.span();
        let mut own = Draft::new("abort", span);
        if let Some(status) = abort.number("httpStatus")? {
            own = own.arg(Scalar::Integer(status.value), status.span);
        }
        own = own.text("grpc", abort.text("grpcStatus").as_ref());
        let share = share(&mut abort)?.map_or_else(|| "100".to_owned(), |share| share.value);
        abort.done()?;
        draft.push(own.prop("share", Scalar::Text(percent(&share)), span));
    }
    fault.done()?;
    Ok(draft)
}

fn cors(mut cors: Fields<'_>) -> Result<Draft, Unsaid> {
    let mut origins = cors.texts("allowOrigin")?;
    for origin in cors.items("allowOrigins") {
        let mut origin = Fields::of(origin, "allowOrigins")?;
        let exact = origin
            .text("exact")
            .filter(|exact| exact.value == "*" || !exact.value.contains(['*', ',']));
        let Some(exact) = exact else {
            return Err(Unsaid::new(
                "only origins that are written out have a word in the language",
                origin.span(),
            ));
        };
        origin.done()?;
        origins.push(exact);
    }
    let mut draft = Draft::new("cors", cors.span())
        .list("origins", &origins)
        .list("methods", &cors.texts("allowMethods")?)
        .list("headers", &cors.texts("allowHeaders")?)
        .list("expose", &cors.texts("exposeHeaders")?)
        .text("max-age", cors.text("maxAge").as_ref());
    draft = draft.yes(
        "credentials",
        cors.yes("allowCredentials").filter(|yes| yes.value).as_ref(),
    );
    cors.done()?;
    Ok(draft)
}

/// Changes to headers.
pub(super) fn edits(mut headers: Fields<'_>, mut draft: Draft) -> Result<Draft, Unsaid> {
    for side in ["request", "response"] {
        let Some(mut changes) = headers.inner(side)? else {
            continue;
        };
        let mut own = Draft::new(side, changes.span());
        for kind in ["set", "add"] {
            for (name, value) in changes.pairs(kind) {
                own.push(Draft::new(kind, name.span).word(&name).word(&value));
            }
        }
        let gone: Vec<_> = changes.items("remove").iter().filter_map(Datum::text).collect();
        if let Some(first) = gone.first() {
            let span = first.span;
            own.push(gone.iter().fold(Draft::new("remove", span), Draft::word));
        }
        changes.done()?;
        draft.push(own);
    }
    headers.done()?;
    Ok(draft)
}
