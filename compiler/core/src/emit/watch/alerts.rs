use serde_json::{Value, json};

use super::targets::JOB;

/// An alert: name, for how long, how bad, expression, summary.
type Alert = (&'static str, &'static str, &'static str, String, &'static str);

/// Groups of rules, as `promtool check rules` reads them. They stand on nothing but what meshd (`meshd_*`,
/// `istio_agent_dns_*`), Istio's agent (`istio_agent_cert_expiry_seconds`) and both kinds of proxies
/// (`istio_requests_total`) export.
pub(super) fn groups() -> Value {
    json!([
        { "name": "mesh-vms", "rules": rules(&machines()) },
        { "name": "mesh-certificates", "rules": rules(&certificates()) },
        { "name": "mesh-services", "rules": rules(&services()) },
    ])
}

fn machines() -> Vec<Alert> {
    vec![
        (
            "MeshVmDown",
            "2m",
            "critical",
            format!("up{{job=\"{JOB}\"}} == 0"),
            "{{ $labels.vm }} in {{ $labels.namespace }} does not answer on 15090",
        ),
        (
            "MeshVmNotReady",
            "2m",
            "critical",
            "meshd_ready == 0".to_owned(),
            "meshd on {{ $labels.vm }} runs and does not serve: ask it with meshd status",
        ),
        (
            "MeshVmNotCaptured",
            "1m",
            "critical",
            "meshd_capture_up == 0".to_owned(),
            "Traffic of {{ $labels.vm }} goes round the mesh: its rules are gone, or not as they were loaded",
        ),
        (
            "MeshVmSnapshotRefused",
            "1m",
            "warning",
            "meshd_snapshot_refused == 1".to_owned(),
            "{{ $labels.vm }} serves with the snapshot before: meshd status says why the newest was refused",
        ),
        (
            "MeshVmIdentityRefused",
            "1m",
            "critical",
            "meshd_identity_refused == 1".to_owned(),
            "{{ $labels.vm }} serves with the certificate before: meshd status says why the newest was refused",
        ),
        (
            "MeshVmDnsFailing",
            "5m",
            "warning",
            "rate(istio_agent_dns_upstream_failures_total[5m]) \
             / (rate(istio_agent_dns_upstream_requests_total[5m]) > 0) > 0.1"
                .to_owned(),
            "More than a tenth of the questions that {{ $labels.vm }} passes on get no answer",
        ),
    ]
}

/// Certificates of Istio live a day and are renewed at half of it: with six hours left, renewing fails for long.
fn certificates() -> Vec<Alert> {
    let ends = |metric: &str| format!("{metric} < 6 * 3600");
    vec![
        (
            "MeshVmCertificateEnds",
            "5m",
            "critical",
            ends("meshd_certificate_seconds"),
            "The certificate of {{ $labels.vm }} ends in {{ $value | humanizeDuration }}",
        ),
        (
            "MeshPodCertificateEnds",
            "5m",
            "critical",
            ends("istio_agent_cert_expiry_seconds"),
            "The certificate of {{ $labels.pod }} ends in {{ $value | humanizeDuration }}",
        ),
    ]
}

fn services() -> Vec<Alert> {
    let by = "destination_service_name, destination_service_namespace";
    let rate = |more: &str| {
        format!("sum by ({by}) (rate(istio_requests_total{{reporter=\"destination\"{more}}}[5m]))")
    };
    vec![(
        "MeshServiceFails",
        "5m",
        "warning",
        format!("{} / ({} > 0) > 0.05", rate(",response_code=~\"5..\""), rate("")),
        "{{ $value | humanizePercentage }} of the requests to {{ $labels.destination_service_name }}.\
         {{ $labels.destination_service_namespace }} fail with 5xx",
    )]
}

fn rules(alerts: &[Alert]) -> Vec<Value> {
    let rule = |(name, time, severity, expression, summary): &Alert| {
        json!({
            "alert": name,
            "expr": expression,
            "for": time,
            "labels": { "severity": severity },
            "annotations": { "summary": summary },
        })
    };
    alerts.iter().map(rule).collect()
}
