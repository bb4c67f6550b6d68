use super::iptables;

/// What kind of file of a machine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `cluster.env`, `sidecar.env`: variables for `istio-start.sh`.
    Env,
    /// MeshConfig, in YAML.
    Mesh,
    /// A unit of systemd or a drop-in of one.
    Unit,
    /// A configuration of systemd-resolved.
    Resolved,
    /// Rules of iptables or ip6tables.
    Iptables,
    /// Rules of nft, which are not looked into.
    Nft,
    /// `/etc/hosts`.
    Hosts,
    /// `/etc/resolv.conf`.
    Resolv,
    /// `/etc/nsswitch.conf`.
    Switch,
    /// A script of the shell.
    Script,
    /// Queries of Prometheus.
    Queries,
}

/// Ends of names of systemd's units.
const UNITS: &[&str] = &["service", "socket", "target", "timer", "path", "mount", "slice"];

impl Kind {
    /// What the file at `path` is by its name and its text; `None` if it is none of a machine's, such as an object of
    /// Kubernetes.
    pub fn of(path: &str, text: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or_default();
        let name = name.strip_suffix(".golden").unwrap_or(name);
        let end = name.rsplit_once('.').map_or("", |(_, end)| end);
        let named = match name {
            "hosts" => Some(Self::Hosts),
            "resolv.conf" => Some(Self::Resolv),
            "nsswitch.conf" => Some(Self::Switch),
            "resolved.conf" => Some(Self::Resolved),
            "nftables.conf" => Some(Self::Nft),
            "mesh" | "mesh.yaml" | "mesh.yml" if !is_object(text) => Some(Self::Mesh),
            _ => match end {
                "env" => Some(Self::Env),
                "sh" | "bash" => Some(Self::Script),
                "nft" => Some(Self::Nft),
                "promql" => Some(Self::Queries),
                "yaml" | "yml" => (has_line(text, "defaultConfig:") || is_metadata(text))
                    .then_some(Self::Mesh)
                    .filter(|_| !is_object(text)),
                "kdl" | "json" | "md" => return None,
                _ if UNITS.contains(&end) => Some(Self::Unit),
                _ => None,
            },
        };
        named.or_else(|| Self::of_text(text, end))
    }

    /// By the text alone, where the name says nothing.
    fn of_text(text: &str, end: &str) -> Option<Self> {
        if ["yaml", "yml"].contains(&end) || is_object(text) {
            return None;
        }
        let mut lines = text.lines().map(str::trim);
        let first =
            lines.find(|line| !line.is_empty() && (!line.starts_with('#') || line.starts_with("#!")))?;
        if first.starts_with("#!") {
            return first.ends_with("sh").then_some(Self::Script);
        }
        if iptables::looks_so(text) {
            return Some(Self::Iptables);
        }
        if (first.starts_with("table ") && first.ends_with('{')) || first == "flush ruleset" {
            return Some(Self::Nft);
        }
        if first == "[Resolve]" {
            return Some(Self::Resolved);
        }
        if ["[Unit]", "[Service]", "[Socket]", "[Install]", "[Timer]"].contains(&first) {
            return Some(Self::Unit);
        }
        if has_line(text, "defaultConfig:") {
            return Some(Self::Mesh);
        }
        let variable = first
            .split_once('=')
            .is_some_and(|(name, _)| super::known::is_agents(name));
        variable.then_some(Self::Env)
    }
}

/// Nothing but variables of the agent, as in `proxyMetadata`.
fn is_metadata(text: &str) -> bool {
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '-']));
    let mut names = lines
        .map(|line| line.split(':').next().unwrap_or_default())
        .peekable();
    names.peek().is_some() && names.all(super::known::is_agents)
}

/// A line begins with `start`.
fn has_line(text: &str, start: &str) -> bool {
    text.lines().any(|line| line.starts_with(start))
}

/// It is an object of Kubernetes, whatever its name.
fn is_object(text: &str) -> bool {
    has_line(text, "apiVersion:") || has_line(text, "kind:") || text.trim_start().starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_name_or_by_text() {
        for (path, text, kind) in [
            ("vm/cluster.env", "", Some(Kind::Env)),
            ("cluster.env.golden", "A=b", Some(Kind::Env)),
            ("mesh.yaml", "defaultConfig: {}", Some(Kind::Mesh)),
            ("mesh.yaml", "apiVersion: v1\nkind: ConfigMap\n", None),
            ("etc/istio/config/mesh", "", Some(Kind::Mesh)),
            ("x.yaml", "a: b", None),
            (
                "dns.yaml",
                "# x\nISTIO_META_DNS_CAPTURE: \"true\"\n",
                Some(Kind::Mesh),
            ),
            ("istio.service", "", Some(Kind::Unit)),
            (
                "istio.service.d/limits.conf",
                "# x\n[Service]\nA=b",
                Some(Kind::Unit),
            ),
            ("resolved.conf.d/mesh.conf", "[Resolve]\n", Some(Kind::Resolved)),
            (
                "rules.v4",
                "# Generated by iptables-save\n*nat\n",
                Some(Kind::Iptables),
            ),
            ("rules", "* nat\n-N ISTIO_INBOUND\n", Some(Kind::Iptables)),
            ("bootstrap", "#!/bin/bash\necho", Some(Kind::Script)),
            ("-", "ISTIO_INBOUND_PORTS=8080\n", Some(Kind::Env)),
            ("root-cert.pem", "-----BEGIN CERTIFICATE-----\n", None),
            ("README.md", "# x\n", None),
            ("spec.kdl", "mesh a", None),
        ] {
            assert_eq!(Kind::of(path, text), kind, "{path}");
        }
    }
}
