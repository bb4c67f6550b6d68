use super::lexical::{Repair, Slip};

/// A text in which the slips that have a certain meaning are put right, so that the rest of it can be checked in
/// the same run.
#[derive(Debug)]
pub(super) struct Repaired {
    pub(super) text: String,
    /// Where characters were put in, each of one byte: places of the repaired text, in order.
    inserted: Vec<usize>,
}

impl Repaired {
    /// `None` if one of the slips could mean anything.
    pub(super) fn of(text: &str, slips: &[Slip]) -> Option<Self> {
        let mut wanted = Vec::new();
        for slip in slips {
            match slip.repair? {
                Repair::Quotes => wanted.extend([(slip.start, '"', 0), (slip.end, '"', 0)]),
                Repair::Hash => wanted.push((slip.start, '#', 0)),
                Repair::Comment => wanted.extend([(slip.start, '/', 0); 2]),
                Repair::DoubleQuotes => wanted.extend([(slip.start, '"', 1), (slip.end - 1, '"', 1)]),
            }
        }
        let mut repaired = Self {
            text: String::with_capacity(text.len() + wanted.len()),
            inserted: Vec::with_capacity(wanted.len()),
        };
        let mut done = 0;
        for (at, what, instead_of) in wanted {
            repaired.text.push_str(text.get(done..at)?);
            if instead_of == 0 {
                repaired.inserted.push(repaired.text.len());
            }
            repaired.text.push(what);
            done = at + instead_of;
        }
        repaired.text.push_str(text.get(done..)?);
        Some(repaired)
    }

    /// Where byte `at` of the repaired text is in the user's own.
    pub(super) fn original(&self, at: usize) -> usize {
        at - self.inserted.partition_point(|inserted| *inserted < at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexical::look;
    use super::*;

    #[test]
    fn places_are_those_of_the_users_own_text() {
        let text = "dns ttl=30s x=true # why\nb 10.0.0.0/8 'y z' c";
        let repaired = Repaired::of(text, &look(text).slips).unwrap();
        assert_eq!(
            repaired.text,
            "dns ttl=\"30s\" x=#true //# why\nb \"10.0.0.0/8\" \"y z\" c"
        );
        for word in ["dns", "x=", "b ", " c"] {
            let at = repaired.text.find(word).unwrap();
            assert!(text[repaired.original(at)..].starts_with(word), "{word}");
        }
        let quoted = repaired.text.find("\"30s\"").unwrap();
        let place = repaired.original(quoted)..repaired.original(quoted + 5);
        assert_eq!(&text[place], "30s");
    }

    #[test]
    fn what_could_mean_anything_is_not_guessed() {
        let text = "a ttl=30s\nb #all\n";
        assert!(Repaired::of(text, &look(text).slips).is_none());
    }
}
