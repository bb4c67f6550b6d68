use crate::diag::Span;
use crate::spec::schema::Field;
use crate::syntax::{Scalar, Value};

/// How the table tells defaults: `"10s" if it is not said`.
const PHRASE: &str = " if it is not said";

/// What holds where a field is not written, if its text tells a value and not only words about one.
pub(super) fn default(field: &Field) -> Option<Scalar> {
    let before = field
        .about
        .split(PHRASE)
        .next()
        .filter(|before| before.len() < field.about.len())?;
    let word = last_value(before)?;
    let span = Span::default();
    let fits = |scalar: &Scalar| {
        field
            .ty
            .read(&Value {
                scalar: scalar.clone(),
                span,
            })
            .is_ok()
    };
    Some(word).filter(fits)
}

/// The value that a sentence ends with: `` `strict` ``, `"10s"`, `3` or `#true`, alone or behind a `;`.
fn last_value(text: &str) -> Option<Scalar> {
    let text = text.rsplit("; ").next()?;
    let inner = |quote: char| {
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then(|| Scalar::Text(inner.to_owned()))
    };
    inner('`').or_else(|| inner('"')).or_else(|| match text {
        "#true" => Some(Scalar::Bool(true)),
        "#false" => Some(Scalar::Bool(false)),
        _ => text.parse().ok().map(Scalar::Integer),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Ty;
    use crate::spec::schema::Role;

    #[test]
    fn defaults_are_those_that_the_text_tells() {
        let of = |about, ty| {
            default(&Field {
                name: "x",
                ty,
                required: false,
                about,
                role: Role::Plain,
            })
        };
        assert_eq!(
            of("\"10s\" if it is not said.", Ty::Duration),
            Some(Scalar::Text("10s".to_owned()))
        );
        assert_eq!(
            of("How long; \"5s\" if it is not said.", Ty::Seconds),
            Some(Scalar::Text("5s".to_owned()))
        );
        assert_eq!(
            of("In a row; 3 if it is not said, with Envoy 1.", Ty::Port),
            Some(Scalar::Integer(3))
        );
        assert_eq!(
            of("A sidecar; #true if it is not said.", Ty::Bool),
            Some(Scalar::Bool(true))
        );
        assert_eq!(
            of("Its account; the service's if it is not said.", Ty::Name),
            None
        );
        assert_eq!(of("`http`, `tcp-mysql`… if it is not said.", Ty::PortName), None);
        assert_eq!(of("`high` if it is not said.", Ty::Port), None);
        assert_eq!(of("A name.", Ty::Name), None);
    }
}
