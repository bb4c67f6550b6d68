use super::access::{alone, place, put};
use super::draft::Draft;
use super::fields::{Fields, Unsaid};
use super::metadata;
use super::tree::Tree;
use crate::manifest::Object;
use crate::syntax::Datum;

/// A RequestAuthentication.
pub(super) fn tokens(tree: &mut Tree, object: &Object) -> Result<(), Unsaid> {
    let mut body = Fields::of(&object.body, "")?;
    body.skip(&["apiVersion", "kind", "status"]);
    metadata(&mut body)?;
    let Some(mut spec) = body.inner("spec")? else {
        return Err(Unsaid::new("it has no `spec`", object.span));
    };
    body.done()?;
    let place = place(tree, object, &mut spec)?;
    let mut drafts = Vec::new();
    for datum in spec.items("jwtRules") {
        drafts.push(issuer(datum)?);
    }
    spec.done()?;
    alone(tree, object, &place, "jwt")?;
    put(tree, object, &place, drafts);
    Ok(())
}

fn issuer(datum: &Datum) -> Result<Draft, Unsaid> {
    let mut rule = Fields::of(datum, "jwtRules")?;
    let mut draft = Draft::new("jwt", datum.span)
        .text("issuer", rule.text("issuer").as_ref())
        .text(
            "jwks-uri",
            rule.text("jwksUri").or(rule.text("jwks_uri")).as_ref(),
        )
        .text("jwks", rule.text("jwks").as_ref())
        .list("audiences", &rule.texts("audiences")?)
        .yes(
            "forward",
            rule.yes("forwardOriginalToken").filter(|yes| yes.value).as_ref(),
        )
        .text("payload-header", rule.text("outputPayloadToHeader").as_ref())
        .text("timeout", rule.text("timeout").as_ref())
        .list("space-delimited", &rule.texts("spaceDelimitedClaims")?);
    for header in rule.items("fromHeaders") {
        let mut header = Fields::of(header, "fromHeaders")?;
        let own = Draft::new("from", header.span());
        let own = own.text("header", header.text("name").as_ref());
        draft.push(own.text("prefix", header.text("prefix").as_ref()));
        header.done()?;
    }
    for (key, word) in [("fromParams", "param"), ("fromCookies", "cookie")] {
        for name in rule.items(key).iter().filter_map(Datum::text) {
            draft.push(Draft::new("from", name.span).text(word, Some(&name)));
        }
    }
    for claim in rule.items("outputClaimToHeaders") {
        let mut claim = Fields::of(claim, "outputClaimToHeaders")?;
        let Some((name, header)) = claim.text("claim").zip(claim.text("header")) else {
            return Err(Unsaid::new("it names no claim or no header", claim.span()));
        };
        draft.push(Draft::new("claim-to-header", name.span).word(&name).word(&header));
        claim.done()?;
    }
    rule.done()?;
    Ok(draft)
}
