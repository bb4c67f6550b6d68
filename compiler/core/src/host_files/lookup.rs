//! The small files that say how names are found: `/etc/hosts`, `/etc/resolv.conf`, `/etc/nsswitch.conf`.

use std::net::IpAddr;

use super::part::Part;
use crate::diag::Spanned;

/// `/etc/hosts`.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    /// Names, in order.
    pub(crate) entries: Vec<Host>,
}

/// A name that has an address.
#[derive(Debug)]
pub(crate) struct Host {
    /// The name, in lower case.
    pub(crate) name: Spanned<String>,
}

impl Hosts {
    pub(crate) fn read(part: Part<'_>) -> Self {
        let mut entries = Vec::new();
        for line in part.lines() {
            let mut words = words(line);
            let Some(address) = words.next() else { continue };
            if address.text.parse::<IpAddr>().is_err() {
                continue;
            }
            entries.extend(words.map(|name| {
                let mut name = name.spanned();
                name.value.make_ascii_lowercase();
                Host { name }
            }));
        }
        Self { entries }
    }

    /// The entry of `name`.
    pub(crate) fn find(&self, name: &str) -> Option<&Host> {
        self.entries
            .iter()
            .find(|host| host.name.value.eq_ignore_ascii_case(name))
    }
}

/// `/etc/resolv.conf`.
#[derive(Debug, Default)]
pub(crate) struct Resolv {
    /// The servers that are asked.
    pub(crate) servers: Vec<Spanned<IpAddr>>,
}

impl Resolv {
    pub(crate) fn read(part: Part<'_>) -> Self {
        let servers = part.lines().filter_map(|line| {
            let mut words = words(line);
            words.next().filter(|key| key.text == "nameserver")?;
            let server = words.next()?;
            Some(Spanned {
                value: server.text.parse().ok()?,
                span: server.spanned().span,
            })
        });
        Self {
            servers: servers.collect(),
        }
    }
}

/// The line `hosts:` of `/etc/nsswitch.conf`.
#[derive(Debug, Default)]
pub(crate) struct Switch {
    /// What is asked for hosts, in order, without what to do then.
    pub(crate) hosts: Vec<Spanned<String>>,
}

impl Switch {
    pub(crate) fn read(part: Part<'_>) -> Self {
        for line in part.lines() {
            let line = line.trim();
            if let Some(rest) = line.text.strip_prefix("hosts:") {
                let rest = line.slice(line.text.len() - rest.len()..line.text.len());
                let words = words(rest).filter(|word| !word.text.starts_with('['));
                return Self {
                    hosts: words.map(|word| word.spanned()).collect(),
                };
            }
        }
        Self::default()
    }
}

/// The words of a line, up to a comment.
fn words(line: Part<'_>) -> impl Iterator<Item = Part<'_>> {
    let end = line.text.find('#').unwrap_or(line.text.len());
    line.slice(0..end).split(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::FileId;

    #[test]
    fn names_and_servers_are_found() {
        let part = |text| Part::whole(text, FileId(0));
        let hosts = Hosts::read(part(
            "127.0.0.1 localhost\n203.0.113.10\tIstiod.istio-system.svc a # b\n",
        ));
        let istiod = hosts.find("istiod.istio-system.svc").unwrap();
        assert_eq!(istiod.name.span.start, 33);
        assert!(hosts.find("b").is_none());
        let resolv = Resolv::read(part("# x\nnameserver 127.0.0.53\noptions edns0\n"));
        assert_eq!(resolv.servers[0].value.to_string(), "127.0.0.53");
        let switch = Switch::read(part(
            "passwd: files\nhosts: files resolve [!UNAVAIL=return] dns\n",
        ));
        let named: Vec<_> = switch.hosts.iter().map(|word| word.value.as_str()).collect();
        assert_eq!(named, ["files", "resolve", "dns"]);
    }
}
