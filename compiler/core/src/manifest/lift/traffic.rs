use super::draft::Draft;
use super::external::export_to;
use super::fields::{Fields, Unsaid};
use super::index::labels;
use super::tree::Tree;
use super::{full_host, metadata, percent};
use crate::diag::{Span, Spanned};
use crate::manifest::Object;
use crate::syntax::{Datum, Scalar};

/// A DestinationRule: what is said of a service, its ports and its versions.
pub(super) fn destination_rule(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status"]);
    metadata(&mut body)?;
    let Some(mut spec) = body.inner("spec")? else {
        return Err(Unsaid::new("it has no `spec`", object.span));
    };
    body.done()?;
    let namespace = object.namespace().to_owned();
    let Some(host) = spec.text("host") else {
        return Err(Unsaid::new("it has no `spec.host`", object.span));
    };
    let full = full_host(&host.value, &namespace);
    let Some((place, name)) = tree
        .service_of(&full)
        .map(|(place, name)| (place.to_owned(), name.to_owned()))
    else {
        return Err(Unsaid::new(
            format!("`{}` is no service of the spec", host.value),
            host.span,
        ));
    };
    if place != namespace {
        return Err(Unsaid::new(
            "it is about a service of another namespace",
            host.span,
        ));
    }
    let visible = export_to(&mut spec, &namespace)?;
    let mut whole = Draft::new("service", object.span);
    let mut of_ports = Vec::new();
    if let Some(policy) = spec.inner("trafficPolicy")? {
        of_ports = policy_of(policy, &mut whole, true)?;
    }
    let mut subsets = Vec::new();
    let mut names = Vec::new();
    for datum in spec.items("subsets") {
        let mut subset = Fields::of(datum, "spec.subsets")?;
        let Some(name) = subset.text("name") else {
            return Err(Unsaid::new("a subset has no name", datum.span));
        };
        let mut draft = Draft::new("subset", datum.span)
            .word(&name)
            .labels(&subset.pairs("labels"));
        if let Some(policy) = subset.inner("trafficPolicy")? {
            for (number, port) in policy_of(policy, &mut draft, true)? {
                draft.push(
                    Draft::new("port", number.span)
                        .arg(Scalar::Integer(number.value), number.span)
                        .merged(port),
                );
            }
        }
        subset.done()?;
        names.push((name.value, labels(datum.at(&["labels"]))));
        subsets.push(draft);
    }
    spec.done()?;
    let Some(service) = tree.service(&place, &name) else {
        return Ok(());
    };
    if service.visible != visible {
        return Err(Unsaid::new(
            "`spec.exportTo` is another than the service's",
            object.span,
        ));
    }
    if !service.subsets.is_empty() || SETTINGS.iter().any(|word| service.draft.has(word)) {
        return Err(Unsaid::new(
            "another DestinationRule is about the same host",
            object.span,
        ));
    }
    for (number, own) in of_ports {
        let port = service.ports.iter_mut().find(|port| port.number == number.value);
        let Some(port) = port else {
            return Err(Unsaid::new(
                format!("the service has no port {}", number.value),
                number.span,
            ));
        };
        port.draft.merge(own);
    }
    service.draft.merge(whole);
    service.draft.extend(subsets);
    service.subsets = names.into_iter().collect();
    Ok(())
}

const SETTINGS: &[&str] = &[
    "tls",
    "balance",
    "warm-up",
    "locality",
    "limits",
    "eject",
    "retry-budget",
];

type OfPorts = Vec<(Spanned<i128>, Draft)>;

/// Puts a `trafficPolicy` into `into`; what it says of ports is given back.
fn policy_of(mut policy: Fields<'_>, into: &mut Draft, ports: bool) -> Result<OfPorts, Unsaid> {
    if let Some(balancer) = policy.inner("loadBalancer")? {
        balance(balancer, into)?;
    }
    if let Some(pool) = policy.inner("connectionPool")? {
        let limits = limits(pool)?;
        if !limits.is_bare() {
            into.push(limits);
        }
    }
    if let Some(outliers) = policy.inner("outlierDetection")? {
        into.push(eject(outliers)?);
    }
    if let Some(tls) = policy.inner("tls")? {
        into.push(client_tls(tls)?);
    }
    if let Some(mut budget) = policy.inner("retryBudget")? {
        let mut draft = Draft::new("retry-budget", budget.span());
        if let Some(share) = budget.text("percent") {
            draft = draft.arg(Scalar::Text(percent(&share.value)), share.span);
        }
        into.push(
            draft
                .number("at-least", budget.number("minRetryConcurrency")?.as_ref())
                .text("over", budget.text("budgetInterval").as_ref()),
        );
        budget.done()?;
    }
    let mut found = Vec::new();
    for datum in policy.items("portLevelSettings") {
        let mut fields = Fields::of(datum, "portLevelSettings")?;
        let number = match fields.inner("port")? {
            Some(mut port) => port.number("number")?,
            None => None,
        };
        let Some(number) = number.filter(|_| ports) else {
            return Err(Unsaid::new("it does not say of which port", datum.span));
        };
        let mut own = Draft::new("port", datum.span);
        policy_of(fields, &mut own, false)?;
        found.push((number, own));
    }
    policy.done()?;
    Ok(found)
}

fn balance(mut balancer: Fields<'_>, into: &mut Draft) -> Result<(), Unsaid> {
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

fn limits(mut pool: Fields<'_>) -> Result<Draft, Unsaid> {
    let mut draft = Draft::new("limits", pool.span());
    let mut idle: Vec<Spanned<String>> = Vec::new();
    if let Some(mut tcp) = pool.inner("tcp")? {
        draft = draft
            .number("connections", tcp.number("maxConnections")?.as_ref())
            .text("connect-timeout", tcp.text("connectTimeout").as_ref())
            .text("connection-age", tcp.text("maxConnectionDuration").as_ref());
        idle.extend(tcp.text("idleTimeout"));
        if let Some(mut alive) = tcp.inner("tcpKeepalive")? {
            draft = draft
                .text("keepalive-time", alive.text("time").as_ref())
                .text("keepalive-interval", alive.text("interval").as_ref())
                .number("keepalive-probes", alive.number("probes")?.as_ref());
            alive.done()?;
        }
        tcp.done()?;
    }
    if let Some(mut http) = pool.inner("http")? {
        draft = draft
            .number("pending", http.number("http1MaxPendingRequests")?.as_ref())
            .number("requests", http.number("http2MaxRequests")?.as_ref())
            .number(
                "requests-per-connection",
                http.number("maxRequestsPerConnection")?.as_ref(),
            )
            .number("streams", http.number("maxConcurrentStreams")?.as_ref())
            .number("retries", http.number("maxRetries")?.as_ref());
        idle.extend(http.text("idleTimeout"));
        let policy = http
            .text("h2UpgradePolicy")
            .filter(|policy| policy.value != "DEFAULT");
        let client = http.yes("useClientProtocol").filter(|yes| yes.value);
        let word = match (&policy, &client) {
            (Some(policy), None) if policy.value == "UPGRADE" => Some(("upgrade", policy.span)),
            (Some(policy), None) => Some(("never", policy.span)),
            (None, Some(yes)) => Some(("as-client", yes.span)),
            (None, None) => None,
            (Some(policy), Some(_)) => {
                return Err(Unsaid::new(
                    "`h2UpgradePolicy` and `useClientProtocol` are both said",
                    policy.span,
                ));
            }
        };
        if let Some((word, span)) = word {
            draft.put("http2", Scalar::Text(word.to_owned()), span);
        }
        if let Some(mut alive) = http.inner("http2KeepAlive")? {
            draft = draft
                .text("ping-interval", alive.text("interval").as_ref())
                .text("ping-timeout", alive.text("timeout").as_ref());
            alive.done()?;
        }
        http.done()?;
    }
    pool.done()?;
    if let [one, other] = idle.as_slice()
        && one.value != other.value
    {
        return Err(Unsaid::new(
            "connections and requests have idle timeouts of their own",
            other.span,
        ));
    }
    Ok(draft.text("idle-timeout", idle.first()))
}

fn eject(mut outliers: Fields<'_>) -> Result<Draft, Unsaid> {
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

fn client_tls(mut tls: Fields<'_>) -> Result<Draft, Unsaid> {
    let span: Span = tls.span();
    let mode = tls.text("mode");
    let word = match mode.as_ref().map(|mode| mode.value.as_str()) {
        Some("SIMPLE") => "simple",
        Some("MUTUAL") => "mutual",
        _ => {
            return Err(Unsaid::new(
                "only TLS of modes SIMPLE and MUTUAL has a word in the language",
                span,
            ));
        }
    };
    let draft = Draft::new("tls", span)
        .arg(Scalar::Text(word.to_owned()), span)
        .text("sni", tls.text("sni").as_ref())
        .list("sans", &tls.texts("subjectAltNames")?)
        .text("ca", tls.text("caCertificates").as_ref())
        .text("crl", tls.text("caCrl").as_ref())
        .text("cert", tls.text("clientCertificate").as_ref())
        .text("key", tls.text("privateKey").as_ref())
        .yes(
            "insecure",
            tls.yes("insecureSkipVerify").filter(|yes| yes.value).as_ref(),
        );
    tls.done()?;
    Ok(draft)
}
