//! Bounds on what is under way.

use mesh_wire::cluster::{Limits, RetryBudget};

use crate::reader::Reader;

/// Bounds of the cluster on top of those of its HTTP options.
pub(super) fn read(cluster: &mut Reader<'_>, of_http: Limits) -> Limits {
    let Some(mut breakers) = cluster.message("circuit_breakers") else {
        return of_http;
    };
    let mut all = breakers.messages("thresholds").into_iter();
    let Some(mut bounds) = all.next() else {
        return of_http;
    };
    bounds.skip("track_remaining");
    // Those of a priority that no route of Istio uses.
    all.for_each(|other| other.refuse_all("bounds of one priority are known"));
    Limits {
        connections: bound(&mut bounds, "max_connections"),
        pending: bound(&mut bounds, "max_pending_requests"),
        requests: bound(&mut bounds, "max_requests"),
        retries: bound(&mut bounds, "max_retries"),
        retry_budget: bounds.message("retry_budget").map(budget),
        ..of_http
    }
}

/// The largest number means that there is no bound.
fn bound(bounds: &mut Reader<'_>, name: &str) -> Option<u32> {
    bounds.number(name).filter(|number| *number != u32::MAX)
}

/// Envoy's defaults are filled in: 20 percent, three at least.
fn budget(mut budget: Reader<'_>) -> RetryBudget {
    let percent = budget
        .message("budget_percent")
        .and_then(|mut percent| percent.double("value"));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a percentage"
    )]
    let percent = percent.unwrap_or(20.0).clamp(0.0, 100.0) as u8;
    RetryBudget {
        percent,
        at_least: budget.number("min_retry_concurrency").unwrap_or(3),
        interval: budget.span("budget_interval").unwrap_or_default(),
    }
}
