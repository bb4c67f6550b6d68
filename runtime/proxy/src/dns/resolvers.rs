//! Who is asked about names that the mesh does not know.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use mesh_wire::NameTable;

use super::name::Name;

/// The port of name servers.
const PORT: u16 = 53;
/// systemd-resolved's own stubs: they would ask us again.
const STUBS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 53)),
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 54)),
];
/// Our own part of systemd-resolved's settings.
const OWN_DROP_IN: &str = "50-meshd.conf";

/// Where the machine says which name servers it has.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
    own: Vec<SocketAddr>,
}

impl Machine {
    /// The machine whose files lie below `root` (`/`); `own` are our own addresses, which are never asked.
    pub fn new(root: impl Into<PathBuf>, own: Vec<SocketAddr>) -> Self {
        Self {
            root: root.into(),
            own,
        }
    }

    /// The machine's servers in their order.
    ///
    /// systemd-resolved's list comes first: where it runs, `/etc/resolv.conf` names only its stub. Servers of
    /// `resolved.conf` count too, since our drop-in takes their place there.
    pub fn servers(&self) -> Vec<SocketAddr> {
        let mut servers = Vec::new();
        for text in self.texts() {
            for server in text.lines().flat_map(servers_of_line) {
                if !servers.contains(&server) && !STUBS.contains(&server.ip()) && !self.own.contains(&server)
                {
                    servers.push(server);
                }
            }
        }
        servers
    }

    /// resolv.conf as whoever manages the network writes it.
    pub(crate) fn resolv_conf(&self) -> Option<String> {
        self.resolv_confs()
            .iter()
            .find_map(|file| std::fs::read_to_string(file).ok())
    }

    /// The machine's list of hosts.
    pub(crate) fn hosts(&self) -> Option<String> {
        std::fs::read_to_string(self.root.join("etc/hosts")).ok()
    }

    fn resolv_confs(&self) -> Vec<PathBuf> {
        ["run/systemd/resolve/resolv.conf", "etc/resolv.conf"]
            .map(|file| self.root.join(file))
            .to_vec()
    }

    fn texts(&self) -> Vec<String> {
        let mut files = self.resolv_confs();
        if self.root.join("run/systemd/resolve").is_dir() {
            files.extend(self.settings());
        }
        files
            .iter()
            .filter_map(|file| std::fs::read_to_string(file).ok())
            .collect()
    }

    /// The servers that systemd-resolved would use for all links, were it not for our drop-in: `DNS=` as it is written.
    pub fn resolved_servers(&self) -> Vec<String> {
        let texts = self
            .settings()
            .into_iter()
            .filter_map(|file| std::fs::read_to_string(file).ok());
        let mut servers: Vec<String> = Vec::new();
        for text in texts {
            for value in text.lines().filter_map(|line| line.trim().strip_prefix("DNS=")) {
                if value.trim().is_empty() {
                    servers.clear();
                }
                servers.extend(value.split_whitespace().map(str::to_owned));
            }
        }
        servers
    }

    fn settings(&self) -> Vec<PathBuf> {
        let mut files = vec![self.root.join("etc/systemd/resolved.conf")];
        files.extend(drop_ins(&self.root.join("etc/systemd/resolved.conf.d")));
        files
    }
}

fn drop_ins(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|end| end == "conf") && !file.ends_with(OWN_DROP_IN))
        .collect();
    files.sort();
    files
}

/// `nameserver ADDRESS` of resolv.conf, `DNS=ADDRESS[:PORT][%IF][#NAME] …` of resolved.conf.
fn servers_of_line(line: &str) -> Vec<SocketAddr> {
    let line = line.trim();
    if let Some(rest) = line
        .strip_prefix("nameserver")
        .filter(|rest| rest.starts_with([' ', '\t']))
    {
        return rest
            .split_whitespace()
            .next()
            .and_then(server)
            .into_iter()
            .collect();
    }
    if let Some(rest) = line.strip_prefix("DNS=") {
        return rest.split_whitespace().filter_map(server).collect();
    }
    Vec::new()
}

fn server(text: &str) -> Option<SocketAddr> {
    let text = text.split(['#', '%']).next()?;
    let address = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
    address.ok().or_else(|| text.parse().ok())
}

/// All servers that are asked, by domain.
#[derive(Clone, Debug, Default)]
pub struct Resolvers {
    /// Wire form of the domain -> its servers; longest domain first.
    domains: Vec<(Vec<u8>, Vec<SocketAddr>)>,
    /// Servers of all other names.
    servers: Vec<SocketAddr>,
}

impl Resolvers {
    /// Those of the table, and those of the machine where the table names none.
    pub fn new(table: &NameTable, machine: Vec<SocketAddr>) -> Self {
        let with_port = |servers: &[IpAddr]| servers.iter().map(|ip| SocketAddr::new(*ip, PORT)).collect();
        let mut resolvers = Self::of(if table.upstream.is_empty() {
            machine
        } else {
            with_port(&table.upstream)
        });
        for (domain, servers) in &table.forward {
            resolvers = resolvers.with_domain(domain, with_port(servers));
        }
        resolvers
    }

    /// These for all names.
    pub fn of(servers: Vec<SocketAddr>) -> Self {
        Self {
            domains: Vec::new(),
            servers,
        }
    }

    /// And these for the names in `domain`.
    #[must_use]
    pub fn with_domain(mut self, domain: &str, servers: Vec<SocketAddr>) -> Self {
        match Name::parse(domain.trim_start_matches("*.")) {
            Some(name) => self.domains.push((name.as_bytes().to_vec(), servers)),
            None => tracing::warn!(%domain, "left out: this is no domain name"),
        }
        self.domains
            .sort_by_key(|(domain, _)| std::cmp::Reverse(domain.len()));
        self
    }

    /// Who is asked about `name`, in order.
    pub(crate) fn of_name(&self, name: &Name) -> &[SocketAddr] {
        let own = self
            .domains
            .iter()
            .find(|(domain, _)| name.suffixes().any(|suffix| suffix == domain));
        own.map_or(&self.servers, |(_, servers)| servers)
    }

    /// Nobody can be asked.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty() && self.domains.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn stubs_our_own_addresses_and_our_drop_in_are_never_asked() {
        let root = std::env::temp_dir().join(format!("mesh-resolvers-{}", std::process::id()));
        write(
            &root,
            "etc/resolv.conf",
            "search x\nnameserver 127.0.0.53\nnameserver\t10.0.0.2 # office\n",
        );
        write(
            &root,
            "run/systemd/resolve/resolv.conf",
            "nameserver 10.0.0.1\nnameserver 10.0.0.2\n",
        );
        write(
            &root,
            "etc/systemd/resolved.conf",
            "[Resolve]\n#DNS=8.8.8.8\nDNS=10.0.0.3#dns.x 127.0.0.1:15053\n",
        );
        write(
            &root,
            "etc/systemd/resolved.conf.d/50-meshd.conf",
            "[Resolve]\nDNS=10.9.9.9\n",
        );
        let machine = Machine::new(&root, vec!["127.0.0.1:15053".parse().unwrap()]);
        let servers: Vec<String> = machine.servers().iter().map(ToString::to_string).collect();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(servers, ["10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53"]);
    }

    #[test]
    fn the_longest_domain_decides() {
        let [all, corp, eu] = ["10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53"].map(|at| at.parse().unwrap());
        let resolvers = Resolvers::of(vec![all])
            .with_domain("corp.example", vec![corp])
            .with_domain("eu.corp.example", vec![eu]);
        let of = |name: &str| resolvers.of_name(&Name::parse(name).unwrap()).to_vec();
        assert_eq!(of("www.example"), [all]);
        assert_eq!(of("git.corp.example"), [corp]);
        assert_eq!(of("corp.example"), [corp]);
        assert_eq!(of("xcorp.example"), [all]);
        assert_eq!(of("git.eu.corp.example"), [eu]);
    }
}
