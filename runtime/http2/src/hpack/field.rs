use bytes::Bytes;
use http::{HeaderName, HeaderValue};

/// What a field of HTTP/2 beside headers is called (RFC 9113, 8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pseudo {
    Method,
    Scheme,
    Authority,
    Path,
    Status,
    /// RFC 8441.
    Protocol,
}

impl Pseudo {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Method => ":method",
            Self::Scheme => ":scheme",
            Self::Authority => ":authority",
            Self::Path => ":path",
            Self::Status => ":status",
            Self::Protocol => ":protocol",
        }
    }

    fn of(name: &[u8]) -> Option<Self> {
        const ALL: [Pseudo; 6] = [
            Pseudo::Method,
            Pseudo::Scheme,
            Pseudo::Authority,
            Pseudo::Path,
            Pseudo::Status,
            Pseudo::Protocol,
        ];
        ALL.into_iter().find(|pseudo| pseudo.name().as_bytes() == name)
    }
}

/// The name of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Pseudo(Pseudo),
    Header(HeaderName),
    /// One that no message may have: so long it was.
    Malformed(usize),
}

impl Name {
    pub(crate) fn of(name: &[u8]) -> Self {
        if name.first() == Some(&b':') {
            return Pseudo::of(name).map_or(Self::Malformed(name.len()), Self::Pseudo);
        }
        if let Some(usual) = usual(name) {
            return Self::Header(usual);
        }
        HeaderName::from_lowercase(name).map_or(Self::Malformed(name.len()), Self::Header)
    }

    fn len(&self) -> usize {
        match self {
            Self::Pseudo(pseudo) => pseudo.name().len(),
            Self::Header(name) => name.as_str().len(),
            Self::Malformed(length) => *length,
        }
    }
}

/// Names that most messages of a mesh have: these need no memory, and their copies are not counted.
fn usual(name: &[u8]) -> Option<HeaderName> {
    macro_rules! one_of {
        ($($text:literal)*) => {
            match name {
                $(text if text == $text.as_bytes() => {
                    const NAME: HeaderName = HeaderName::from_static($text);
                    Some(NAME)
                })*
                _ => None,
            }
        };
    }
    one_of! {
        "x-request-id" "x-forwarded-proto" "x-forwarded-for" "x-forwarded-client-cert" "x-envoy-attempt-count"
        "x-envoy-peer-metadata" "x-envoy-peer-metadata-id" "x-envoy-upstream-service-time"
        "grpc-status" "grpc-message" "grpc-timeout" "grpc-encoding" "grpc-accept-encoding" "traceparent" "tracestate"
        "x-b3-traceid" "x-b3-spanid" "x-b3-parentspanid" "x-b3-sampled"
    }
}

/// What concerns one connection only, and HTTP/2 has other means for (RFC 9113, 8.2.2).
pub(crate) fn is_of_connection(name: &HeaderName) -> bool {
    // By texts: lengths alone tell most others from these.
    matches!(
        name.as_str(),
        "connection" | "transfer-encoding" | "upgrade" | "keep-alive" | "proxy-connection"
    )
}

/// A field, in the form that a message takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Pseudo(Pseudo, Bytes),
    Header(HeaderName, HeaderValue),
    /// What no message may have. It stays in tables, and others may refer to its name, which is as good as it was.
    Malformed {
        name: Name,
        value: usize,
    },
}

impl Field {
    pub(crate) fn of(name: Name, value: Bytes) -> Self {
        match name {
            Name::Pseudo(pseudo) => Self::Pseudo(pseudo, value),
            Name::Header(name) => {
                let length = value.len();
                // Looked at once, however often a table is asked for it.
                let allowed = match name.as_str() {
                    "te" => value == "trailers",
                    _ => !is_of_connection(&name),
                };
                match HeaderValue::from_maybe_shared(value) {
                    Ok(value) if allowed => Self::Header(name, value),
                    _ => Self::Malformed {
                        name: Name::Header(name),
                        value: length,
                    },
                }
            }
            name => Self::Malformed {
                name,
                value: value.len(),
            },
        }
    }

    pub(crate) fn name(&self) -> Name {
        match self {
            Self::Pseudo(pseudo, _) => Name::Pseudo(*pseudo),
            Self::Header(name, _) => Name::Header(name.clone()),
            Self::Malformed { name, .. } => name.clone(),
        }
    }

    /// As RFC 7541, 4.1 and RFC 9113, 6.5.2 count it.
    pub(crate) fn size(&self) -> usize {
        32 + match self {
            Self::Pseudo(pseudo, value) => pseudo.name().len() + value.len(),
            Self::Header(name, value) => name.as_str().len() + value.len(),
            Self::Malformed { name, value } => name.len() + value,
        }
    }
}
