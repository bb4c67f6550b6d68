use super::{Misfit, Ty};
use crate::diag::{Span, code, did_you_mean, list};
use crate::spec::{http, text};
use crate::syntax::{Scalar, Value};

/// What is said about values that do not fit.
impl Ty {
    pub(super) fn misfit(self, value: &Value) -> Misfit {
        let content = match &value.scalar {
            Scalar::Text(content) => Some(content.as_str()),
            _ => None,
        };
        let mut misfit = self.misfit_of(&value.scalar.describe(), value.span, content);
        if misfit.help.is_none() {
            misfit.help = self.requote(&value.scalar);
        }
        if misfit.fix.is_none() {
            misfit.fix = self.fix_of_number(value).map(Box::new);
        }
        misfit
    }

    pub(super) fn misfit_of(self, found: &str, span: Span, content: Option<&str>) -> Misfit {
        let is_name = matches!(
            self,
            Self::Name | Self::ServiceName | Self::PortName | Self::MeshName | Self::ClusterName
        );
        let code = if is_name && content.is_some() {
            &code::NAME_INVALID
        } else {
            &code::WRONG_TYPE
        };
        if let Some((what, length, most)) = content.and_then(|content| self.oversize(content)) {
            return Misfit {
                code: &code::NAME_OVERSIZE,
                span,
                message: format!("a {what} of {length} characters, and at most {most} fit"),
                help: Some("write a shorter one".to_owned()),
                fix: None,
            };
        }
        let message = format!("expected {}, found {found}", self.describe());
        Misfit {
            code,
            span,
            message,
            help: content.and_then(|content| self.instead(content)),
            fix: content
                .and_then(|content| self.fix_of_text(content, span))
                .map(Box::new),
        }
    }

    /// The characters of a name that is only too long, and how many it may have.
    fn oversize(self, content: &str) -> Option<(&'static str, usize, usize)> {
        let fits = |text: &str| match self {
            Self::Name | Self::ServiceName | Self::ClusterName => self.accepts(text),
            Self::MeshName | Self::Domain | Self::Host => !text.contains('.') || self.accepts(text),
            _ => false,
        };
        let (part, most) = match self {
            Self::MeshName | Self::Domain | Self::Host if content.len() <= text::LONGEST_NAME => {
                let longest = content.split('.').max_by_key(|part| part.len())?;
                (longest, text::LONGEST_LABEL)
            }
            Self::MeshName | Self::Domain | Self::Host => (content, text::LONGEST_NAME),
            _ => (content, text::LONGEST_LABEL),
        };
        // Cut to what fits, it would be right.
        let cut = part.get(..most)?.trim_end_matches(['-', '.']);
        let what = if part == content { "name" } else { "part" };
        (part.len() > most && fits(cut)).then_some((what, part.len(), most))
    }

    /// What was probably meant.
    fn instead(self, content: &str) -> Option<String> {
        match self {
            Self::Word(words) | Self::PortsOr(words) | Self::CidrsOr(words)
                if did_you_mean(content, words.iter().copied()).is_some() =>
            {
                did_you_mean(content, words.iter().copied()).map(|word| format!("did you mean `{word}`?"))
            }
            Self::Bool if matches!(content, "true" | "yes" | "on" | "enabled") => {
                Some("write #true".to_owned())
            }
            Self::Bool if matches!(content, "false" | "no" | "off" | "disabled") => {
                Some("write #false".to_owned())
            }
            Self::Port | Self::Count { .. } | Self::Number(_) => content
                .parse::<u64>()
                .ok()
                .map(|number| format!("write it without quotes: {number}")),
            Self::Methods | Self::MethodPatterns => Some(format!("write \"{}\"", content.to_uppercase())),
            Self::Name | Self::ServiceName | Self::Domain | Self::Host | Self::MeshName | Self::PortName => {
                let tidy = content.to_lowercase().replace(['_', ' '], "-");
                let tidy = tidy.split_once("://").map_or(tidy.as_str(), |(_, host)| host);
                (tidy != content && self.accepts(tidy)).then(|| format!("write `{tidy}`"))
            }
            Self::Duration | Self::Seconds => {
                let tidy = content.to_lowercase().replace(' ', "");
                match tidy.parse::<u64>() {
                    Ok(number) => Some(format!("say the unit: \"{number}s\"")),
                    Err(_) => text::duration(&tidy).map(|_| format!("write \"{tidy}\"")),
                }
            }
            Self::Cidr | Self::Cidrs | Self::CidrsOr(_) | Self::IpBlocks => {
                text::cidr_meant(content).map(|range| format!("write \"{range}\""))
            }
            Self::Ip => content
                .split_once('/')
                .and_then(|(address, _)| address.parse::<std::net::IpAddr>().ok())
                .map(|address| format!("write \"{address}\"")),
            Self::Share => content
                .parse::<f64>()
                .ok()
                .filter(|share| (0.0..=100.0).contains(share))
                .map(|share| format!("write \"{share}%\"")),
            Self::HeaderName if content.starts_with(':') => Some(
                "conditions on it are properties of `match` (`method=`, `authority=`, `scheme=`), and \
                 `rewrite host=` changes the host"
                    .to_owned(),
            ),
            Self::HeaderName | Self::HeaderNames => {
                Some("names have letters, digits and `-`, and no spaces or colons".to_owned())
            }
            Self::RetryOn => did_you_mean(content, http::RETRY_CONDITIONS.iter().copied())
                .map(|word| format!("did you mean `{word}`?"))
                .or_else(|| {
                    Some(format!(
                        "write {} or status codes",
                        list(http::RETRY_CONDITIONS.iter().copied())
                    ))
                }),
            Self::Origins if text::is_host(content) => Some(format!("write \"https://{content}\"")),
            Self::Origins => Some("an origin is a scheme and a host, without a path".to_owned()),
            Self::Path if content.ends_with('*') && content.starts_with('/') => Some(format!(
                "leave the `*` out: \"{}\"",
                content.trim_end_matches('*')
            )),
            Self::Path | Self::Paths
                if !content.is_empty() && text::is_path_pattern(&format!("/{content}")) =>
            {
                Some(format!("write \"/{content}\""))
            }
            Self::Paths if content.contains(['{', '}']) => Some(
                "write `{*}` for one part of a path and `{**}` for the rest, each between slashes: \
                 \"/users/{*}/posts/{**}\""
                    .to_owned(),
            ),
            Self::HostPatterns => {
                let host = content.split_once("://").map_or(content, |(_, host)| host);
                let host = host.split('/').next().unwrap_or_default();
                (host != content && text::is_host_pattern(host)).then(|| format!("write \"{host}\""))
            }
            Self::Callers => content
                .split_once("/ns/")
                .filter(|(domain, _)| !domain.contains('/'))
                .map(|_| format!("write \"spiffe://{content}\"")),
            Self::Url if !content.contains("://") => Some(format!("write \"https://{content}\"")),
            Self::Jwks => Some(
                "write it in full: jwks=#\"{\"keys\": [{\"kty\": \"RSA\", …}]}\"#, without private keys"
                    .to_owned(),
            ),
            Self::Paths => {
                Some("`*` may stand at the beginning or at the end only, as in \"/api/*\"".to_owned())
            }
            _ => None,
        }
    }

    fn accepts(self, content: &str) -> bool {
        match self {
            Self::Name => text::is_label(content),
            Self::ServiceName => text::is_service_name(content),
            Self::ClusterName => text::is_label_value(content),
            Self::PortName => text::is_port_name(content),
            Self::Host => text::is_host(content),
            _ => text::is_domain(content),
        }
    }

    /// Numbers and words where a text is expected.
    fn requote(self, scalar: &Scalar) -> Option<String> {
        match (self, scalar) {
            (Self::Duration | Self::Seconds, Scalar::Integer(number)) => {
                Some(format!("say the unit: \"{number}s\""))
            }
            (Self::Percent | Self::Share, Scalar::Integer(number)) => Some(format!("write \"{number}%\"")),
            (
                Self::Bool
                | Self::Port
                | Self::Ports
                | Self::PortsOr(_)
                | Self::Count { .. }
                | Self::Number(_)
                | Self::Word(_),
                _,
            ) => None,
            (_, Scalar::Integer(number)) => Some(format!("quote it: \"{number}\"")),
            (_, Scalar::Float(number)) => Some(format!("quote it: \"{number}\"")),
            _ => None,
        }
    }
}
