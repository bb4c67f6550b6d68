//! How one machine is reached: the spec's words, and the operator's configuration for what it does not say.

use std::path::PathBuf;

use mesh_wire::bundle::Ssh as Wanted;

use super::Operator;
use crate::ssh_config::Settings;

/// One machine, and all that is needed to log in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address that is dialled.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The login.
    pub user: String,
    /// Key files, in the order in which they are tried.
    pub identities: Vec<PathBuf>,
    /// Nothing but these key files is tried.
    pub identities_only: bool,
    /// The agent's socket.
    pub agent: Option<PathBuf>,
    /// Files of known host keys; new keys go into the first.
    pub known_hosts: Vec<PathBuf>,
    /// What a host key is called in them, where it is not the host.
    pub alias: Option<String>,
    /// What happens with a key that is not in them.
    pub strictness: Strictness,
    /// Hosts that the connection goes through, the nearest first.
    pub jumps: Vec<Self>,
    /// A command that is the connection.
    pub command: Option<String>,
}

/// What happens with a host key that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// It is refused.
    Strict,
    /// It is remembered; one that has changed is refused.
    AcceptNew,
    /// Nothing is checked.
    Off,
}

/// The configuration cannot be followed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// A port that is none.
    #[error("`{0}` is no port, in the SSH configuration for `{1}`")]
    Port(String, String),
    /// Jump hosts that lead back to where they began.
    #[error("the jump hosts of `{0}` lead in a circle")]
    Circle(String),
}

/// The keys that OpenSSH tries by itself.
const DEFAULT_IDENTITIES: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

impl Endpoint {
    /// Spec first, then the configuration, then defaults.
    pub(super) fn resolve(
        operator: &Operator,
        vm: Option<&str>,
        wanted: &Wanted,
    ) -> Result<Self, EndpointError> {
        resolve(operator, vm, wanted, 0)
    }

    /// `user@host:port`, for messages.
    pub fn describe(&self) -> String {
        if self.port == 22 {
            return format!("{}@{}", self.user, self.host);
        }
        format!("{}@{}", self.user, self.address())
    }

    /// `[host]:port`, or `host` where the port is the usual one: the form of known_hosts (sshd(8)).
    pub(super) fn known_name(&self) -> String {
        match &self.alias {
            Some(alias) => alias.clone(),
            None if self.port == 22 => self.host.clone(),
            None => format!("[{}]:{}", self.host, self.port),
        }
    }

    pub(super) fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// The configuration may know the machine by its VM's name as well as by its address.
fn resolve(
    operator: &Operator,
    vm: Option<&str>,
    wanted: &Wanted,
    depth: usize,
) -> Result<Endpoint, EndpointError> {
    if depth > 8 {
        return Err(EndpointError::Circle(wanted.host.clone()));
    }
    let user = wanted.user.as_deref().unwrap_or(&operator.user);
    let names: Vec<&str> = vm.into_iter().chain([wanted.host.as_str()]).collect();
    let settings = operator.config.resolve(&names, user);
    let user = wanted
        .user
        .as_deref()
        .or(settings.get("user"))
        .unwrap_or(&operator.user)
        .to_owned();
    let host = settings
        .get("hostname")
        .map_or_else(|| wanted.host.clone(), |name| name.replace("%h", &wanted.host));
    let port = match (wanted.port, settings.get("port")) {
        (Some(port), _) => port,
        (None, None) => 22,
        (None, Some(text)) => text
            .parse()
            .map_err(|_| EndpointError::Port(text.to_owned(), wanted.host.clone()))?,
    };
    let tokens = Tokens {
        operator,
        original: &wanted.host,
        host: &host,
        port,
        user: &user,
    };
    let command = settings.get("proxycommand").filter(|command| *command != "none");
    let jump = wanted
        .via
        .as_deref()
        .or_else(|| settings.get("proxyjump"))
        .filter(|jump| *jump != "none");
    let jumps = jump.map_or_else(|| Ok(Vec::new()), |jump| jumps(operator, jump, depth))?;
    Ok(Endpoint {
        identities: identities(&tokens, &settings),
        identities_only: settings.yes("identitiesonly"),
        agent: agent(&tokens, &settings),
        known_hosts: known_hosts(&tokens, &settings),
        alias: settings.get("hostkeyalias").map(str::to_owned),
        strictness: strictness(operator, &settings),
        command: command
            .filter(|_| jumps.is_empty())
            .map(|command| tokens.expand(command)),
        jumps,
        host: host.clone(),
        port,
        user: user.clone(),
    })
}

/// `[user@]host[:port]`, several of them with commas between. A jump host's own jump hosts come before it.
fn jumps(operator: &Operator, list: &str, depth: usize) -> Result<Vec<Endpoint>, EndpointError> {
    let mut all = Vec::new();
    for hop in list.split(',').map(str::trim) {
        let hop = hop.strip_prefix("ssh://").unwrap_or(hop);
        let (user, place) = hop
            .rsplit_once('@')
            .map_or((None, hop), |(user, place)| (Some(user), place));
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':')),
            None => match place.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') => (host, Some(port)),
                _ => (place, None),
            },
        };
        let port = port.map(|text| {
            text.parse()
                .map_err(|_| EndpointError::Port(text.to_owned(), hop.to_owned()))
        });
        let wanted = Wanted {
            host: host.to_owned(),
            user: user.map(str::to_owned),
            port: port.transpose()?,
            via: None,
        };
        let mut endpoint = resolve(operator, None, &wanted, depth + 1)?;
        // Only the first one is reached in its own way, the next ones through the one before.
        let before = std::mem::take(&mut endpoint.jumps);
        if all.is_empty() {
            all.extend(before);
        }
        all.push(endpoint);
    }
    Ok(all)
}

struct Tokens<'a> {
    operator: &'a Operator,
    original: &'a str,
    host: &'a str,
    port: u16,
    user: &'a str,
}

impl Tokens<'_> {
    /// The tokens of ssh_config(5) that name a place or a person.
    fn expand(&self, text: &str) -> String {
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('h') => out.push_str(self.host),
                Some('n') => out.push_str(self.original),
                Some('p') => out.push_str(&self.port.to_string()),
                Some('r') => out.push_str(self.user),
                Some('u') => out.push_str(&self.operator.user),
                Some('d') => out.push_str(&self.operator.home.to_string_lossy()),
                Some('%') => out.push('%'),
                Some(other) => out.extend(['%', other]),
                None => out.push('%'),
            }
        }
        out
    }

    fn path(&self, text: &str) -> PathBuf {
        let text = self.expand(text);
        match text.strip_prefix("~/") {
            Some(below) => self.operator.home.join(below),
            None => PathBuf::from(text),
        }
    }
}

fn identities(tokens: &Tokens<'_>, settings: &Settings) -> Vec<PathBuf> {
    let named: Vec<PathBuf> = settings
        .identities()
        .iter()
        .map(|text| tokens.path(text))
        .collect();
    if !named.is_empty() {
        return named;
    }
    DEFAULT_IDENTITIES
        .iter()
        .map(|name| tokens.operator.home.join(".ssh").join(name))
        .collect()
}

fn agent(tokens: &Tokens<'_>, settings: &Settings) -> Option<PathBuf> {
    match settings.get("identityagent") {
        Some("none") => None,
        Some("SSH_AUTH_SOCK") | None => tokens.operator.agent.clone(),
        Some(path) => Some(tokens.path(path)),
    }
}

fn known_hosts(tokens: &Tokens<'_>, settings: &Settings) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = match settings.all("userknownhostsfile") {
        [] => ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]
            .map(|name| tokens.path(name))
            .into(),
        named => named
            .iter()
            .filter(|name| *name != "none")
            .map(|name| tokens.path(name))
            .collect(),
    };
    match settings.all("globalknownhostsfile") {
        [] => files.push(PathBuf::from("/etc/ssh/ssh_known_hosts")),
        named => files.extend(named.iter().map(|name| tokens.path(name))),
    }
    files
}

/// `ask` is strict: nobody can be asked in the middle of fifty machines.
fn strictness(operator: &Operator, settings: &Settings) -> Strictness {
    match settings
        .get("stricthostkeychecking")
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("no" | "off") => Strictness::Off,
        Some("accept-new") => Strictness::AcceptNew,
        _ if operator.accept_new => Strictness::AcceptNew,
        _ => Strictness::Strict,
    }
}

#[cfg(test)]
mod tests;
