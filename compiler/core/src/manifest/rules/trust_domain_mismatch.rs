use super::index::Index;
use super::mesh_config;
use super::policy::{policies, rules, sources};
use crate::diag::{Diagnostic, Sink, Spanned, code, did_you_mean};
use crate::syntax::Datum;

/// What Istio reads as the mesh's own trust domain in identities, whatever it is called (istio,
/// `pilot/pkg/security/trustdomain`).
const OWN: &str = "cluster.local";

/// Identities that rules name lie in a trust domain of the mesh, where the objects say which it is.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let Some(domains) = Domains::of(index) else { return };
    for rule in policies(index).flat_map(rules) {
        for principal in sources(rule, &["principals", "notPrincipals"]) {
            // One with `spiffe://` is a mistake of its own.
            if let Some((domain, _)) = principal.value.split_once("/ns/") {
                domains.look(domain, &principal, sink);
            }
        }
        let when = rule.at(&["when"]).map_or(&[][..], Datum::items).iter();
        let of_domains = when.filter(|when| {
            when.field_text("key")
                .is_some_and(|key| key.value == "source.trustDomain")
        });
        let values = of_domains.flat_map(|when| {
            ["values", "notValues"]
                .iter()
                .filter_map(|key| when.at(&[key]))
                .flat_map(Datum::items)
        });
        for value in values.filter_map(Datum::text) {
            domains.look(&value.value, &value, sink);
        }
    }
}

/// The trust domain of the mesh, and its other names.
struct Domains {
    own: Spanned<String>,
    aliases: Vec<String>,
}

impl Domains {
    fn of(index: &Index<'_>) -> Option<Self> {
        let own = mesh_config::at(index, &["trustDomain"]).and_then(Datum::text);
        let own = own.or_else(|| mesh_config::line(index, "trustDomain"))?;
        let aliases = mesh_config::at(index, &["trustDomainAliases"]).map_or(&[][..], Datum::items);
        // What stands in a ConfigMap is a text: aliases there are not looked for, and may be anything.
        let written = mesh_config::in_config_map(index).any(|(text, _)| text.contains("trustDomainAliases"));
        (!written).then(|| Self {
            own,
            aliases: aliases
                .iter()
                .filter_map(Datum::text)
                .map(|alias| alias.value)
                .collect(),
        })
    }

    fn look(&self, domain: &str, place: &Spanned<String>, sink: &mut Sink) {
        let known = || {
            let aliases = self.aliases.iter().map(String::as_str);
            std::iter::once(self.own.value.as_str()).chain(aliases)
        };
        if domain == OWN || domain.contains('*') || known().any(|own| own == domain) {
            return;
        }
        let message = format!("the mesh does not trust `{domain}`: nobody who comes from there gets in");
        let found = Diagnostic::new(&code::TRUST_DOMAIN_MISMATCH, place.span, message)
            .label(self.own.span, format!("its trust domain is `{}`", self.own.value));
        sink.push(match did_you_mean(domain, known()) {
            Some(near) => found
                .here(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`")),
            None => found.help(format!(
                "write `{}`, or add `{domain}` to `meshConfig.trustDomainAliases` if it is another name of yours",
                self.own.value
            )),
        });
    }
}
