use super::site::Site;
use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::BalanceDecl;

/// Maglev's table has a prime number of places, fewer than this (Istio `validateLoadBalancer`).
const LARGEST_TABLE: u64 = 5_000_011;

/// `balance` says one way to choose, and `hash` one thing to hash.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for site in Site::all(context.spec) {
        if let Some(balance) = site.traffic.balance.as_ref().filter(|balance| !balance.damaged) {
            for found in look(balance) {
                once.push(found, sink);
            }
        }
    }
}

fn look(balance: &BalanceDecl) -> Vec<Diagnostic> {
    let how = balance.how.value.as_str();
    if how == "hash" {
        return keys(balance).into_iter().chain(size(balance)).collect();
    }
    let parts = balance.keys.iter().map(|key| key.span);
    let words = balance.table.iter().map(|table| table.span);
    let numbers = balance.size.iter().map(|size| size.span);
    let found = |span| {
        Diagnostic::new(&code::LB_ONEOF, span, format!("`{how}` hashes nothing"))
            .here("this is for `hash`")
            .label(balance.how.span, "this excludes it")
            .help("write `balance hash` to keep requests that are alike at one workload, or leave it out")
    };
    parts.chain(words).chain(numbers).map(found).collect()
}

fn keys(balance: &BalanceDecl) -> Option<Diagnostic> {
    let help = "write one of `header x-user`, `cookie session`, `query user`, `source-ip` in its braces";
    match balance.keys.as_slice() {
        [_] => None,
        [] => Some(Diagnostic::new(&code::LB_ONEOF, balance.span, "`hash` has nothing to hash").help(help)),
        [first, second, ..] => Some(
            Diagnostic::new(&code::LB_ONEOF, second.span, "`hash` takes one key")
                .here("a second one")
                .label(first.span, "the first")
                .help("leave one of them out"),
        ),
    }
}

fn size(balance: &BalanceDecl) -> Option<Diagnostic> {
    let size = balance.size.as_ref()?;
    let maglev = balance
        .table
        .as_ref()
        .is_some_and(|table| table.value == "maglev");
    if !maglev || (size.value < LARGEST_TABLE && is_prime(size.value)) {
        return None;
    }
    let message = format!("Maglev's table cannot have {} places", size.value);
    let near = (2..=size.value.min(LARGEST_TABLE - 1))
        .rev()
        .find(|number| is_prime(*number));
    Some(Diagnostic::new(&code::LB_ONEOF, size.span, message).help(format!(
        "write {}: a prime below {LARGEST_TABLE}",
        near.unwrap_or(65_537)
    )))
}

fn is_prime(number: u64) -> bool {
    number >= 2
        && (2..)
            .take_while(|factor| factor * factor <= number)
            .all(|factor| !number.is_multiple_of(factor))
}
