//! Which host a name means, in the order of Istio's agent (`LookupTable.lookupHost`).

use super::name::Name;
use super::names::{Host, Names};

/// What a name means.
pub(crate) struct Found<'a> {
    /// The host.
    pub(crate) host: Host<'a>,
    /// The name was expanded by a search domain: this is the name before that, to be told as CNAME.
    pub(crate) canonical: Option<Name>,
}

impl Names {
    /// The host that `name` means; `None` where the mesh does not know it.
    pub(crate) fn find(&self, name: &Name) -> Option<Found<'_>> {
        if let Some(host) = self.plain(name) {
            return Some(Found {
                host,
                canonical: None,
            });
        }
        // A resolver that tries its search domains first asks for `host.<ns>.svc.<domain>`. Saying at once what
        // `host` is spares it the other domains.
        let expanded = self.search.first.as_ref().and_then(|domain| name.strip(domain));
        if let Some(short) = expanded
            && let Some(host) = self.plain(&short).or_else(|| self.wildcard(&short))
        {
            return Some(Found {
                host,
                canonical: Some(short),
            });
        }
        self.wildcard(name).map(|host| Found {
            host,
            canonical: None,
        })
    }

    /// The host of this very name, or of the Kubernetes service that it is short for.
    fn plain(&self, name: &Name) -> Option<Host<'_>> {
        self.exact(name.as_bytes()).or_else(|| self.service(name))
    }

    /// `name` in the VM's own namespace, `name.ns` and `name.ns.svc` everywhere.
    fn service(&self, name: &Name) -> Option<Host<'_>> {
        let domain = match name.labels() {
            1 => self
                .search
                .first
                .as_ref()
                .filter(|_| self.search.services.is_some())?,
            2 => self.search.services.as_ref()?,
            3 if name.as_bytes().ends_with(b"\x03svc") => self.search.cluster.as_ref()?,
            _ => return None,
        };
        let full = name.join(domain)?;
        self.exact(full.as_bytes()).filter(|host| host.kubernetes)
    }

    /// The host of the longest wildcard that covers `name`.
    fn wildcard(&self, name: &Name) -> Option<Host<'_>> {
        if !self.has_wildcards() {
            return None;
        }
        let mut wild = [0_u8; 257];
        wild[..2].copy_from_slice(b"\x01*");
        name.suffixes().skip(1).find_map(|domain| {
            let end = 2 + domain.len();
            wild.get_mut(2..end)?.copy_from_slice(domain);
            self.exact(wild.get(..end)?)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use mesh_wire::NameTable;
    use mesh_wire::snapshot::NameEntry;

    use super::*;

    fn table(hosts: &[(&str, &str, bool)]) -> Names {
        Names::compile(&wire(hosts))
    }

    fn wire(hosts: &[(&str, &str, bool)]) -> NameTable {
        let hosts = hosts.iter().map(|(host, address, kubernetes)| {
            let addresses = vec![address.parse::<IpAddr>().unwrap()];
            (
                (*host).to_owned(),
                NameEntry {
                    addresses,
                    kubernetes: *kubernetes,
                },
            )
        });
        let search = ["forum.svc.cluster.local", "svc.cluster.local", "cluster.local"];
        NameTable {
            hosts: hosts.collect(),
            search: search.map(str::to_owned).to_vec(),
            ..NameTable::default()
        }
    }

    fn find(names: &Names, name: &str) -> Option<(String, Option<String>)> {
        let found = names.find(&Name::parse(name).unwrap())?;
        let address = found.host.v4.first().map(ToString::to_string).unwrap_or_default();
        Some((address, found.canonical.map(|name| name.to_string())))
    }

    #[test]
    fn a_service_answers_to_its_short_names() {
        let names = table(&[
            ("webapp.forum.svc.cluster.local", "240.0.0.1", true),
            ("db.data.svc.cluster.local", "240.0.0.2", true),
            ("ext.forum.svc.cluster.local", "240.0.0.3", false),
        ]);
        for short in [
            "webapp",
            "webapp.forum",
            "WEBAPP.forum.svc",
            "webapp.forum.svc.cluster.local",
        ] {
            assert_eq!(
                find(&names, short),
                Some(("240.0.0.1".to_owned(), None)),
                "{short}"
            );
        }
        assert_eq!(find(&names, "db.data"), Some(("240.0.0.2".to_owned(), None)));
        assert_eq!(
            find(&names, "db"),
            None,
            "a name alone means the VM's own namespace"
        );
        assert_eq!(
            find(&names, "ext.forum"),
            None,
            "only hosts of Kubernetes have short names"
        );
    }

    #[test]
    fn an_expanded_name_tells_what_it_stands_for() {
        let names = table(&[
            ("api.example.com", "240.0.0.1", false),
            ("db.data.svc.cluster.local", "240.0.0.2", true),
        ]);
        let expanded = find(&names, "api.example.com.forum.svc.cluster.local");
        assert_eq!(
            expanded,
            Some(("240.0.0.1".to_owned(), Some("api.example.com.".to_owned())))
        );
        let expanded = find(&names, "db.data.forum.svc.cluster.local");
        assert_eq!(
            expanded,
            Some(("240.0.0.2".to_owned(), Some("db.data.".to_owned())))
        );
        assert_eq!(
            find(&names, "api.example.com.cluster.local"),
            None,
            "only the first domain expands"
        );
    }

    #[test]
    fn the_longest_wildcard_wins_and_does_not_cover_its_own_domain() {
        let names = table(&[
            ("*.example.com", "240.0.0.1", false),
            ("*.eu.example.com", "240.0.0.2", false),
        ]);
        assert_eq!(
            find(&names, "a.b.example.com"),
            Some(("240.0.0.1".to_owned(), None))
        );
        assert_eq!(
            find(&names, "a.eu.example.com"),
            Some(("240.0.0.2".to_owned(), None))
        );
        assert_eq!(find(&names, "example.com"), None);
    }

    proptest::proptest! {
        /// What `meshc trace` says of a name is what is answered.
        #[test]
        fn the_compiler_finds_the_same(
            hosts in proptest::collection::btree_map("(\\*\\.)?[ab](\\.[ab]|\\.svc|\\.forum\\.svc\\.cluster\\.local){0,2}", proptest::bool::ANY, 0..6),
            name in "[abAB](\\.[ab]|\\.svc|\\.forum|\\.forum\\.svc\\.cluster\\.local){0,3}",
        ) {
            let addresses: Vec<String> = (0..hosts.len()).map(|at| format!("240.0.0.{}", at + 1)).collect();
            let rows: Vec<_> = hosts
                .iter()
                .zip(&addresses)
                .map(|((host, kubernetes), address)| (host.as_str(), address.as_str(), *kubernetes))
                .collect();
            let answered = find(&table(&rows), &name).map(|(address, _)| address);
            let wire = wire(&rows);
            let told = mesh_compiler::query::wire::name::find(&wire, &name);
            let told = told.map(|found| found.entry.addresses[0].to_string());
            proptest::prop_assert_eq!(answered, told);
        }
    }

    #[test]
    fn a_table_of_a_hundred_thousand_names_finds_each() {
        let hosts: Vec<(String, String)> = (0..100_000_u32)
            .map(|at| {
                (
                    format!("svc-{at}.ns-{}.svc.cluster.local", at % 50),
                    std::net::Ipv4Addr::from(at).to_string(),
                )
            })
            .collect();
        let rows: Vec<(&str, &str, bool)> = hosts.iter().map(|(host, at)| (&**host, &**at, true)).collect();
        let names = table(&rows);
        assert_eq!(names.len(), 100_000);
        for (host, address) in &hosts {
            assert_eq!(find(&names, host).map(|found| found.0).as_ref(), Some(address));
        }
    }
}
