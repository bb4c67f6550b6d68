use super::{Misfit, Ty};
use crate::diag::{Span, Spanned};
use crate::spec::item::Typed;
use crate::spec::{http, text};
use crate::syntax::{Scalar, Value};

/// Values as what they have to be.
impl Ty {
    /// `value` as this type.
    pub(in crate::spec) fn read(self, value: &Value) -> Result<Typed, Misfit> {
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
            (Scalar::Integer(id), Self::Owner) => self.text(&id.to_string(), value),
            (Scalar::Integer(code), Self::RetryOn) => self.text(&code.to_string(), value),
            (Scalar::Text(content), _) => self.text(content, value),
            _ => Err(self.misfit(value)),
        }
    }

    /// Whether `text` is of this type.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn take(self, text: &str) -> Result<(), String> {
        let value = Value {
            scalar: Scalar::Text(text.to_owned()),
            span: Span::default(),
        };
        self.read(&value).map(|_| ()).map_err(|misfit| misfit.message)
    }

    pub(super) fn number(self, number: i128) -> Option<Typed> {
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
            Self::Owner => name(content, text::is_owner),
            Self::Mode => name(content, text::machine::is_mode),
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
                    Self::MethodPatterns => text::is_method_pattern(text),
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

fn name(content: &str, fits: impl Fn(&str) -> bool) -> Option<Typed> {
    fits(content).then(|| Typed::Text(content.to_owned()))
}
