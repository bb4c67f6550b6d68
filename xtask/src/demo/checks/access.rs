//! Who does not get in.

use anyhow::{Result, ensure};

use crate::demo::stage::Stage;

/// Plaintext from outside of the mesh is refused, on HTTP and on the database.
pub(crate) fn strict(stage: &Stage) -> Result<String> {
    let http = "curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' http://10.10.0.25:8080/api/posts; echo \" exit $?\"";
    let said = stage.sh("outsider", http)?;
    ensure!(
        said.starts_with("000 exit"),
        "the forum answered plaintext: {said}"
    );
    ensure!(
        !said.contains("exit 28"),
        "the connection hangs instead of being refused"
    );
    let database = "mariadb --connect-timeout=5 --host=10.10.0.30 --user=forum --password=forum --execute 'select 1' 2>&1; echo \"exit $?\"";
    let said = stage.sh("outsider", database)?;
    ensure!(
        !said.contains("exit 0"),
        "the database answered plaintext: {said}"
    );
    // The same machines are reachable: what refuses is the mesh, not the network.
    stage.sh(
        "outsider",
        "curl --silent --fail --max-time 5 http://10.10.0.25:15021/healthz/ready",
    )?;
    Ok("HTTP and MariaDB are closed to plaintext".to_owned())
}

/// A workload of the mesh with the wrong identity is refused, and the refusal is logged with its name.
pub(crate) fn denied(stage: &Stage) -> Result<String> {
    let http = "curl --silent --max-time 10 --write-out '\\n%{http_code}' http://forum:8080/api/posts";
    let said = stage.sh("intruder", http)?;
    ensure!(
        said.contains("RBAC: access denied") && said.ends_with("403"),
        "the forum said: {said}"
    );
    let database = "mariadb --connect-timeout=5 --host=forum-db --user=forum --password=forum --execute 'select 1' 2>&1; echo \"exit $?\"";
    let said = stage.sh("intruder", database)?;
    ensure!(!said.contains("exit 0"), "the database let it in: {said}");
    let who = "spiffe://cluster.local/ns/istioinaction/sa/intruder";
    let log = "journalctl --unit meshd.service --no-pager --output cat";
    let forums = ["forum-vm-1", "forum-vm-2", "forum-vm-3"];
    let logged = forums
        .iter()
        .any(|vm| stage.sh(vm, log).is_ok_and(|text| refusal(&text, who)));
    ensure!(logged, "no forum VM has logged the refusal of {who}");
    ensure!(
        refusal(&stage.sh("forum-db-1", log)?, who),
        "forum-db-1 has not logged the refusal of {who}"
    );
    Ok(format!("403 and a closed connection for {who}, logged"))
}

fn refusal(log: &str, who: &str) -> bool {
    log.lines()
        .any(|line| line.contains(who) && line.contains("denied"))
}
