use super::Ty;
use crate::diag::{Edit, Fix, Span};
use crate::spec::{http, text};
use crate::syntax::{Scalar, Value};

/// What puts values right that do not fit.
impl Ty {
    /// Texts that are nearly what they have to be. What changes a name or a meaning is only offered.
    pub(super) fn fix_of_text(self, content: &str, span: Span) -> Option<Fix> {
        let word = |new: &str| (new != content).then(|| Fix::rename(span, content, new));
        match self {
            Self::Word(words) | Self::PortsOr(words) => Fix::meant(span, content, words.iter().copied()),
            Self::RetryOn => Fix::meant(span, content, http::RETRY_CONDITIONS.iter().copied()),
            Self::Bool => {
                let yes = match content {
                    "true" | "yes" | "on" | "enabled" => true,
                    "false" | "no" | "off" | "disabled" => false,
                    _ => return None,
                };
                let title = format!("write #{yes}");
                Some(Fix::certain(title, vec![Edit::yes_or_no(span, content, yes)]))
            }
            Self::Port | Self::Count { .. } | Self::Number(_) => {
                let number: u64 = content.parse().ok()?;
                let number_fits = self.number(number.into()).is_some();
                let edit = Edit::number(span, content, number);
                number_fits.then(|| Fix::certain(format!("write {number}"), vec![edit]))
            }
            Self::Methods | Self::MethodPatterns => {
                let upper = content.to_uppercase();
                text::is_method(&upper).then(|| word(&upper)).flatten()
            }
            Self::Duration | Self::Seconds => {
                let tidy = content.to_lowercase().replace(' ', "");
                text::duration(&tidy)?;
                word(&tidy)
            }
            Self::Cidr | Self::Cidrs | Self::CidrsOr(_) | Self::IpBlocks => match text::cidr_meant(content) {
                Some(range) => word(&range.to_string()).map(Fix::offered),
                None => match self {
                    Self::CidrsOr(words) => Fix::meant(span, content, words.iter().copied()),
                    _ => None,
                },
            },
            Self::Path | Self::Paths => {
                let path = format!("/{content}");
                let fits = !content.is_empty() && text::is_path_pattern(&path);
                fits.then(|| word(&path)).flatten().map(Fix::offered)
            }
            _ => None,
        }
    }

    /// Numbers where a text is expected.
    pub(super) fn fix_of_number(self, value: &Value) -> Option<Fix> {
        let (Scalar::Integer(_) | Scalar::Float(_)) = &value.scalar else {
            return None;
        };
        let written = value.scalar.to_string();
        let (new, certain) = match self {
            Self::Duration | Self::Seconds => (format!("{written}s"), false),
            Self::Percent | Self::Share => (format!("{written}%"), true),
            _ => (written, true),
        };
        let quoted = Value {
            scalar: Scalar::Text(new.clone()),
            span: value.span,
        };
        self.read(&quoted).ok()?;
        let fix = Fix::certain(format!("write \"{new}\""), vec![Edit::quoted(value.span, &new)]);
        Some(if certain { fix } else { fix.offered() })
    }
}
