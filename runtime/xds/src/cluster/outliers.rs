//! When an endpoint is left out for a while.

use mesh_wire::Millis;
use mesh_wire::cluster::Outliers;
use serde_json::json;

use crate::reader::Reader;

/// Envoy's defaults are filled in: five failures, ten seconds, half a minute, ten percent.
pub(super) fn read(cluster: &mut Reader<'_>, statuses: Vec<u16>) -> Option<Outliers> {
    let mut detection = cluster.message("outlier_detection")?;
    let enforced = |detection: &mut Reader<'_>, name: &str, default: u32| {
        let percent = detection.number(name).unwrap_or(default);
        if percent > 0 && percent < 100 {
            detection.tell(name, &json!(percent), "what is found is always enforced");
        }
        percent > 0
    };
    let failures = detection.number("consecutive_5xx").unwrap_or(5);
    let consecutive_5xx = enforced(&mut detection, "enforcing_consecutive_5xx", 100).then_some(failures);
    let gateway = detection.number("consecutive_gateway_failure").unwrap_or(5);
    let consecutive_gateway =
        enforced(&mut detection, "enforcing_consecutive_gateway_failure", 0).then_some(gateway);
    for rate in ["enforcing_success_rate", "enforcing_failure_percentage"] {
        // Istio switches both off. The first is on where nothing is said.
        let on = u32::from(rate == "enforcing_success_rate") * 100;
        if detection.number(rate).unwrap_or(on) > 0 {
            detection.tell(
                rate,
                &json!(on),
                "endpoints are not compared by their shares of failures",
            );
        }
    }
    let split = detection.flag("split_external_local_origin_errors") == Some(true);
    let local = detection.number("consecutive_local_origin_failure").unwrap_or(5);
    detection.given("enforcing_consecutive_local_origin_failure", &[json!(100)]);
    for name in [
        "enforcing_local_origin_success_rate",
        "enforcing_failure_percentage_local_origin",
    ] {
        detection.given(name, &[json!(0)]);
    }
    // Envoy's own bound.
    detection.given("max_ejection_time", &[json!("300s")]);
    Some(Outliers {
        consecutive_5xx,
        consecutive_gateway,
        interval: detection.span("interval").unwrap_or(Millis(10_000)),
        ejection: detection.span("base_ejection_time").unwrap_or(Millis(30_000)),
        max_percent: detection.number("max_ejection_percent").unwrap_or(10),
        consecutive_local: split.then_some(local),
        statuses,
    })
}
