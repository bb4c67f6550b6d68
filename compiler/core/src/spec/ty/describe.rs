use super::Ty;
use crate::diag::list;

/// What a value has to be, in words.
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
            Self::Owner => "a user or group by name or number, such as www-data",
            Self::Mode => "permissions of four octal digits, such as \"0640\"",
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
            Self::Methods | Self::MethodPatterns => "HTTP methods, such as \"GET,POST\"",
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
}

/// `a`, `b`, as the beginning of an alternative.
fn some_of(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
