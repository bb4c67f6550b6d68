/// What a rule does with a call that it matches (AuthorizationPolicy `action`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Lets it through.
    Allow,
    /// Refuses it, whatever else lets it through.
    Deny,
    /// Notes it.
    Audit,
    /// Lets an authorizer decide before all others (`CUSTOM`).
    Ask,
}

/// An attribute that `when` asks for (Istio `pkg/config/security`, ValidateAttribute).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// `source.ip`.
    SourceIp,
    /// `remote.ip`.
    RemoteIp,
    /// `source.namespace`.
    SourceNamespace,
    /// `source.principal`.
    SourcePrincipal,
    /// `source.serviceAccount`.
    SourceServiceAccount,
    /// `source.trustDomain`.
    SourceTrustDomain,
    /// `request.headers[NAME]`.
    RequestHeader(String),
    /// `request.auth.principal`.
    RequestPrincipal,
    /// `request.auth.audiences`.
    RequestAudiences,
    /// `request.auth.presenter`.
    RequestPresenter,
    /// `request.auth.claims[NAME]`, outermost first.
    RequestClaim(Vec<String>),
    /// `destination.ip`.
    DestinationIp,
    /// `destination.port`.
    DestinationPort,
    /// `connection.sni`.
    ConnectionSni,
    /// `experimental.envoy.filters.FILTER[KEY]`: metadata that a filter of Envoy wrote down.
    Metadata {
        /// The filter.
        filter: String,
        /// The key.
        key: String,
    },
}

/// Why a key names no attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadKey {
    /// There is no such attribute.
    Unknown,
    /// The name that belongs in brackets is missing or malformed.
    Brackets,
}

/// The attributes that stand for themselves.
const PLAIN: &[(&str, Attribute)] = &[
    ("source.ip", Attribute::SourceIp),
    ("remote.ip", Attribute::RemoteIp),
    ("source.namespace", Attribute::SourceNamespace),
    ("source.principal", Attribute::SourcePrincipal),
    ("source.serviceAccount", Attribute::SourceServiceAccount),
    ("source.trustDomain", Attribute::SourceTrustDomain),
    ("request.auth.principal", Attribute::RequestPrincipal),
    ("request.auth.audiences", Attribute::RequestAudiences),
    ("request.auth.presenter", Attribute::RequestPresenter),
    ("destination.ip", Attribute::DestinationIp),
    ("destination.port", Attribute::DestinationPort),
    ("connection.sni", Attribute::ConnectionSni),
];

const HEADERS: &str = "request.headers";
const CLAIMS: &str = "request.auth.claims";
const EXPERIMENTAL: &str = "experimental.";
const FILTERS: &str = "experimental.envoy.filters.";

impl Action {
    /// The node's name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Audit => "audit",
            Self::Ask => "ask",
        }
    }
}

impl Attribute {
    /// Reads a key of `when`.
    ///
    /// # Errors
    /// Istio knows no such attribute, or the name in its brackets is malformed.
    pub fn parse(key: &str) -> Result<Self, BadKey> {
        if let Some((_, plain)) = PLAIN.iter().find(|(name, _)| *name == key) {
            return Ok(plain.clone());
        }
        let at = key.find('[').unwrap_or(key.len());
        let (name, rest) = key.split_at(at);
        match (name, brackets(rest).as_deref()) {
            (HEADERS, Some([header])) if is_header(header) => Ok(Self::RequestHeader(header.clone())),
            (CLAIMS, Some(path)) => Ok(Self::RequestClaim(path.to_vec())),
            (HEADERS | CLAIMS, _) => Err(BadKey::Brackets),
            (filter, Some([key])) if filter.len() > FILTERS.len() && filter.starts_with(FILTERS) => {
                Ok(Self::Metadata {
                    filter: filter[EXPERIMENTAL.len()..].to_owned(),
                    key: key.clone(),
                })
            }
            (filter, _) if filter.starts_with(FILTERS) => Err(BadKey::Brackets),
            _ => Err(BadKey::Unknown),
        }
    }

    /// The names of all attributes, those with brackets without.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PLAIN
            .iter()
            .map(|(name, _)| *name)
            .chain([HEADERS, CLAIMS, FILTERS.trim_end_matches('.')])
    }
}

/// Header names as HTTP/2 knows them, pseudo headers among them.
fn is_header(name: &str) -> bool {
    let name = name.strip_prefix(':').unwrap_or(name);
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The names in `[a][b]`, each of them not empty.
fn brackets(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('[')?.split_once(']')?;
        if name.is_empty() || name.contains('[') {
            return None;
        }
        names.push(name.to_owned());
        rest = after;
    }
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_istio() {
        for name in PLAIN.iter().map(|(name, _)| name) {
            assert!(Attribute::parse(name).is_ok(), "{name}");
        }
        assert_eq!(
            Attribute::parse("request.headers[X-Tenant]"),
            Ok(Attribute::RequestHeader("X-Tenant".to_owned()))
        );
        assert_eq!(
            Attribute::parse("request.auth.claims[realm_access][roles]"),
            Ok(Attribute::RequestClaim(vec![
                "realm_access".to_owned(),
                "roles".to_owned()
            ]))
        );
        assert_eq!(
            Attribute::parse("experimental.envoy.filters.network.mysql_proxy[db.table]"),
            Ok(Attribute::Metadata {
                filter: "envoy.filters.network.mysql_proxy".to_owned(),
                key: "db.table".to_owned()
            })
        );
    }

    #[test]
    fn what_is_wrong_with_a_key_is_told_apart() {
        for unknown in [
            "request.time.hour",
            "source",
            "request.auth",
            "experimental.foo[a]",
        ] {
            assert_eq!(Attribute::parse(unknown), Err(BadKey::Unknown), "{unknown}");
        }
        for brackets in [
            "request.headers",
            "request.headers[]",
            "request.headers[a][b]",
            "request.headers[a b]",
            "request.auth.claims[a",
            "request.auth.claims[a]b",
            "request.auth.claims[[a]]",
            "experimental.envoy.filters.a",
        ] {
            assert_eq!(Attribute::parse(brackets), Err(BadKey::Brackets), "{brackets}");
        }
    }
}
