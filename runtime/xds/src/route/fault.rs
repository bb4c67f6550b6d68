//! Faults on purpose, and requests of other origins.

use mesh_wire::Millis;
use mesh_wire::route::{Cors, Fault, FaultAbort, FaultDelay, PerMillion};
use serde_json::json;

use super::forward::share;
use crate::matcher;
use crate::reader::Reader;

pub(super) fn fault(mut fault: Reader<'_>) -> Fault {
    Fault {
        delay: fault.message("delay").and_then(|mut delay| {
            Some(FaultDelay {
                delay: delay.span("fixed_delay")?,
                share: delay.message("percentage").map_or(PerMillion(0), share),
            })
        }),
        abort: fault.message("abort").map(|mut abort| FaultAbort {
            status: abort.number("http_status"),
            grpc_status: abort.number("grpc_status"),
            share: abort.message("percentage").map_or(PerMillion(0), share),
        }),
    }
}

/// Envoy passes preflights of other origins on where nothing else is said.
pub(super) fn cors(mut policy: Reader<'_>) -> Cors {
    if let Some(enabled) = policy.message("filter_enabled") {
        switched_on(enabled);
    }
    let origins = policy.messages("allow_origin_string_match").into_iter();
    let seconds = policy.some_text("max_age");
    let max_age = seconds.as_deref().map(str::parse::<u64>);
    if let Some(Err(_)) = max_age {
        policy.tell("max_age", &json!(seconds), "no number of seconds");
    }
    Cors {
        allow_origins: origins.filter_map(matcher::string).collect(),
        allow_methods: listed(&policy.text("allow_methods")),
        allow_headers: listed(&policy.text("allow_headers")),
        expose_headers: listed(&policy.text("expose_headers")),
        max_age: max_age.and_then(Result::ok).map(Millis::from_secs),
        allow_credentials: policy.flag("allow_credentials") == Some(true),
        forward_unmatched_preflights: policy.flag("forward_not_matching_preflights") != Some(false),
    }
}

/// For all requests, or it is told.
fn switched_on(mut enabled: Reader<'_>) {
    enabled.skip("runtime_key");
    if let Some(part) = enabled.message("default_value") {
        let part = share(part);
        if part != PerMillion(1_000_000) {
            enabled.tell("default_value", &json!(part), "the rule is for all requests");
        }
    }
}

fn listed(text: &str) -> Vec<String> {
    let all = text.split(',').map(str::trim).filter(|one| !one.is_empty());
    all.map(str::to_owned).collect()
}
