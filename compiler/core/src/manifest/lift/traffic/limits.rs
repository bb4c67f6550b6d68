use super::super::draft::Draft;
use super::super::fields::{Fields, Unsaid};
use crate::diag::Spanned;
use crate::syntax::Scalar;

/// `connectionPool`.
pub(super) fn limits(mut pool: Fields<'_>) -> Result<Draft, Unsaid> {
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
