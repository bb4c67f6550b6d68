//! Forwarding.

use mesh_wire::Millis;
use mesh_wire::route::{
    Forward, HashPolicy, HeaderEdits, Mirror, PathRewrite, PerMillion, Retry, WeightedCluster,
};
use serde_json::json;

use super::edits;
use crate::matcher;
use crate::reader::Reader;

/// Envoy's `timeout` where none is said.
const TIMEOUT: Millis = Millis(15_000);

/// To one cluster, without anything else.
pub(super) fn to(cluster: &str) -> Forward {
    Forward {
        clusters: vec![whole(cluster.to_owned())],
        timeout: Millis(0),
        retry: None,
        path_rewrite: None,
        host_rewrite: None,
        mirrors: Vec::new(),
        hash: Vec::new(),
    }
}

/// `None` where it goes to no cluster that is known.
pub(super) fn read(mut action: Reader<'_>) -> Option<Forward> {
    let clusters = match action.some_text("cluster") {
        Some(cluster) => vec![whole(cluster)],
        None => shares(action.message("weighted_clusters")?),
    };
    let timeout = action.span("timeout").unwrap_or(TIMEOUT);
    bounds(&mut action, timeout);
    let mirrors = action.messages("request_mirror_policies").into_iter();
    let mirrors = mirrors.filter_map(mirror).collect();
    let hash = action.messages("hash_policy").into_iter();
    let hash = hash.filter_map(hash_policy).collect();
    Some(Forward {
        clusters,
        timeout,
        retry: action.message("retry_policy").map(retry),
        path_rewrite: rewrite(&mut action, "prefix_rewrite"),
        host_rewrite: action.some_text("host_rewrite_literal"),
        mirrors,
        hash,
    })
    .filter(|forward| !forward.clusters.is_empty())
}

/// What Istio says beside the timeout: that of gRPC is the same, and streams have none.
fn bounds(action: &mut Reader<'_>, timeout: Millis) {
    let said = action.span("max_grpc_timeout");
    if let Some(other) = said.filter(|said| *said != timeout) {
        action.tell(
            "max_grpc_timeout",
            &json!(other),
            "requests of gRPC have the timeout of all",
        );
    }
    let none = json!("0s");
    let streams = json!({"max_stream_duration": none, "grpc_timeout_header_max": none});
    action.given("max_stream_duration", &[streams]);
}

fn whole(cluster: String) -> WeightedCluster {
    WeightedCluster {
        cluster,
        weight: 1,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    }
}

fn shares(mut weighted: Reader<'_>) -> Vec<WeightedCluster> {
    weighted.skip("total_weight");
    let shares = weighted.messages("clusters").into_iter();
    let share = |mut share: Reader<'_>| {
        let cluster = share.some_text("name")?;
        let (request_headers, response_headers) = edits::both(&mut share);
        Some(WeightedCluster {
            cluster,
            weight: share.number("weight").unwrap_or(0),
            request_headers,
            response_headers,
        })
    };
    shares.filter_map(share).collect()
}

/// What the path becomes; `prefix` is the field with what replaces the matched prefix.
pub(super) fn rewrite(action: &mut Reader<'_>, prefix: &str) -> Option<PathRewrite> {
    if let Some(mut regex) = action.message("regex_rewrite") {
        return Some(PathRewrite::Regex {
            pattern: regex.message("pattern").map(matcher::regex).unwrap_or_default(),
            substitution: regex.text("substitution"),
        });
    }
    action
        .has(prefix)
        .then(|| PathRewrite::Prefix(action.text(prefix)))
}

fn mirror(mut mirror: Reader<'_>) -> Option<Mirror> {
    mirror.given("trace_sampled", &[json!(false)]);
    mirror.given("disable_shadow_host_suffix_append", &[json!(true)]);
    let share = mirror.message("runtime_fraction").and_then(|mut fraction| {
        fraction.skip("runtime_key");
        fraction.message("default_value")
    });
    Some(Mirror {
        cluster: mirror.some_text("cluster")?,
        share: share.map_or(PerMillion(1_000_000), self::share),
    })
}

/// `FractionalPercent`.
pub(super) fn share(mut fraction: Reader<'_>) -> PerMillion {
    let part: u32 = fraction.number("numerator").unwrap_or(0);
    let denominator = fraction.word("denominator");
    PerMillion(match denominator.as_deref() {
        Some("MILLION") => part,
        Some("TEN_THOUSAND") => part.saturating_mul(100),
        _ => part.saturating_mul(10_000),
    })
}

fn hash_policy(mut policy: Reader<'_>) -> Option<HashPolicy> {
    if let Some(mut cookie) = policy.message("cookie") {
        return Some(HashPolicy::Cookie {
            name: cookie.text("name"),
            path: cookie.some_text("path"),
            ttl: cookie.span("ttl"),
        });
    }
    if let Some(mut header) = policy.message("header") {
        return Some(HashPolicy::Header(header.text("header_name")));
    }
    if let Some(mut query) = policy.message("query_parameter") {
        return Some(HashPolicy::Query(query.text("name")));
    }
    let mut connection = policy.message("connection_properties")?;
    (connection.flag("source_ip") == Some(true)).then_some(HashPolicy::SourceIp)
}

/// Envoy's defaults are filled in: one more try, one look for another endpoint.
fn retry(mut policy: Reader<'_>) -> Retry {
    let on = policy.text("retry_on");
    let on = on.split(',').map(str::trim).filter(|on| !on.is_empty());
    let mut retry = Retry {
        on: on.map(str::to_owned).collect(),
        attempts: policy.number("num_retries").unwrap_or(1),
        per_try_timeout: policy.span("per_try_timeout").unwrap_or_default(),
        host_selection_attempts: policy.number("host_selection_retry_max_attempts").unwrap_or(1),
        ..Retry::default()
    };
    for code in policy.numbers("retriable_status_codes") {
        match u16::try_from(code) {
            Ok(code) => retry.status_codes.push(code),
            Err(_) => policy.tell("retriable_status_codes", &json!(code), "no status"),
        }
    }
    for mut predicate in policy.messages("retry_host_predicate") {
        predicate.skip("name");
        match predicate.message("typed_config") {
            Some(config) if config.is("PreviousHostsPredicate") => retry.other_endpoint = true,
            Some(config) => config.refuse_all("a choice of endpoints that is not known"),
            None => {}
        }
    }
    if let Some(mut priority) = policy.message("retry_priority") {
        priority.skip("name");
        match priority.message("typed_config") {
            Some(mut config) if config.is("PreviousPrioritiesConfig") => {
                // After every try.
                config.given("update_frequency", &[json!(1), json!(2)]);
                retry.other_locality = true;
            }
            Some(config) => config.refuse_all("a choice of localities that is not known"),
            None => {}
        }
    }
    if let Some(mut back_off) = policy.message("retry_back_off") {
        retry.back_off = back_off.span("base_interval").unwrap_or_default();
        // Envoy's bound, where none is said.
        let longest = back_off.span("max_interval");
        let usual = Millis(retry.back_off.0.saturating_mul(10));
        if let Some(longest) = longest.filter(|longest| *longest != usual) {
            back_off.tell(
                "max_interval",
                &json!(longest),
                "tries wait at most ten times the base",
            );
        }
    }
    retry
}
