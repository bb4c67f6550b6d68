//! What one of Envoy's filters does: the policies of one action, those that are enforced and those that are tried out.

use std::fmt::Display;

use mesh_wire::policy as wire;
use mesh_wire::policy::Action;

use super::condition::{Condition, Look, one_of, permission, principal};
use super::{Attempt, Verdict, note};
use crate::state::matcher::BadPattern;
use crate::telemetry::{Places, Tally};
use crate::written::Written;

/// What Istio's AUDIT says to others: that it matched.
const HINT: (&str, &str) = ("envoy.common", "access_log_hint");
const OF_REQUESTS: &str = "envoy.filters.http.rbac";
const OF_BYTES: &str = "envoy.filters.network.rbac";

#[derive(Clone, Debug)]
pub(crate) struct Stage {
    action: Action,
    /// `None` where all are tried out.
    enforced: Option<Vec<Rule>>,
    /// `None` where none is.
    tried: Option<Vec<Rule>>,
    /// What stands before the words of those that are tried out (`shadow_rules_stat_prefix`).
    prefix: &'static str,
    of_requests: Tally,
    of_bytes: Tally,
}

#[derive(Clone, Debug)]
struct Rule {
    name: String,
    permissions: Vec<Condition>,
    principals: Vec<Condition>,
}

/// What rules would do.
pub(super) struct Would<'a> {
    pub(super) allow: bool,
    /// The one that matches.
    pub(super) by: Option<&'a str>,
}

impl Would<'_> {
    /// Envoy's two words behind `prefix`.
    fn write(&self, filter: &'static str, prefix: impl Display, written: &mut Written) {
        if let Some(by) = self.by {
            written.note(filter, || (format!("{prefix}effective_policy_id"), by.into()));
        }
        let result = if self.allow { "allowed" } else { "denied" };
        written.note(filter, || (format!("{prefix}engine_result"), result.into()));
    }
}

impl Stage {
    /// Those of `policies` that are for `action`; `None` where there are none.
    pub(super) fn compile<'a>(
        action: Action,
        policies: impl IntoIterator<Item = (&'a String, &'a wire::Policy)>,
        places: &Places<'_>,
    ) -> Result<Option<Self>, BadPattern> {
        let (mut enforced, mut tried) = (Vec::new(), Vec::new());
        for (name, policy) in policies {
            if policy.action == action {
                let rules = if policy.dry_run { &mut tried } else { &mut enforced };
                rules.push(Rule::compile(name.clone(), policy)?);
            }
        }
        let some = |rules: Vec<Rule>| (!rules.is_empty()).then_some(rules);
        let (enforced, tried) = (some(enforced), some(tried));
        // Istio `pilot/pkg/security/authz/builder`, shadowRuleStatPrefix.
        let prefix = match (action, &tried) {
            (Action::Allow, Some(_)) => "istio_dry_run_allow_",
            (Action::Deny, Some(_)) => "istio_dry_run_deny_",
            _ => "",
        };
        let some = enforced.is_some() || tried.is_some();
        Ok(some.then(|| Self::new(action, enforced, tried, prefix, places)))
    }

    /// One that refuses nothing and only says what matches.
    pub(crate) fn noting<'a>(
        policies: impl IntoIterator<Item = (String, &'a wire::Policy)>,
        prefix: &'static str,
        places: &Places<'_>,
    ) -> Result<Self, BadPattern> {
        let rules = policies
            .into_iter()
            .map(|(name, policy)| Rule::compile(name, policy))
            .collect::<Result<_, _>>()?;
        Ok(Self::new(Action::Deny, None, Some(rules), prefix, places))
    }

    fn new(
        action: Action,
        enforced: Option<Vec<Rule>>,
        tried: Option<Vec<Rule>>,
        prefix: &'static str,
        places: &Places<'_>,
    ) -> Self {
        let [of_requests, of_bytes] = places.tallies(prefix);
        Self {
            action,
            enforced,
            tried,
            prefix,
            of_requests,
            of_bytes,
        }
    }

    /// What is tried out, and then what is enforced.
    pub(super) fn judge(&self, attempt: &Attempt<'_>, written: &mut Written) -> Verdict<'_> {
        if let Some(would) = self.try_out(attempt, written) {
            match (self.action, would.by) {
                (Action::Deny, Some(by)) => note("would deny", by, attempt),
                (Action::Allow, Some(by)) => note("would allow", by, attempt),
                (Action::Allow, None) => note("would deny, for none that would allow matches", "", attempt),
                (Action::Audit, Some(by)) => note("would audit", by, attempt),
                (Action::Deny | Action::Audit, None) => {}
            }
        }
        let Some(rules) = &self.enforced else {
            return Verdict::Allowed(None);
        };
        let decided = self.decide(rules, Look { attempt, written });
        self.tally(attempt).decided(decided.allow);
        // Envoy's filter of connections does not write down what it enforces.
        if attempt.asked.is_some() {
            decided.write(OF_REQUESTS, "enforced_", written);
        }
        if self.action == Action::Audit {
            let (filter, key) = HINT;
            written.note(filter, || (key.to_owned(), decided.by.is_some().into()));
            if let Some(by) = decided.by {
                note("audit", by, attempt);
            }
            return Verdict::Allowed(None);
        }
        match decided.allow {
            true => Verdict::Allowed(decided.by),
            false => Verdict::Denied(decided.by),
        }
    }

    /// What those do that are tried out, counted and written down; `None` where there are none.
    pub(super) fn try_out(&self, attempt: &Attempt<'_>, written: &mut Written) -> Option<Would<'_>> {
        let rules = self.tried.as_deref()?;
        let would = self.decide(rules, Look { attempt, written });
        self.tally(attempt).would(would.allow);
        let filter = match attempt.asked {
            Some(_) => OF_REQUESTS,
            None => OF_BYTES,
        };
        would.write(filter, format_args!("{}shadow_", self.prefix), written);
        Some(would)
    }

    /// Whether one of those matches that are tried out.
    pub(crate) fn matches(&self, attempt: &Attempt<'_>, written: &mut Written) -> bool {
        let would = self.try_out(attempt, written);
        would.is_some_and(|would| would.by.is_some())
    }

    fn decide<'a>(&self, rules: &'a [Rule], at: Look<'_>) -> Would<'a> {
        let found = rules.iter().find(|rule| match self.action {
            Action::Deny => rule.may_match(at),
            Action::Allow | Action::Audit => rule.matches(at),
        });
        Would {
            allow: match self.action {
                Action::Allow => found.is_some(),
                Action::Deny => found.is_none(),
                Action::Audit => true,
            },
            by: found.map(|rule| rule.name.as_str()),
        }
    }

    fn tally(&self, attempt: &Attempt<'_>) -> &Tally {
        match attempt.asked {
            Some(_) => &self.of_requests,
            None => &self.of_bytes,
        }
    }
}

impl Rule {
    fn compile(name: String, policy: &wire::Policy) -> Result<Self, BadPattern> {
        Ok(Self {
            name,
            permissions: policy
                .permissions
                .iter()
                .map(permission)
                .collect::<Result<_, _>>()?,
            principals: policy
                .principals
                .iter()
                .map(principal)
                .collect::<Result<_, _>>()?,
        })
    }

    fn matches(&self, at: Look<'_>) -> bool {
        one_of(&self.permissions, at) == Some(true) && one_of(&self.principals, at) == Some(true)
    }

    /// As [`Self::matches`], but what cannot be asked holds. A DENY is read like this, as Istio does it: else HTTP
    /// that is sent as bytes, by a client that names another protocol, gets around every path that is refused.
    fn may_match(&self, at: Look<'_>) -> bool {
        one_of(&self.permissions, at) != Some(false) && one_of(&self.principals, at) != Some(false)
    }
}
