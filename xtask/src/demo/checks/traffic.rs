//! Traffic through the mesh, both ways.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::demo::stage::Stage;

/// The VM's request comes through the gateway, and the pod's Envoy knows who asks.
pub(crate) fn vm_to_pod(stage: &Stage) -> Result<String> {
    let script = "curl --silent --show-error --max-time 10 --write-out '\\n%{http_code}' http://webapp:8080/api/catalog";
    let said = stage.sh("forum-vm-1", script)?;
    let (body, code) = said.rsplit_once('\n').context("curl said nothing")?;
    ensure!(code == "200", "the status is {code}: {body}");
    let catalog: Value = serde_json::from_str(body)?;
    let xfcc = catalog["xfcc"]
        .as_str()
        .context("the pod saw no x-forwarded-client-cert")?;
    let expected = "URI=spiffe://cluster.local/ns/istioinaction/sa/forum";
    ensure!(xfcc.contains(expected), "the pod's Envoy reports {xfcc}");
    Ok(format!("200, and the pod's Envoy reports {expected}"))
}

/// The forum's own page shows posts, which it reads from the database on another VM; both ends count it.
pub(crate) fn vm_to_vm(stage: &Stage) -> Result<String> {
    let page = stage.sh(
        "forum-vm-1",
        "curl --silent --show-error --fail --max-time 10 http://127.0.0.1:8080/api/posts",
    )?;
    let posts: Value = serde_json::from_str(&page)?;
    let count = posts["posts"].as_array().map_or(0, Vec::len);
    ensure!(count > 0, "there are no posts: {page}");
    let metrics = stage.sh(
        "forum-db-1",
        "curl --silent --fail http://127.0.0.1:15090/stats/prometheus",
    )?;
    let counted = metrics.lines().any(|line| {
        line.starts_with("istio_tcp_connections_opened_total")
            && line.contains("source_principal=\"spiffe://cluster.local/ns/istioinaction/sa/forum\"")
            && line.contains("connection_security_policy=\"mutual_tls\"")
    });
    ensure!(
        counted,
        "forum-db-1 has not counted a connection of forum over mutual TLS"
    );
    Ok(format!("{count} posts, read over mutual TLS"))
}

/// MariaDB speaks first; a pod asks it.
pub(crate) fn pod_to_vm_tcp(stage: &Stage) -> Result<String> {
    let query = "mariadb --connect-timeout=10 --host=forum-db --user=forum --password=forum --skip-column-names --batch \
                 forum --execute 'select count(*) from posts'";
    let answer = stage.sh("webapp", query)?;
    let count: u32 = answer
        .trim()
        .parse()
        .with_context(|| format!("the database said {answer:?}"))?;
    ensure!(count > 0, "the table is empty");
    Ok(format!("{count} posts in forum-db"))
}

const REQUESTS: usize = 360;

/// All three VMs serve, by their weights 110, 120, 130.
pub(crate) fn pod_to_vm_http(stage: &Stage) -> Result<String> {
    let url = format!("http://forum:8080/api/posts?[1-{REQUESTS}]");
    let script = format!("curl --silent --show-error --fail --max-time 60 --write-out '\\n' '{url}'");
    let said = stage.sh("webapp", &script)?;
    let mut served: BTreeMap<String, usize> = BTreeMap::new();
    for line in said.lines().filter(|line| !line.is_empty()) {
        let answer: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let by = answer["served_by"]
            .as_str()
            .context("an answer without served_by")?;
        *served.entry(by.to_owned()).or_default() += 1;
    }
    ensure!(
        served.values().sum::<usize>() == REQUESTS,
        "some requests have no answer: {served:?}"
    );
    for (vm, weight) in [("forum-vm-1", 110), ("forum-vm-2", 120), ("forum-vm-3", 130)] {
        let share = served.get(vm).copied().unwrap_or_default() as f64 / REQUESTS as f64;
        let expected = f64::from(weight) / 360.0;
        // Four standard deviations of a fair draw: a balancer that ignores weights would still pass, one that starves a VM not.
        let allowed = 4.0 * (expected * (1.0 - expected) / REQUESTS as f64).sqrt();
        ensure!(
            (share - expected).abs() <= allowed,
            "{vm} served {share:.2} of {REQUESTS}, {expected:.2} expected: {served:?}"
        );
    }
    Ok(format!("{served:?}"))
}
