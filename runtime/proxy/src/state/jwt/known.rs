use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Token;

/// Tokens of one issuer that are remembered; twice as many at most.
const MOST: usize = 512;
/// Longer tokens are verified each time (Envoy's `jwt_max_token_size`).
const LONGEST: usize = 4096;

/// Tokens whose signature was verified: the same token comes with each request of a session.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Generations>);

/// The old ones are forgotten when there are too many young ones; who is asked for becomes young again.
#[derive(Debug, Default)]
struct Generations {
    /// Which keys verified them: those of a key that was withdrawn hold no longer.
    keys: u64,
    young: HashMap<Box<str>, Arc<Token>>,
    old: HashMap<Box<str>, Arc<Token>>,
}

impl Known {
    /// A token that `keys` verified.
    pub(super) fn get(&self, text: &str, keys: u64) -> Option<Arc<Token>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.keys != keys {
            return None;
        }
        if let Some(token) = kept.young.get(text) {
            return Some(token.clone());
        }
        let (text, token) = kept.old.remove_entry(text)?;
        kept.put(text, token.clone());
        Some(token)
    }

    pub(super) fn put(&self, text: &str, token: &Arc<Token>, keys: u64) {
        if text.len() > LONGEST {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.keys != keys {
            *kept = Generations {
                keys,
                ..Generations::default()
            };
        }
        kept.put(text.into(), token.clone());
    }
}

impl Generations {
    fn put(&mut self, text: Box<str>, token: Arc<Token>) {
        if self.young.len() >= MOST {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(text, token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_is_asked_for_and_never_more_than_twice_the_most() {
        let token = Arc::new(Token::parse("eyJhbGciOiJSUzI1NiJ9.e30.c2ln").unwrap());
        let known = Known::default();
        known.put("kept", &token, 1);
        for number in 0..10 * MOST {
            known.put(&number.to_string(), &token, 1);
            assert!(known.get("kept", 1).is_some(), "{number}");
        }
        assert!(known.get("0", 1).is_none());
        known.put(&"x".repeat(LONGEST + 1), &token, 1);
        let kept = known.0.lock().unwrap();
        assert!(kept.young.len() + kept.old.len() <= 2 * MOST);
        drop(kept);
        assert!(known.get("kept", 2).is_none());
        known.put("other", &token, 2);
        assert!(known.get("kept", 1).is_none());
    }
}
