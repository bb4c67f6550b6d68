use std::net::IpAddr;

use super::Unasked;

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What the client speaks.
    pub scheme: Scheme,
    /// A name or an address, lower case.
    pub host: String,
    /// The port; `None` is that of the scheme or of the service.
    pub port: Option<u16>,
    /// The path, which begins with `/`.
    pub path: String,
    /// Behind the `?`.
    pub query: String,
}

/// What the client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Requests.
    Http,
    /// TLS of its own, with the host as its SNI.
    Tls,
    /// Bytes.
    Tcp,
    /// What the service's port is declared to speak.
    AsDeclared,
}

impl Target {
    /// Reads a URL, `host:port` or a host.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Unasked> {
        let bad = |why: &str| Unasked::Target {
            text: text.to_owned(),
            why: why.to_owned(),
        };
        let (scheme, rest) = match text.split_once("://") {
            None => (Scheme::AsDeclared, text),
            Some(("http" | "grpc", rest)) => (Scheme::Http, rest),
            Some(("https" | "tls", rest)) => (Scheme::Tls, rest),
            Some(("tcp", rest)) => (Scheme::Tcp, rest),
            Some(_) => return Err(bad("its scheme is not http, https, grpc, tls or tcp")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(at);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, port) = split(authority).ok_or_else(|| bad("its port is no number from 1 to 65535"))?;
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '@') {
            return Err(bad("it names no host"));
        }
        Ok(Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
            path: if path.is_empty() {
                "/".to_owned()
            } else {
                path.to_owned()
            },
            query: query.to_owned(),
        })
    }

    /// The address, where the host is one.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.trim_matches(['[', ']']).parse().ok()
    }

    /// The port that clients dial for the scheme.
    pub(super) const fn usual_port(&self) -> Option<u16> {
        match self.scheme {
            Scheme::Http => Some(80),
            Scheme::Tls => Some(443),
            Scheme::Tcp | Scheme::AsDeclared => None,
        }
    }

    /// The host as clients write it into a request to `port`.
    pub(super) fn authority(&self, port: u16) -> String {
        match (self.scheme, port) {
            (Scheme::Http | Scheme::AsDeclared, 80) | (Scheme::Tls, 443) => self.host.clone(),
            _ => format!("{}:{port}", self.host),
        }
    }
}

/// Host and port of `host`, `host:port`, `[v6]:port` or an address of IPv6 alone.
fn split(authority: &str) -> Option<(String, Option<u16>)> {
    if let Ok(address) = authority.parse::<std::net::Ipv6Addr>() {
        return Some((format!("[{address}]"), None));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
            Some((host.to_owned(), Some(port)))
        }
        _ => Some((authority.to_owned(), None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Scheme, String, Option<u16>, String, String) {
        let target = Target::parse(text).unwrap();
        (target.scheme, target.host, target.port, target.path, target.query)
    }

    fn parts(
        scheme: Scheme,
        host: &str,
        port: Option<u16>,
        path: &str,
        query: &str,
    ) -> (Scheme, String, Option<u16>, String, String) {
        (scheme, host.to_owned(), port, path.to_owned(), query.to_owned())
    }

    #[test]
    fn urls_addresses_and_names_are_read() {
        assert_eq!(
            read("http://WebApp:8080/api?a=1#x"),
            parts(Scheme::Http, "webapp", Some(8080), "/api", "a=1")
        );
        assert_eq!(
            read("https://a.example.com"),
            parts(Scheme::Tls, "a.example.com", None, "/", "")
        );
        assert_eq!(
            read("forum-db:3306"),
            parts(Scheme::AsDeclared, "forum-db", Some(3306), "/", "")
        );
        assert_eq!(
            read("tcp://[2001:db8::1]:22"),
            parts(Scheme::Tcp, "[2001:db8::1]", Some(22), "/", "")
        );
        assert_eq!(read("2001:db8::1").2, None);
        assert_eq!(
            Target::parse("tcp://[2001:db8::1]:22").unwrap().address(),
            "2001:db8::1".parse().ok()
        );
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in ["", "http://", "ftp://a", "a:b", "a:0", "http://user@a/", "a b"] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }
}
