mod misfit;

use mesh_wire::Millis;

use super::item::Typed;
use super::{http, text};
use crate::diag::{Code, Span, Spanned, list};
use crate::syntax::{Scalar, Value};

/// What a value has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ty {
    /// Any text.
    Text,
    /// Any text, also an empty one.
    AnyText,
    /// The key of a label or annotation.
    LabelKey,
    /// The value of a label.
    LabelValue,
    /// The name of a variable of the environment.
    EnvName,
    /// The name of an HTTP header.
    HeaderName,
    /// The name of a kernel's setting; `/` between its parts.
    SysctlName,
    /// A unit of systemd.
    Unit,
    /// A SHA-256 digest.
    Digest,
    /// An amount of memory, in bytes.
    Bytes,
    /// Time of processors, in hundredths of one.
    CpuShare,
    /// A text, a number, `#true` or `#false`.
    Scalar,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `#true` or `#false`.
    Bool,
    /// A whole number within bounds.
    Count {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// One of these numbers.
    Number(&'static [u64]),
    /// A name that Kubernetes takes (RFC 1123 label).
    Name,
    /// The name of a Service: it begins with a letter (RFC 1035 label).
    ServiceName,
    /// The mesh's own: names with dots between.
    MeshName,
    /// Istio's cluster ID.
    ClusterName,
    /// A port's name (IANA service name).
    PortName,
    /// A DNS name.
    Domain,
    /// A DNS name that may begin with `*.`.
    Host,
    /// `1.31`, `1.31.2`.
    Version,
    /// 1 to 65535.
    Port,
    /// Ports, by comma.
    Ports,
    /// The same, or one of these words.
    PortsOr(&'static [&'static str]),
    /// `30s`, `500ms`, `1h30m`.
    Duration,
    /// A duration of whole seconds.
    Seconds,
    /// `50%`.
    Percent,
    /// `0.1%`, as millionths.
    Share,
    /// Names of HTTP headers, by comma; `*` is all.
    HeaderNames,
    /// A host with or without a port.
    Authority,
    /// DNS names that may begin with `*.`, by comma.
    Hosts,
    /// Origins of web pages, by comma.
    Origins,
    /// Conditions of retries and status codes, by comma.
    RetryOn,
    /// An address.
    Ip,
    /// Addresses, by comma.
    Ips,
    /// A range of addresses.
    Cidr,
    /// Ranges, by comma.
    Cidrs,
    /// The same, or one of these words.
    CidrsOr(&'static [&'static str]),
    /// Users or groups of a machine, by name or number, by comma.
    Owners,
    /// Network interfaces, by comma; `*` at the end stands for anything.
    Interfaces,
    /// Addresses or host names, by comma.
    Addresses,
    /// `region/zone/subzone`.
    Locality,
    /// A path of a URL.
    Path,
    /// Paths with a `*` at either end, by comma.
    Paths,
    /// HTTP methods, by comma.
    Methods,
    /// Services, accounts, `namespace/*`, `*` or SPIFFE IDs, by comma.
    Callers,
    /// Any texts, by comma.
    Texts,
    /// Addresses or ranges, by comma.
    IpBlocks,
    /// Host names with a `*` at either end, by comma.
    HostPatterns,
    /// `http://` or `https://`.
    Url,
    /// A JSON Web Key Set with public keys.
    Jwks,
    /// Names as of [`Ty::Name`], by comma.
    Names,
    /// Names in a certificate: DNS names or URIs, by comma.
    Sans,
    /// HTTP statuses, by comma.
    Statuses,
    /// A number with a fraction, more than 0.
    Decimal,
    /// A port's number or name.
    Target,
    /// `region/zone/subzone`, where a `*` may stand at the end.
    Place,
    /// The key of a label, `KEY=VALUE` for one value.
    LabelChoice,
}

/// Why a value does not fit.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) code: &'static Code,
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Ty {
    /// What is expected, for people.
    pub fn describe(self) -> String {
        let text = match self {
            Self::Word(words) => return list(words.iter().copied()),
            Self::Count {
                min,
                max: 2_147_483_647,
            } => return format!("a whole number, {min} or more"),
            Self::Count { min, max } => return format!("a whole number from {min} to {max}"),
            Self::Number(numbers) => {
                let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
                return list(numbers.iter().map(String::as_str));
            }
            Self::Text | Self::AnyText => "a text",
            Self::LabelKey => "a key, such as team or example.com/team",
            Self::LabelValue => "a label's value: at most 63 letters, digits, `-`, `_` and `.`",
            Self::EnvName => "the name of a variable, such as SECRET_TTL",
            Self::SysctlName => "the name of a kernel's setting, such as net.core.somaxconn",
            Self::Digest => "a SHA-256 digest of 64 hexadecimal digits",
            Self::Unit => "a unit of systemd, such as app.service",
            Self::Bytes => "an amount of memory, such as \"128MiB\"",
            Self::CpuShare => "time of processors, such as \"50%\" or \"200%\"",
            Self::HeaderName => "the name of a header, such as x-probe",
            Self::PortsOr(words) => {
                return format!("{} or ports, such as \"8080,9090\"", some_of(words));
            }
            Self::CidrsOr(words) => {
                return format!("{} or ranges, such as \"10.0.0.0/8\"", some_of(words));
            }
            Self::Owners => "users or groups by name or number, such as \"www-data,1000\"",
            Self::Interfaces => "network interfaces, such as \"eth1,docker*\"",
            Self::Scalar => "a text, a number, #true or #false",
            Self::Bool => "#true or #false",
            Self::Name => "a name of lower-case letters, digits and `-`",
            Self::ServiceName => "a name of lower-case letters, digits and `-` that begins with a letter",
            Self::MeshName => "a name of lower-case letters, digits, `-` and `.`",
            Self::ClusterName => "a name of letters, digits, `-`, `_` and `.`",
            Self::PortName => {
                "a port's name: at most 15 lower-case letters, digits and `-`, one of them a letter"
            }
            Self::Domain => "a DNS name, such as example.com",
            Self::Host => "a host name, such as api.example.com or *.example.com",
            Self::Version => "a release, such as \"1.31\"",
            Self::Port => "a port from 1 to 65535",
            Self::Ports => "ports, such as \"8080,9090\"",
            Self::Duration => "a duration, such as \"30s\", \"500ms\" or \"1h30m\"",
            Self::Seconds => "a duration of whole seconds, such as \"5s\"",
            Self::Percent => "a share, such as \"50%\"",
            Self::Share => "a share, such as \"5%\" or \"0.1%\"",
            Self::HeaderNames => "names of headers, such as \"content-type,x-token\"",
            Self::Authority => "a host, such as api.example.com or \"api.example.com:8080\"",
            Self::Hosts => "host names, such as \"a.example.com,*.example.org\"",
            Self::Origins => "origins, such as \"https://shop.example\" or \"https://*.example.com\"",
            Self::RetryOn => "conditions, such as \"5xx,reset,503\"",
            Self::Ip => "an address, such as \"10.10.0.25\"",
            Self::Ips => "addresses, such as \"10.0.0.53,10.0.0.54\"",
            Self::Cidr => "a range of addresses, such as \"10.10.0.0/24\"",
            Self::Cidrs => "ranges of addresses, such as \"10.10.0.0/24,fd00::/64\"",
            Self::Addresses => "addresses or host names, such as \"203.0.113.10\"",
            Self::Locality => "a place, such as \"region/zone\"",
            Self::Path => "a path, such as \"/health\"",
            Self::Paths => "paths, such as \"/health,/api/*\"",
            Self::Methods => "HTTP methods, such as \"GET,POST\"",
            Self::Callers => "callers, such as webapp, \"ops/backup\" or \"ops/*\"",
            Self::Texts => "texts, by comma",
            Self::IpBlocks => "addresses or ranges, such as \"10.0.0.0/8,192.0.2.7\"",
            Self::HostPatterns => "host names, such as \"api.example.com,*.example.com:8080\"",
            Self::Url => "a URL, such as \"https://accounts.example.com/keys\"",
            Self::Jwks => "a JSON Web Key Set of public keys",
            Self::Names => "names, such as \"forum,ops\"",
            Self::Sans => {
                "names in a certificate, such as \"api.example.com\" or \"spiffe://example.com/api\""
            }
            Self::Statuses => "HTTP statuses from 100 to 599, such as \"429,503\"",
            Self::Decimal => "a number above 0, such as 1.5",
            Self::Target => "a port from 1 to 65535, or the name of one",
            Self::Place => "a place, such as us-west, \"us-west/a\" or \"us-west/*\"",
            Self::LabelChoice => "the key of a label, such as topology.istio.io/network or \"version=v1\"",
        };
        text.to_owned()
    }

    /// Several may be written, also by repeating the property.
    pub const fn is_list(self) -> bool {
        matches!(
            self,
            Self::Ports
                | Self::PortsOr(_)
                | Self::Ips
                | Self::Cidrs
                | Self::CidrsOr(_)
                | Self::Owners
                | Self::Interfaces
                | Self::Addresses
                | Self::Paths
                | Self::Methods
                | Self::Callers
                | Self::Texts
                | Self::IpBlocks
                | Self::HostPatterns
                | Self::Names
                | Self::Sans
                | Self::Statuses
                | Self::HeaderNames
                | Self::Hosts
                | Self::Origins
                | Self::RetryOn
        )
    }

    /// `value` as this type.
    pub(super) fn read(self, value: &Value) -> Result<Typed, Misfit> {
        match (&value.scalar, self) {
            (Scalar::Null | Scalar::List | Scalar::Mapping | Scalar::Absent, Self::Scalar) => {
                Err(self.misfit(value))
            }
            (scalar, Self::Scalar) => Ok(Typed::Text(scalar.to_string())),
            (Scalar::Bool(value), Self::Bool) => Ok(Typed::Bool(*value)),
            (
                Scalar::Integer(number),
                Self::Port
                | Self::Count { .. }
                | Self::Number(_)
                | Self::Ports
                | Self::PortsOr(_)
                | Self::Target
                | Self::Statuses
                | Self::Decimal,
            ) => self.number(*number).ok_or_else(|| self.misfit(value)),
            (Scalar::Float(number), Self::Decimal) => text::decimal(number)
                .map(Typed::Decimal)
                .ok_or_else(|| self.misfit(value)),
            (Scalar::Integer(number), Self::Owners) => u32::try_from(*number)
                .map(|id| {
                    Typed::Texts(vec![Spanned {
                        value: id.to_string(),
                        span: value.span,
                    }])
                })
                .map_err(|_| self.misfit(value)),
            (Scalar::Integer(code), Self::RetryOn) => self.text(&code.to_string(), value),
            (Scalar::Text(content), _) => self.text(content, value),
            _ => Err(self.misfit(value)),
        }
    }

    fn number(self, number: i128) -> Option<Typed> {
        let number = u64::try_from(number).ok()?;
        match self {
            Self::Count { min, max } => (min..=max).contains(&number).then_some(Typed::Number(number)),
            Self::Number(numbers) => numbers.contains(&number).then_some(Typed::Number(number)),
            Self::Port | Self::Target => text::port_number(number).map(|port| Typed::Number(port.into())),
            Self::Ports | Self::PortsOr(_) => text::port_number(number).map(|port| Typed::Ports(vec![port])),
            Self::Statuses => text::status(number).map(|status| Typed::Ports(vec![status])),
            Self::Decimal => u32::try_from(number)
                .ok()
                .filter(|number| *number > 0)
                .map(|number| Typed::Decimal(number.into())),
            _ => None,
        }
    }

    fn text(self, content: &str, value: &Value) -> Result<Typed, Misfit> {
        let found = match self {
            Self::Text => (!content.is_empty()).then(|| Typed::Text(content.to_owned())),
            Self::AnyText => Some(Typed::Text(content.to_owned())),
            Self::LabelKey => name(content, text::is_label_key),
            Self::LabelValue => name(content, text::is_label_value),
            Self::EnvName => name(content, text::is_env_name),
            Self::HeaderName => name(content, text::is_header_name),
            Self::SysctlName => text::machine::sysctl_name(content).map(Typed::Text),
            Self::Unit => name(content, text::machine::is_unit),
            Self::Digest => name(content, text::machine::is_digest),
            Self::Bytes => text::machine::bytes(content).map(Typed::Number),
            Self::CpuShare => text::machine::cpu_share(content).map(Typed::Number),
            Self::Bool | Self::Count { .. } | Self::Number(_) | Self::Port | Self::Decimal => None,
            Self::PortsOr(words) | Self::CidrsOr(words) if words.contains(&content) => {
                Some(Typed::Text(content.to_owned()))
            }
            Self::Target => name(content, text::is_port_name),
            Self::Place => name(content, text::is_place),
            Self::LabelChoice => name(content, text::is_label_choice),
            Self::Word(words) => words.contains(&content).then(|| Typed::Text(content.to_owned())),
            Self::Duration => text::duration(content).map(Typed::Time),
            Self::Seconds => text::duration(content)
                .filter(|time| time.0 % 1000 == 0 && time.0 > 0)
                .map(Typed::Time),
            Self::Percent => text::percent(content).map(Typed::Number),
            Self::Share => http::share(content).map(Typed::Number),
            Self::Authority => name(content, http::is_authority),
            Self::Ip => content.parse().ok().map(Typed::Ip),
            Self::Cidr => text::cidr(content).map(|range| Typed::Ranges(vec![range])),
            Self::Locality => text::locality(content).map(Typed::Locality),
            Self::Name => name(content, text::is_label),
            Self::ServiceName => name(content, text::is_service_name),
            Self::MeshName | Self::Domain => name(content, text::is_domain),
            Self::ClusterName => name(content, text::is_label_value),
            Self::PortName => name(content, text::is_port_name),
            Self::Host => name(content, text::is_host),
            Self::Version => name(content, text::is_version),
            Self::Url => name(content, text::is_url),
            Self::Jwks => name(content, text::is_jwks),
            Self::Path => name(content, |path| {
                path.starts_with('/') && !path.contains([' ', '*', '?', '#'])
            }),
            _ => return self.many(content, value),
        };
        found.ok_or_else(|| self.misfit(value))
    }

    /// Lists: each part with a place of its own.
    fn many(self, content: &str, value: &Value) -> Result<Typed, Misfit> {
        let parts = text::parts(content, value.span);
        if parts.is_empty() {
            return Err(self.misfit(value));
        }
        match self {
            Self::Ports | Self::PortsOr(_) => self
                .each(parts, |text| text.parse().ok().and_then(text::port_number))
                .map(Typed::Ports),
            Self::Statuses => self
                .each(parts, |text| text.parse().ok().and_then(text::status))
                .map(Typed::Ports),
            Self::Ips => self.each(parts, |text| text.parse().ok()).map(Typed::Ips),
            Self::Cidrs | Self::CidrsOr(_) => self.each(parts, text::cidr).map(Typed::Ranges),
            Self::IpBlocks => self.each(parts, text::ip_block).map(Typed::Ranges),
            _ => {
                let fits = |text: &str| match self {
                    Self::Paths => text::is_path_pattern(text),
                    Self::Methods => text::is_method(text),
                    Self::Callers => text::is_caller(text),
                    Self::Owners => text::is_owner(text),
                    Self::Interfaces => text::is_interface(text),
                    Self::HostPatterns => text::is_host_pattern(text),
                    Self::Texts => true,
                    Self::Names => text::is_label(text),
                    Self::Sans => text::is_san(text),
                    Self::HeaderNames => text == "*" || text::is_header_name(text),
                    Self::Hosts => text::is_host(text),
                    Self::Origins => http::is_origin(text),
                    Self::RetryOn => http::is_retry_condition(text),
                    _ => text.parse::<std::net::IpAddr>().is_ok() || text::is_domain(text),
                };
                match parts.iter().find(|part| !fits(&part.value)) {
                    Some(part) => {
                        Err(self.misfit_of(&format!("\"{}\"", part.value), part.span, Some(&part.value)))
                    }
                    None => Ok(Typed::Texts(parts)),
                }
            }
        }
    }

    fn each<T>(
        self,
        parts: Vec<Spanned<String>>,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, Misfit> {
        let read = |part: Spanned<String>| {
            read(&part.value)
                .ok_or_else(|| self.misfit_of(&format!("\"{}\"", part.value), part.span, Some(&part.value)))
        };
        parts.into_iter().map(read).collect()
    }
}

/// `a`, `b`, as the beginning of an alternative.
fn some_of(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

fn name(content: &str, fits: impl Fn(&str) -> bool) -> Option<Typed> {
    fits(content).then(|| Typed::Text(content.to_owned()))
}

/// Milliseconds of whole seconds, as `u32`.
pub(crate) fn seconds(time: Millis) -> u32 {
    u32::try_from(time.0 / 1000).unwrap_or(u32::MAX)
}
