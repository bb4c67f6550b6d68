//! Which of the VMs are meant.

use crate::out::Target;

/// A name that no VM has.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no VM is called `{name}`{}", hint(.nearest.as_deref(), .known))]
pub struct UnknownVm {
    /// The name.
    pub name: String,
    /// One that looks like it.
    pub nearest: Option<String>,
    /// All that there are.
    pub known: Vec<String>,
}

fn hint(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None if known.is_empty() => "; the mesh has no VMs".to_owned(),
        None => format!(
            "; there are: {}",
            known.iter().take(10).cloned().collect::<Vec<_>>().join(", ")
        ),
    }
}

/// Keeps the VMs with these names, in the mesh's order; without names, all of them.
///
/// # Errors
/// For a name that no VM has: nothing is done to the others then, since a misspelt name is a misunderstanding.
pub fn select(targets: Vec<Target>, names: &[String]) -> Result<Vec<Target>, UnknownVm> {
    if let Some(name) = names
        .iter()
        .find(|name| !targets.iter().any(|target| is_called(target, name)))
    {
        return Err(unknown(name, &targets));
    }
    if names.is_empty() {
        return Ok(targets);
    }
    Ok(targets
        .into_iter()
        .filter(|target| names.iter().any(|name| is_called(target, name)))
        .collect())
}

fn is_called(target: &Target, name: &str) -> bool {
    target.name == name
        || target.bundle.vm == name
        || name.split_once('/') == Some((&target.bundle.namespace, &target.bundle.vm))
}

fn unknown(name: &str, targets: &[Target]) -> UnknownVm {
    let known: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
    let nearest = known
        .iter()
        .map(|other| (strsim::osa_distance(name, other), other))
        .filter(|(distance, _)| *distance <= 1 + name.len() / 3)
        .min()
        .map(|(_, other)| other.clone());
    UnknownVm {
        name: name.to_owned(),
        nearest,
        known,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn target(vm: &str) -> Target {
        let text = format!(
            r#"{{"format":1,"vm":"{vm}","namespace":"ns","runtime":"0","files":[],"units":[],"checks":[],"ssh":{{"host":"h"}}}}"#
        );
        Target {
            name: vm.to_owned(),
            bundle: serde_json::from_str(&text).unwrap(),
            out: PathBuf::new(),
        }
    }

    #[test]
    fn names_select_and_a_misspelt_one_is_answered_with_the_nearest() {
        let all = || vec![target("forum-1"), target("forum-2"), target("forum-db")];
        let two = select(all(), &["ns/forum-db".into(), "forum-1".into()]).unwrap();
        assert_eq!(
            two.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(),
            ["forum-1", "forum-db"]
        );
        let error = select(all(), &["form-db".into()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no VM is called `form-db`; did you mean `forum-db`?"
        );
    }
}
