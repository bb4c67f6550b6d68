//! What machines resolve.

use anyhow::{Result, ensure};

use crate::demo::stage::Stage;

const VM: &str = "forum-vm-1";

/// Three spellings of one host, by the C library through systemd-resolved and by a DNS client.
pub(crate) fn of_the_mesh(stage: &Stage) -> Result<String> {
    let spellings = [
        "webapp",
        "webapp.istioinaction",
        "webapp.istioinaction.svc.cluster.local",
    ];
    let mut answers = Vec::new();
    for name in spellings {
        answers.push(by_library(stage, name)?);
        answers.push(by_client(stage, name)?);
    }
    answers.sort();
    answers.dedup();
    ensure!(answers.len() == 1, "the answers differ: {answers:?}");
    ensure!(!answers[0].is_empty(), "there is no answer");
    Ok(format!(
        "{} spellings, one answer: {}",
        spellings.len(),
        answers[0]
    ))
}

/// A name outside of the mesh comes from the machine's own DNS.
pub(crate) fn of_the_public(stage: &Stage) -> Result<String> {
    let name = "www.example.org";
    let (library, client) = (by_library(stage, name)?, by_client(stage, name)?);
    ensure!(
        !library.is_empty() && library == client,
        "getent says {library:?}, dig says {client:?}"
    );
    let missing = stage.sh(VM, "getent hosts no-such-name.example.org || echo none")?;
    ensure!(
        missing == "none",
        "a name that does not exist resolves to {missing}"
    );
    Ok(format!("{name} is {library}"))
}

fn by_library(stage: &Stage, name: &str) -> Result<String> {
    stage.sh(
        VM,
        &format!("getent ahostsv4 {name} | awk '{{print $1}}' | sort -u"),
    )
}

/// `+search`, since a single word is no name to DNS without the search domains of resolv.conf.
fn by_client(stage: &Stage, name: &str) -> Result<String> {
    stage.sh(
        VM,
        &format!("dig +search +short A {name} | grep -v '[a-z]' | sort -u"),
    )
}
