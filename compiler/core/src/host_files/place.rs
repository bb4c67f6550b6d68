/// Where a file lies on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What tells its machine from others: the folder above.
    pub(crate) machine: String,
    /// Its path on the machine, if the folders say it: `/etc/istio/config/mesh`.
    pub(crate) path: Option<String>,
    /// Its own name.
    pub(crate) name: String,
    /// The unit that a drop-in is for: `istio.service`.
    pub(crate) drop_in_of: Option<String>,
}

/// Folders of a machine's root, and what must lie in them to be taken for such.
const ROOTS: &[(&str, &[&str])] = &[
    (
        "etc",
        &[
            "istio",
            "certs",
            "systemd",
            "hosts",
            "resolv.conf",
            "nsswitch.conf",
            "iptables",
            "nftables.conf",
            "meshd",
        ],
    ),
    ("lib", &["systemd"]),
    ("usr", &["lib", "local"]),
    ("var", &["lib", "run"]),
    ("run", &["systemd", "secrets"]),
    ("root", &[".kube"]),
];

impl Place {
    /// Of the path that the user gave.
    pub(crate) fn of(path: &str) -> Self {
        let parts: Vec<_> = path.split('/').collect();
        let root = (0..parts.len()).find(|at| {
            let next = parts.get(at + 1);
            let is = |(root, within): &&(&str, &[&str])| {
                *root == parts[*at] && next.is_some_and(|next| within.contains(next))
            };
            ROOTS.iter().any(|root| is(&root))
        });
        let (folders, name) = parts.split_at(parts.len() - 1);
        let drop_in = folders.last().and_then(|folder| folder.strip_suffix(".d"));
        let machine = match root {
            Some(at) => &parts[..at],
            None if drop_in.is_some() => &folders[..folders.len() - 1],
            None => folders,
        };
        Self {
            machine: machine.join("/"),
            path: root.map(|at| format!("/{}", parts[at..].join("/"))),
            name: name.concat(),
            drop_in_of: drop_in.map(str::to_owned),
        }
    }

    /// It has the name of one of the agent's env files.
    pub(crate) fn is_of_agent(&self) -> bool {
        ["cluster.env", "sidecar.env"]
            .iter()
            .any(|name| self.name.starts_with(name))
    }

    /// Of a file that a script of `machine` writes at `path`.
    pub(crate) fn written(machine: &str, path: &str) -> Self {
        let own = Self::of(path);
        Self {
            machine: machine.to_owned(),
            path: path.starts_with('/').then(|| path.to_owned()),
            ..own
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_tell_machines_apart() {
        for (path, machine, on_machine) in [
            ("vm-1/cluster.env", "vm-1", None),
            (
                "vm-1/etc/istio/config/mesh.yaml",
                "vm-1",
                Some("/etc/istio/config/mesh.yaml"),
            ),
            ("/etc/hosts", "", Some("/etc/hosts")),
            (
                "var/lib/istio/envoy/cluster.env",
                "",
                Some("/var/lib/istio/envoy/cluster.env"),
            ),
            ("vm-1/istio.service.d/limits.conf", "vm-1", None),
            ("cluster.env", "", None),
        ] {
            let place = Place::of(path);
            assert_eq!(
                (place.machine.as_str(), place.path.as_deref()),
                (machine, on_machine),
                "{path}"
            );
        }
        let drop_in = Place::written("vm", "/etc/systemd/system/istio.service.d/a.conf");
        assert_eq!(drop_in.drop_in_of.as_deref(), Some("istio.service"));
        assert_eq!(drop_in.machine, "vm");
    }
}
