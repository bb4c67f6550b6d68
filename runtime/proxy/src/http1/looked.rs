/// How far a head was looked for. What comes in many pieces is not read anew for each of them: all readings of one head take
/// no longer than a few of all of it.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// So much was looked through for its end.
    through: usize,
    /// So much there was when it was read last.
    read: usize,
}

impl Looked {
    /// Whether it may tell something new to read `bytes` as a head: they end one, or are twice what was read before, in which
    /// what is no head is to be found before it ends.
    pub(super) fn is_due(&mut self, bytes: &[u8]) -> bool {
        let more = &bytes[self.through.saturating_sub(2).min(bytes.len())..];
        self.through = bytes.len();
        let due = bytes.len() >= 2 * self.read || ends(more);
        if due {
            self.read = bytes.len();
        }
        due
    }
}

/// There is an empty line, as those see it who take a bare LF for a line's end.
fn ends(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
        rest = &rest[at + 1..];
        if matches!(rest, [b'\n', ..] | [b'\r', b'\n', ..]) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_in_many_pieces_is_read_few_times() {
        let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a-name: a value\r\n".repeat(20_000));
        for size in [1, 7, 1000] {
            let mut looked = Looked::default();
            let ends = (size..head.len()).step_by(size).chain([head.len()]);
            let due = ends.map(|end| (end, looked.is_due(&head.as_bytes()[..end])));
            let due: Vec<usize> = due.filter_map(|(end, due)| due.then_some(end)).collect();
            assert_eq!(due.last(), Some(&head.len()));
            assert!(due.iter().sum::<usize>() <= 3 * head.len(), "{due:?}");
        }
    }

    #[test]
    fn an_end_is_seen_wherever_it_is_cut() {
        for end in ["\r\n\r\n", "\n\n", "\r\n\n", "\n\r\n"] {
            let head = format!("HTTP/1.1 200 OK\r\na: {}{end}", "b".repeat(100));
            for cut in 1..head.len() {
                let mut looked = Looked::default();
                assert!(looked.is_due(&head.as_bytes()[..cut]));
                looked.read = head.len();
                assert!(looked.is_due(head.as_bytes()), "{end:?} {cut}");
            }
        }
    }
}
