mod describe;
mod fix;
mod misfit;
mod read;

use mesh_wire::Millis;

use crate::diag::{Code, Fix, Span};

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
    /// A user or group of a machine, by name or number.
    Owner,
    /// Permissions of a file, four octal digits.
    Mode,
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
    /// The same with a `*` at either end.
    MethodPatterns,
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
    pub(super) fix: Option<Box<Fix>>,
}

impl Ty {
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
                | Self::MethodPatterns
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
}

/// Milliseconds of whole seconds, as `u32`.
pub(crate) fn seconds(time: Millis) -> u32 {
    u32::try_from(time.0 / 1000).unwrap_or(u32::MAX)
}
