//! A place in a trace, as headers carry it: B3 (openzipkin/b3-propagation) and W3C Trace Context.

use http::HeaderValue;
use http::header::HeaderName;
use mesh_http2::Fields;
use mesh_wire::snapshot::TracingProvider;

const TRACE_ID: HeaderName = HeaderName::from_static("x-b3-traceid");
const SPAN_ID: HeaderName = HeaderName::from_static("x-b3-spanid");
const PARENT_ID: HeaderName = HeaderName::from_static("x-b3-parentspanid");
const SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
const FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");
const SINGLE: HeaderName = HeaderName::from_static("b3");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A span's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    pub(super) trace: u128,
    /// `0` where a trace was decided on, but not begun.
    pub(super) span: u64,
    pub(super) parent: Option<u64>,
    /// Whether collectors hear of it; `None` where nobody has decided.
    pub(super) sampled: Option<bool>,
    /// B3 came in one header: who is told next knows that form.
    pub(super) single: bool,
}

impl Context {
    /// What a request says, in the provider's own headers or else in the others.
    pub(super) fn extract(headers: &Fields, provider: TracingProvider) -> Option<Self> {
        match provider {
            TracingProvider::Zipkin => b3(headers).or_else(|| w3c(headers)),
            TracingProvider::Otlp => w3c(headers).or_else(|| b3(headers)),
        }
    }

    /// The place of a new span below `before`, or of the first of a new trace.
    pub(super) fn next(before: Option<&Self>, sampled: bool) -> Self {
        Self {
            trace: before.map_or_else(|| fastrand::u128(1..), |before| before.trace),
            span: fastrand::u64(1..),
            parent: before.map(|before| before.span).filter(|parent| *parent != 0),
            sampled: Some(sampled),
            single: before.is_some_and(|before| before.single),
        }
    }

    /// Those of the trace and of the span.
    pub(crate) const fn ids(&self) -> (u128, u64) {
        (self.trace, self.span)
    }

    /// Tells the next hop.
    pub(super) fn inject(&self, headers: &mut Fields, provider: TracingProvider) {
        let sampled = self.sampled == Some(true);
        let text = |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
        match provider {
            TracingProvider::Zipkin if self.single => {
                let (trace, span, decided) = (self.trace, self.span, u8::from(sampled));
                let parent = self.parent.map(|parent| format!("-{parent:016x}"));
                let parent = parent.unwrap_or_default();
                headers.insert(
                    SINGLE,
                    text(format!("{trace:032x}-{span:016x}-{decided}{parent}")),
                );
            }
            TracingProvider::Zipkin => {
                headers.remove(&SINGLE);
                headers.insert(TRACE_ID, text(format!("{:032x}", self.trace)));
                headers.insert(SPAN_ID, text(format!("{:016x}", self.span)));
                match self.parent {
                    Some(parent) => _ = headers.insert(PARENT_ID, text(format!("{parent:016x}"))),
                    None => _ = headers.remove(&PARENT_ID),
                }
                headers.insert(SAMPLED, HeaderValue::from_static(if sampled { "1" } else { "0" }));
            }
            TracingProvider::Otlp => {
                let flags = u8::from(sampled);
                let parent = format!("00-{:032x}-{:016x}-{flags:02x}", self.trace, self.span);
                headers.insert(TRACEPARENT, text(parent));
            }
        }
    }
}

fn text<'a>(headers: &'a Fields, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Hexadecimal digits of one of the lengths; zero is no ID.
fn hex(text: &str, lengths: &[usize]) -> Option<u128> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let value = u128::from_str_radix(text, 16).ok().filter(|value| *value != 0)?;
    (digits && lengths.contains(&text.len())).then_some(value)
}

fn id(text: &str) -> Option<u64> {
    u64::try_from(hex(text, &[16])?).ok()
}

fn decided(text: &str) -> Option<bool> {
    match text {
        "1" | "d" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

fn b3(headers: &Fields) -> Option<Context> {
    if let Some(single) = text(headers, &SINGLE) {
        let mut parts = single.split('-');
        let (trace, span) = (parts.next()?, parts.next());
        let Some(span) = span else {
            return decided(trace).map(|sampled| Context {
                single: true,
                ..only(sampled)
            });
        };
        return Some(Context {
            trace: hex(trace, &[16, 32])?,
            span: id(span)?,
            sampled: parts.next().and_then(decided),
            parent: None,
            single: true,
        });
    }
    let forced = text(headers, &FLAGS) == Some("1");
    let sampled = text(headers, &SAMPLED).and_then(decided);
    let sampled = if forced { Some(true) } else { sampled };
    match (text(headers, &TRACE_ID), text(headers, &SPAN_ID)) {
        (Some(trace), Some(span)) => Some(Context {
            trace: hex(trace, &[16, 32])?,
            span: id(span)?,
            parent: text(headers, &PARENT_ID).and_then(id),
            sampled,
            single: false,
        }),
        _ => sampled.map(only),
    }
}

/// A decision about a trace that is still to begin.
fn only(sampled: bool) -> Context {
    Context {
        trace: fastrand::u128(1..),
        span: 0,
        parent: None,
        sampled: Some(sampled),
        single: false,
    }
}

fn w3c(headers: &Fields) -> Option<Context> {
    let mut parts = text(headers, &TRACEPARENT)?.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // Later versions may say more; this one may not (W3C Trace Context, 3.2).
    let whole = version != "00" || parts.next().is_none();
    let version = u8::from_str_radix(version, 16)
        .ok()
        .filter(|_| version.len() == 2)?;
    let flags = u8::from_str_radix(flags, 16).ok().filter(|_| flags.len() == 2)?;
    let (trace, span) = (hex(trace, &[32])?, id(span)?);
    (whole && version != 0xff).then_some(Context {
        trace,
        span,
        parent: None,
        sampled: Some(flags & 1 == 1),
        single: false,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "463ac35c9f6413ad48485a3953bb6124";

    fn headers(pairs: &[(&'static str, &str)]) -> Fields {
        let pair =
            |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), value.parse().unwrap());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn contexts_are_read_in_every_form() {
        let trace = u128::from_str_radix(TRACE, 16).unwrap();
        let (span, w3c) = ("0020000000000001", format!("00-{TRACE}-0020000000000001-01"));
        let single = format!("{TRACE}-{span}-0-00000000000000ff");
        for (pairs, sampled) in [
            (&[("traceparent", w3c.as_str())][..], Some(true)),
            (&[("b3", &single)], Some(false)),
            (&[("x-b3-traceid", TRACE), ("x-b3-spanid", span)], None),
            (
                &[
                    ("x-b3-traceid", TRACE),
                    ("x-b3-spanid", span),
                    ("x-b3-flags", "1"),
                ],
                Some(true),
            ),
            (
                &[
                    ("x-b3-traceid", TRACE),
                    ("x-b3-spanid", span),
                    ("x-b3-sampled", "0"),
                ],
                Some(false),
            ),
        ] {
            for provider in [TracingProvider::Zipkin, TracingProvider::Otlp] {
                let context = Context::extract(&headers(pairs), provider).unwrap();
                assert_eq!(
                    (context.trace, context.span, context.sampled),
                    (trace, 0x0020_0000_0000_0001, sampled),
                    "{pairs:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_context_begins_a_new_trace() {
        for pairs in [
            &[(
                "traceparent",
                "00-00000000000000000000000000000000-0020000000000001-01",
            )][..],
            &[(
                "traceparent",
                "ff-463ac35c9f6413ad48485a3953bb6124-0020000000000001-01",
            )],
            &[("x-b3-traceid", TRACE)],
            &[("x-b3-traceid", "+463"), ("x-b3-spanid", "0020000000000001")],
            &[],
        ] {
            assert_eq!(
                Context::extract(&headers(pairs), TracingProvider::Zipkin),
                None,
                "{pairs:?}"
            );
        }
        let only = Context::extract(&headers(&[("b3", "1")]), TracingProvider::Zipkin).unwrap();
        assert_eq!(
            (only.sampled, Context::next(Some(&only), true).parent),
            (Some(true), None)
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(trace in 1u128.., span in 1u64.., sampled: bool) {
            for (provider, single) in [
                (TracingProvider::Zipkin, false),
                (TracingProvider::Zipkin, true),
                (TracingProvider::Otlp, false),
            ] {
                let context = Context { trace, span, parent: None, sampled: Some(sampled), single };
                let mut headers = Fields::new();
                context.inject(&mut headers, provider);
                prop_assert_eq!(Context::extract(&headers, provider), Some(context));
                let next = Context::next(Some(&context), sampled);
                prop_assert_eq!((next.trace, next.parent), (trace, Some(span)));
            }
        }

        #[test]
        fn no_header_is_too_strange(name in "b3|traceparent|x-b3-traceid", value in "[0-9a-f+-]{0,60}") {
            let name = HeaderName::try_from(name).unwrap();
            let headers = Fields::from_iter([(name, HeaderValue::try_from(value).unwrap())]);
            let _ = Context::extract(&headers, TracingProvider::Otlp);
        }
    }
}
