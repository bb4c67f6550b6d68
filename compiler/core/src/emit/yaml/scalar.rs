use super::plain;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// As it is.
    Plain,
    /// In `'`.
    Single,
    /// In `"`, with escapes.
    Double,
    /// Line by line behind `|`.
    Literal,
}

/// The style of `text`; keys stand on one line.
pub(super) fn style(text: &str, key: bool) -> Style {
    let found = Look::at(text);
    if text.contains('\n') && !key && found.block {
        return Style::Literal;
    }
    if text.contains('\n') || !plain::is_text(text) {
        return Style::Double;
    }
    match (found.plain, found.single) {
        (true, _) => Style::Plain,
        (false, true) => Style::Single,
        (false, false) => Style::Double,
    }
}

/// What a text may be written as.
struct Look {
    plain: bool,
    single: bool,
    block: bool,
}

impl Look {
    fn at(text: &str) -> Self {
        let indicators = begins_badly(text) || holds_indicator(text);
        let special = text.chars().any(|character| !is_printable(character));
        let ends = text.starts_with([' ', '\n']) || text.ends_with([' ', '\n']);
        let blank_and_break = text.contains(" \n");
        let break_and_blank = text.contains("\n ");
        Self {
            plain: !indicators && !special && !ends && !text.contains('\n'),
            single: !special && !blank_and_break && !break_and_blank,
            block: !special && !blank_and_break && !text.ends_with(' '),
        }
    }
}

/// The first characters mean something else.
fn begins_badly(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    let blank_next = characters.next().is_none_or(is_blank);
    text.starts_with("---")
        || text.starts_with("...")
        || first.is_some_and(|first| "#,[]{}&*!|>'\"%@`".contains(first))
        || (first.is_some_and(|first| "?:-".contains(first)) && blank_next)
}

/// `: ` and ` #` further on.
fn holds_indicator(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let mark = |at: usize| match characters[at] {
        ':' => characters.get(at + 1).is_none_or(|next| is_blank(*next)),
        '#' => is_blank(characters[at - 1]) || characters[at - 1] == '\n',
        _ => false,
    };
    (1..characters.len()).any(mark)
}

const fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

/// What YAML 1.1 prints; a tab is not among it.
const fn is_printable(character: char) -> bool {
    matches!(
        character,
        '\n' | ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}'
    )
}

/// A character between `"`.
pub(super) fn escaped(character: char) -> String {
    let short = match character {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\0' => "\\0",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\u{b}' => "\\v",
        '\u{c}' => "\\f",
        '\r' => "\\r",
        '\u{1b}' => "\\e",
        '\u{85}' => "\\N",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        other if is_printable(other) => return other.to_string(),
        other => {
            let code = u32::from(other);
            return match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            };
        }
    };
    short.to_owned()
}
