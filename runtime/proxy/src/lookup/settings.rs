//! How the machine asks for names: resolv.conf(5) and hosts(5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::dns::Machine;

/// What resolv.conf says besides servers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    search: Vec<String>,
    /// Names with fewer dots are looked for in the search domains first.
    ndots: usize,
    /// How long one server is waited for.
    pub(super) timeout: Duration,
    /// Times that the list of servers is gone through.
    pub(super) attempts: usize,
}

impl Default for Settings {
    /// Those of resolv.conf(5), but for the time: who waits here is a request.
    fn default() -> Self {
        Self {
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_millis(1500),
            attempts: 2,
        }
    }
}

impl Settings {
    pub(super) fn of(machine: &Machine) -> Self {
        machine
            .resolv_conf()
            .map_or_else(Self::default, |text| Self::read(&text))
    }

    fn read(text: &str) -> Self {
        let mut settings = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                // The last line of either counts.
                Some("search") => settings.search = words.map(str::to_owned).collect(),
                Some("domain") => settings.search = words.take(1).map(str::to_owned).collect(),
                Some("options") => words.for_each(|word| settings.option(word)),
                _ => {}
            }
        }
        settings.search.retain(|domain| domain != ".");
        settings
    }

    /// With the bounds of resolv.conf(5).
    fn option(&mut self, word: &str) {
        let Some((what, value)) = word.split_once(':') else {
            return;
        };
        let Ok(value) = value.parse::<usize>() else { return };
        match what {
            "ndots" => self.ndots = value.min(15),
            "timeout" => self.timeout = Duration::from_secs(value.clamp(1, 30) as u64),
            "attempts" => self.attempts = value.clamp(1, 5),
            _ => {}
        }
    }

    /// The names that `name` may stand for, in the order in which they are asked for.
    pub(super) fn candidates(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_owned()];
        }
        let dots = name.matches('.').count();
        let inside = self.search.iter().map(|domain| format!("{name}.{domain}"));
        let mut candidates: Vec<String> = inside.collect();
        let place = if dots >= self.ndots { 0 } else { candidates.len() };
        candidates.insert(place, name.to_owned());
        candidates
    }
}

/// The addresses of `name` in the machine's list of hosts.
pub(super) fn hosts(machine: &Machine, name: &str) -> Vec<IpAddr> {
    let name = name.trim_end_matches('.');
    let mut found = of_hosts(&machine.hosts().unwrap_or_default(), name);
    // RFC 6761, 6.3: nobody is asked for it.
    if found.is_empty() && name.eq_ignore_ascii_case("localhost") {
        found = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    }
    found
}

fn of_hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(Ok(ip)) = words.next().map(str::parse::<IpAddr>) else {
            continue;
        };
        if words.any(|word| word.eq_ignore_ascii_case(name)) && !found.contains(&ip) {
            found.push(ip);
        }
    }
    // As they are asked for.
    found.sort_by_key(IpAddr::is_ipv6);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_few_dots_are_looked_for_in_the_search_domains_first() {
        let settings = Settings::read(
            "domain old.example\nsearch a.example b.example\nnameserver 10.0.0.1\noptions ndots:2 timeout:1 attempts:9\n",
        );
        assert_eq!(settings.timeout, Duration::from_secs(1));
        assert_eq!(settings.attempts, 5);
        assert_eq!(
            settings.candidates("db.x"),
            ["db.x.a.example", "db.x.b.example", "db.x"]
        );
        assert_eq!(
            settings.candidates("a.db.x"),
            ["a.db.x", "a.db.x.a.example", "a.db.x.b.example"]
        );
        assert_eq!(settings.candidates("db."), ["db."]);
    }

    #[test]
    fn hosts_have_many_names_and_many_addresses() {
        let text = "# 10.0.0.9 db\n::2 db\n10.0.0.1 x db # other\n10.0.0.2 DB\n10.0.0.2 db\nnonsense db\n";
        let found = of_hosts(text, "db");
        let expected: Vec<IpAddr> = ["10.0.0.1", "10.0.0.2", "::2"]
            .map(|ip| ip.parse().unwrap())
            .to_vec();
        assert_eq!(found, expected);
        assert_eq!(of_hosts(text, "other"), Vec::<IpAddr>::new());
    }
}
