//! Text for a POSIX shell.

use std::fmt::Write as _;

/// `text` as one word, whatever it contains.
pub fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `words` as one command line.
pub fn join<S: AsRef<str>>(words: &[S]) -> String {
    words
        .iter()
        .map(|word| quote(word.as_ref()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A script with values: `name='value'` lines before `body`.
///
/// The body stands in a function that is called last, so that the shell has read all of it before anything in it can
/// read from the same standard input.
pub fn script(values: &[(&str, String)], body: &str) -> String {
    let mut text = String::new();
    for (name, value) in values {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}={}", quote(value));
    }
    let _ = write!(text, "main() {{\n{body}\n}}\nmain </dev/null\n");
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_quoted_word_comes_out_of_the_shell_as_it_went_in(word in "[^\0]{0,40}") {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quote(&word))])
                .output()
                .unwrap();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
    }
}
