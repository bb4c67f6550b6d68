use super::{Misfit, Ty};
use crate::diag::{Span, code, did_you_mean};
use crate::spec::text;
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
        misfit
    }

    pub(super) fn misfit_of(self, found: &str, span: Span, content: Option<&str>) -> Misfit {
        let is_name = matches!(
            self,
            Self::Name | Self::PortName | Self::MeshName | Self::ClusterName
        );
        let code = if is_name && content.is_some() {
            &code::NAME_INVALID
        } else {
            &code::WRONG_TYPE
        };
        let message = format!("expected {}, found {found}", self.describe());
        Misfit {
            code,
            span,
            message,
            help: content.and_then(|content| self.instead(content)),
        }
    }

    /// What was probably meant.
    fn instead(self, content: &str) -> Option<String> {
        match self {
            Self::Word(words) => {
                did_you_mean(content, words.iter().copied()).map(|word| format!("did you mean `{word}`?"))
            }
            Self::Bool if matches!(content, "true" | "yes" | "on" | "enabled") => {
                Some("write #true".to_owned())
            }
            Self::Bool if matches!(content, "false" | "no" | "off" | "disabled") => {
                Some("write #false".to_owned())
            }
            Self::Port | Self::Count { .. } => content
                .parse::<u64>()
                .ok()
                .map(|number| format!("write it without quotes: {number}")),
            Self::Methods => Some(format!("write \"{}\"", content.to_uppercase())),
            Self::Name | Self::Domain | Self::Host | Self::MeshName | Self::PortName => {
                let tidy = content.to_lowercase().replace(['_', ' '], "-");
                (tidy != content && self.accepts(&tidy)).then(|| format!("write `{tidy}`"))
            }
            Self::Duration | Self::Seconds => content
                .parse::<u64>()
                .ok()
                .map(|number| format!("say the unit: \"{number}s\"")),
            Self::Cidr | Self::Cidrs => text::cidr_meant(content).map(|range| format!("write \"{range}\"")),
            Self::Paths => {
                Some("`*` may stand at the beginning or at the end only, as in \"/api/*\"".to_owned())
            }
            _ => None,
        }
    }

    fn accepts(self, content: &str) -> bool {
        match self {
            Self::Name => text::is_label(content),
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
            (Self::Percent, Scalar::Integer(number)) => Some(format!("write \"{number}%\"")),
            (Self::Bool | Self::Port | Self::Ports | Self::Count { .. }, _) => None,
            (_, Scalar::Integer(number)) => Some(format!("quote it: \"{number}\"")),
            (_, Scalar::Float(number)) => Some(format!("quote it: \"{number}\"")),
            _ => None,
        }
    }
}
