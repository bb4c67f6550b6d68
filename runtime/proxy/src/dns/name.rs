//! A domain name on the wire (RFC 1035, section 3.1), kept on the stack.

/// Longest name on the wire, its root label included (RFC 1035, section 2.3.4).
const LONGEST: usize = 255;

/// A lower-case name: labels with their lengths, without the root label.
#[derive(Clone)]
pub(crate) struct Name {
    bytes: [u8; LONGEST],
    len: usize,
    labels: usize,
}

impl Name {
    /// The root.
    pub(crate) fn root() -> Self {
        Self {
            bytes: [0; LONGEST],
            len: 0,
            labels: 0,
        }
    }

    /// Reads the name at `start`; gives it and the place behind it. Compression has no place in a question.
    pub(crate) fn read(packet: &[u8], start: usize) -> Option<(Self, usize)> {
        let mut name = Self::root();
        let mut at = start;
        loop {
            let length = usize::from(*packet.get(at)?);
            at += 1;
            if length == 0 {
                return Some((name, at));
            }
            if length > 63 {
                return None;
            }
            name.push(packet.get(at..at + length)?)?;
            at += length;
        }
    }

    /// The name that people write; `None` where it cannot be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut name = Self::root();
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Some(name);
        }
        for label in text.split('.') {
            if label.is_empty() || label.len() > 63 {
                return None;
            }
            name.push(label.as_bytes())?;
        }
        Some(name)
    }

    fn push(&mut self, label: &[u8]) -> Option<()> {
        let end = self.len + 1 + label.len();
        if end >= LONGEST {
            return None;
        }
        self.bytes[self.len] = u8::try_from(label.len()).ok()?;
        let place = &mut self.bytes[self.len + 1..end];
        place.copy_from_slice(label);
        place.make_ascii_lowercase();
        self.len = end;
        self.labels += 1;
        Some(())
    }

    /// This name before `domain`; `None` where that is too long.
    pub(crate) fn join(&self, domain: &Self) -> Option<Self> {
        let end = self.len + domain.len;
        if end >= LONGEST {
            return None;
        }
        let mut joined = self.clone();
        joined.bytes[self.len..end].copy_from_slice(domain.as_bytes());
        joined.len = end;
        joined.labels += domain.labels;
        Some(joined)
    }

    /// This name without `domain` behind it.
    pub(crate) fn strip(&self, domain: &Self) -> Option<Self> {
        if domain.labels == 0 || self.labels <= domain.labels {
            return None;
        }
        let kept = self.suffix_at(self.labels - domain.labels)?;
        if self.bytes[kept..self.len] != *domain.as_bytes() {
            return None;
        }
        let mut stripped = self.clone();
        stripped.len = kept;
        stripped.labels -= domain.labels;
        Some(stripped)
    }

    /// Where the name without its first `labels` labels begins.
    fn suffix_at(&self, labels: usize) -> Option<usize> {
        let mut at = 0;
        for _ in 0..labels {
            at += 1 + usize::from(*self.as_bytes().get(at)?);
        }
        Some(at)
    }

    /// This name and every domain that it lies in, longest first, without the root.
    pub(crate) fn suffixes(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.as_bytes();
        std::iter::from_fn(move || {
            let suffix = rest;
            let length = usize::from(*rest.first()?);
            rest = rest.get(1 + length..)?;
            Some(suffix)
        })
    }

    /// The wire form without the root label.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// How many labels there are.
    pub(crate) fn labels(&self) -> usize {
        self.labels
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.as_bytes();
        while let Some((length, behind)) = rest.split_first() {
            let (label, behind) = behind
                .split_at_checked(usize::from(*length))
                .unwrap_or((behind, &[]));
            write!(f, "{}.", label.escape_ascii())?;
            rest = behind;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn letters_are_lowered_and_the_last_dot_does_not_count() {
        assert_eq!(name("WebApp.Istio.").as_bytes(), b"\x06webapp\x05istio");
        assert_eq!(name("WebApp.Istio").to_string(), "webapp.istio.");
    }

    #[test]
    fn a_domain_is_taken_off_only_at_a_label() {
        let stripped = name("webapp.forum.svc").strip(&name("svc")).unwrap();
        assert_eq!(stripped.to_string(), "webapp.forum.");
        assert!(name("webapp.xsvc").strip(&name("svc")).is_none());
        assert!(name("svc").strip(&name("svc")).is_none());
    }

    #[test]
    fn pointers_and_names_that_are_too_long_are_refused() {
        assert!(Name::read(b"\xc0\x0c", 0).is_none());
        assert!(Name::read(b"\x03ww", 0).is_none());
        let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(63)].join(".");
        assert!(Name::parse(&long).is_none());
    }

    #[test]
    fn domains_are_walked_from_the_longest() {
        let walked: Vec<Vec<u8>> = name("a.b.c").suffixes().map(<[u8]>::to_vec).collect();
        assert_eq!(
            walked,
            [
                b"\x01a\x01b\x01c".to_vec(),
                b"\x01b\x01c".to_vec(),
                b"\x01c".to_vec()
            ]
        );
    }
}
