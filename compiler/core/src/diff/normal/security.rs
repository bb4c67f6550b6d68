use serde_json::{Value, json};

use super::text::sort;
use super::{below, list, remove, set, without_default};

/// The `spec` of an AuthorizationPolicy: its rules are a set, and so is every list in them.
pub(super) fn authorization(spec: &mut Value) {
    without_default(spec, "action", &json!("ALLOW"));
    set(spec, "rules", |rule| {
        set(rule, "from", |from| {
            below(from, "source", sets);
        });
        set(rule, "to", |to| below(to, "operation", sets));
        set(rule, "when", |when| {
            for key in ["values", "notValues"] {
                set(when, key, |_| ());
            }
        });
        super::text::tidy(rule);
    });
}

fn sets(fields: &mut Value) {
    for values in fields
        .as_object_mut()
        .into_iter()
        .flat_map(|fields| fields.values_mut())
    {
        if let Some(items) = values.as_array_mut() {
            sort(items);
        }
    }
}

/// The `spec` of a PeerAuthentication.
pub(super) fn peers(spec: &mut Value) {
    below(spec, "mtls", |mtls| {
        without_default(mtls, "mode", &json!("UNSET"));
    });
    below(spec, "portLevelMtls", |ports| {
        for mode in ports
            .as_object_mut()
            .into_iter()
            .flat_map(|ports| ports.values_mut())
        {
            without_default(mode, "mode", &json!("UNSET"));
        }
    });
}

/// The `spec` of a RequestAuthentication.
pub(super) fn tokens(spec: &mut Value) {
    set(spec, "jwtRules", |rule| {
        for key in [
            "audiences",
            "fromParams",
            "fromCookies",
            "spaceDelimitedClaims",
            "outputClaimToHeaders",
        ] {
            set(rule, key, |_| ());
        }
        list(rule, "fromHeaders", |header| {
            without_default(header, "prefix", &json!(""));
        });
        without_default(rule, "forwardOriginalToken", &json!(false));
        if let Some(old) = remove(rule, "jwks_uri") {
            rule["jwksUri"] = old;
        }
    });
}
