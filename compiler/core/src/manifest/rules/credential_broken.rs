use super::credential::{self, Credential};
use super::index::Index;
use crate::base64;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// Certificate and key, as Secrets name them (istio, pilot/pkg/credentials/kube).
const PAIRS: [[&str; 2]; 2] = [["tls.crt", "tls.key"], ["cert", "key"]];
/// What callers' certificates are verified with.
const ROOTS: [&str; 2] = ["ca.crt", "cacert"];

/// The Secret of a gateway's certificate holds one, and its key.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut told: Vec<Span> = Vec::new();
    for used in credential::all(index) {
        for secret in credential::secrets(index, &used.name.value) {
            if (used.namespaces.is_empty() || used.namespaces.contains(secret.namespace()))
                && !told.contains(&secret.name.span)
                && let Some(found) = look(secret, &used)
            {
                told.push(secret.name.span);
                sink.push(found);
            }
        }
    }
}

fn look(secret: &Object, used: &Credential<'_>) -> Option<Diagnostic> {
    let new = |span: Span, message: String| {
        Diagnostic::new(&code::CREDENTIAL_BROKEN, span, message).label(
            used.name.span,
            format!("the Gateway `{}` shows it", used.gateway.name.value),
        )
    };
    let name = &secret.name.value;
    let pair = PAIRS
        .iter()
        .find(|pair| pair.iter().any(|key| value(secret, key).is_some()));
    let Some([certificate, key]) = pair else {
        if ROOTS.iter().any(|key| value(secret, key).is_some()) {
            return None;
        }
        // What somebody fills in later is empty here.
        let data = ["data", "stringData"]
            .iter()
            .find_map(|key| secret.entry(&[key]))?;
        return Some(
            new(
                data.key.span,
                format!("the Secret `{name}` has neither `tls.crt` nor `tls.key`"),
            )
            .help("write certificate and key as `tls.crt` and `tls.key`, of `type: kubernetes.io/tls`"),
        );
    };
    for (wanted, other) in [(certificate, key), (key, certificate)] {
        if value(secret, wanted).is_none() {
            let span = value(secret, other).map_or(secret.name.span, |(span, _)| span);
            return Some(
                new(
                    span,
                    format!("the Secret `{name}` has `{other}` and no `{wanted}`"),
                )
                .help(format!("write `{wanted}` beside it")),
            );
        }
    }
    for (wanted, begin, what) in [
        (certificate, "CERTIFICATE", "certificate"),
        (key, "PRIVATE KEY", "key"),
    ] {
        let (span, text) = value(secret, wanted)?;
        if !text.is_some_and(|text| is_pem(&text, begin)) {
            return Some(
                new(span, format!("`{wanted}` of the Secret `{name}` is no {what} in PEM"))
                    .help(format!("write a text that begins with `-----BEGIN {begin}-----`, in base64 below `data`, as it is below `stringData`")),
            );
        }
    }
    None
}

/// What a key of the Secret holds, and where; without a text where it is no base64.
fn value(secret: &Object, key: &str) -> Option<(Span, Option<String>)> {
    let written = |part: &str| secret.at(&[part, key]).and_then(Datum::text);
    if let Some(text) = written("stringData") {
        return Some((text.span, Some(text.value)));
    }
    let text = written("data")?;
    let bytes = base64::standard(&text.value);
    Some((text.span, bytes.and_then(|bytes| String::from_utf8(bytes).ok())))
}

/// A block of PEM, or what tools put one in for.
fn is_pem(text: &str, what: &str) -> bool {
    let filled_in = ["{{", "${", "<"]
        .iter()
        .any(|mark| text.trim_start().starts_with(mark));
    filled_in || text.contains("-----BEGIN ") && text.contains(&format!("{what}-----"))
}
