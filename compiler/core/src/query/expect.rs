//! What a spec expects of calls, held against what becomes of them.

mod files;
mod route;

use serde_json::Value;

use super::{Asker, Fault, Outcome, Question, Step, Trace};
use crate::diag::{Diagnostic, Sources, code};
use crate::model::{Expectation, Mesh, Wanted};

pub use files::{END, read_tests};

/// An expectation and what became of it.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What was expected.
    pub expectation: Expectation,
    /// The same in one line: `allow webapp -> http://forum:8080/api`.
    pub name: String,
    /// Why it is not met; `None` where it is.
    pub failure: Option<Diagnostic>,
    /// What becomes of the call; `None` where nothing could be asked.
    pub trace: Option<Trace>,
}

impl Verdict {
    /// The authorizers that are asked about the call, and decide it as well.
    pub fn asked(&self) -> std::collections::BTreeSet<&str> {
        self.trace.as_ref().map(Trace::asked).unwrap_or_default()
    }

    /// The expectation is met.
    pub const fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

/// Holds `expectations` against `mesh`, those whose name or file has `filter` in it.
pub fn judge(mesh: &Mesh, expectations: &[Expectation], filter: &str, sources: &Sources) -> Vec<Verdict> {
    let mut asker = Asker::new(mesh);
    let chosen = expectations.iter().filter(|expectation| {
        let (file, _) = sources.place(expectation.span);
        name(expectation).contains(filter) || file.contains(filter)
    });
    chosen.map(|expectation| one(&mut asker, expectation)).collect()
}

fn name(expectation: &Expectation) -> String {
    let Expectation {
        wanted,
        from,
        to,
        method,
        headers,
        ..
    } = expectation;
    let mut name = format!("{} {from} -> {to}", wanted.word());
    if let Some(method) = method {
        name.push_str(&format!(" {method}"));
    }
    for (header, value) in headers {
        name.push_str(&format!(" {header}={value}"));
    }
    name
}

fn one(asker: &mut Asker<'_>, expectation: &Expectation) -> Verdict {
    let question = Question {
        from: expectation.from.clone(),
        to: expectation.to.clone(),
        home: expectation.home.clone(),
        method: expectation.method.clone(),
        headers: expectation.headers.clone(),
        jwt: expectation.jwt.clone(),
        from_ip: expectation.from_ip,
    };
    let name = name(expectation);
    let verdict = |failure, trace| Verdict {
        expectation: expectation.clone(),
        name: name.clone(),
        failure,
        trace,
    };
    match asker.ask(&question) {
        Err(unasked) => {
            let found = Diagnostic::new(&code::EXPECTATION_FAILED, expectation.span, unasked.to_string());
            verdict(Some(found.help(unasked.help())), None)
        }
        Ok(trace) => {
            let failure = contradicts(&expectation.wanted, &trace);
            let failure = failure.map(|why| told(expectation, &trace, why));
            verdict(failure, Some(trace))
        }
    }
}

/// Why a call is not what is wanted; `None` where it is.
fn contradicts(wanted: &Wanted, trace: &Trace) -> Option<String> {
    match wanted {
        Wanted::Allow => match trace.outcome() {
            // As far as the mesh decides; the verdict names who else does.
            Outcome::Delivered | Outcome::Outside | Outcome::Asked => None,
            Outcome::Answered(status) => Some(format!("the caller's own proxy answers it with {status}")),
            Outcome::Refused | Outcome::Broken => Some(message(trace)),
        },
        Wanted::Deny { by } => refused(by.as_deref(), trace),
        Wanted::Route {
            takes,
            reaches,
            status,
        } => route::contradicts(takes.as_deref(), reaches, *status, trace),
        Wanted::Name { is } => named(is, trace),
    }
}

fn message(trace: &Trace) -> String {
    trace.fault().map_or_else(
        || trace.outcome().word().to_owned(),
        |fault| fault.message.clone(),
    )
}

/// A call that gets nowhere for another reason is no refusal: a name that is misspelt would look like a policy.
fn refused(by: Option<&str>, trace: &Trace) -> Option<String> {
    let ends = trace.branches.iter().map(|branch| branch.end);
    let all: Vec<_> = ends.collect();
    if all.is_empty() || all.contains(&Outcome::Broken) {
        return match trace.outcome() {
            Outcome::Broken => Some(format!(
                "it gets nowhere before anybody can refuse it: {}",
                message(trace)
            )),
            Outcome::Answered(status) => Some(format!("the caller's own proxy answers it with {status}")),
            _ => Some("it is let through".to_owned()),
        };
    }
    if let Some(branch) = trace
        .branches
        .iter()
        .find(|branch| branch.end != Outcome::Refused)
    {
        let asked: Vec<_> = trace.asked().into_iter().collect();
        return Some(match branch.end {
            Outcome::Asked => format!(
                "it is asked of {}, and goes through where that agrees",
                asked.join(" and ")
            ),
            _ => format!("{} let it through", branch.to),
        });
    }
    let is = |fault: &&Fault, by: &str| fault.code.id.eq_ignore_ascii_case(by) || fault.code.slug == by;
    let by = by?;
    let faults: Vec<&Fault> = trace.all_hops().filter_map(|hop| hop.fault.as_ref()).collect();
    let other = faults.iter().find(|fault| !is(fault, by))?;
    Some(format!(
        "it is refused by {} ({}), not by {by}",
        other.code.slug, other.code.id
    ))
}

fn named(is: &[String], trace: &Trace) -> Option<String> {
    let hop = trace.hops.iter().find(|hop| hop.step == Step::Name)?;
    let host = hop.facts.get("host").and_then(Value::as_str);
    let addresses = hop.facts.get("addresses").and_then(Value::as_array);
    let addresses: Vec<&str> = addresses
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if addresses.is_empty() {
        return Some(format!("the mesh does not know it: {}", hop.says));
    }
    let missing = is.iter().find(|wanted| {
        let same = |address: &&str| wanted.parse::<std::net::IpAddr>().ok() == address.parse().ok();
        let is_address = wanted.parse::<std::net::IpAddr>().is_ok();
        let known = is_address && addresses.iter().any(same);
        !known && host != Some(wanted.as_str())
    })?;
    let known = host.unwrap_or("an address").to_owned();
    Some(format!("it is {known} ({}), not {missing}", addresses.join(", ")))
}

/// The failure at the expectation's place, with the places of the hop that decides.
fn told(expectation: &Expectation, trace: &Trace, why: String) -> Diagnostic {
    let wanted = match &expectation.wanted {
        Wanted::Allow => "the call does not get through",
        Wanted::Deny { .. } => "the call is not refused as expected",
        Wanted::Route { .. } => "the call does not go where it is expected to",
        Wanted::Name { .. } => "the name is not what it is expected to be",
    };
    let message = format!("{wanted}: {why}");
    let mut found =
        Diagnostic::new(&code::EXPECTATION_FAILED, expectation.span, message).here("expected here");
    let deciding = trace.all_hops().find(|hop| hop.fault.is_some());
    let deciding = deciding.or_else(|| trace.all_hops().filter(|hop| hop.place.is_some()).last());
    if let Some(hop) = deciding {
        let notes = hop
            .notes
            .iter()
            .filter_map(|note| Some((note.place?, note.text.clone())));
        let own = hop.place.map(|place| (place, hop.says.clone()));
        for (place, text) in own.into_iter().chain(notes).take(4) {
            found = found.label(place, text);
        }
    }
    let help = trace.fault().map(|fault| fault.help.clone());
    found.help(help.unwrap_or_else(|| "change the expectation, or what is named beside it".to_owned()))
}
