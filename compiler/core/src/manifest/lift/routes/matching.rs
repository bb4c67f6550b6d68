use crate::diag::Spanned;
use crate::manifest::lift::draft::Draft;
use crate::manifest::lift::fields::{Fields, Unsaid};
use crate::syntax::Datum;

/// An entry of `match`: the port that it is for, and what else it asks, if anything.
pub(super) fn http(datum: &Datum) -> Result<(Option<Spanned<i128>>, Option<Draft>), Unsaid> {
    let mut fields = Fields::of(datum, "match")?;
    fields.skip(&["name"]);
    let port = fields.number("port")?;
    let mut draft = Draft::new("match", datum.span);
    if let Some(mut uri) = fields.inner("uri")? {
        draft = draft
            .text("path", uri.text("exact").as_ref())
            .text("path-prefix", uri.text("prefix").as_ref())
            .text("path-regex", uri.text("regex").as_ref());
        uri.done()?;
    }
    draft = draft.yes(
        "ignore-case",
        fields.yes("ignoreUriCase").filter(|yes| yes.value).as_ref(),
    );
    if let Some(mut method) = fields.inner("method")? {
        // The language writes several methods as such an expression.
        let listed = method.text("regex").map(|regex| Spanned {
            value: regex.value.replace('|', ","),
            span: regex.span,
        });
        let plain = |text: &Spanned<String>| text.value.chars().all(|c| c.is_ascii_uppercase() || c == ',');
        if let Some(other) = listed.iter().find(|text| !plain(text)) {
            return Err(Unsaid::new(
                "expressions for methods have no word in the language",
                other.span,
            ));
        }
        draft = draft.text("method", method.text("exact").or(listed).as_ref());
        method.done()?;
    }
    if let Some(mut authority) = fields.inner("authority")? {
        draft = draft
            .text("authority", authority.text("exact").as_ref())
            .text("authority-prefix", authority.text("prefix").as_ref())
            .text("authority-regex", authority.text("regex").as_ref());
        authority.done()?;
    }
    if let Some(mut scheme) = fields.inner("scheme")? {
        draft = draft.text("scheme", scheme.text("exact").as_ref());
        scheme.done()?;
    }
    for (key, word) in [("headers", "header"), ("queryParams", "query")] {
        named(&mut fields, key, word, &mut draft)?;
    }
    without(&mut fields, &mut draft)?;
    fields.done()?;
    Ok((port, (!draft.is_bare()).then_some(draft)))
}

fn named(fields: &mut Fields<'_>, key: &'static str, word: &str, draft: &mut Draft) -> Result<(), Unsaid> {
    let entries = fields.take(key).map_or(&[][..], Datum::entries);
    for entry in entries {
        let mut asked = Fields::of(&entry.value, key)?;
        let mut own = Draft::new(word, entry.key.span).word(&entry.key);
        if let Some(exact) = asked.text("exact") {
            own = own.word(&exact);
        }
        let regex = asked.text("regex").filter(|regex| regex.value != ".*");
        own = own
            .text("prefix", asked.text("prefix").as_ref())
            .text("regex", regex.as_ref());
        asked.done()?;
        draft.push(own);
    }
    Ok(())
}

fn without(fields: &mut Fields<'_>, draft: &mut Draft) -> Result<(), Unsaid> {
    let entries = fields.take("withoutHeaders").map_or(&[][..], Datum::entries);
    for entry in entries {
        let mut asked = Fields::of(&entry.value, "withoutHeaders")?;
        let own = Draft::new("header", entry.key.span).word(&entry.key);
        let exact = asked.text("exact");
        let any = asked.text("regex");
        if let Some(other) = any.iter().find(|any| !["*", ".*"].contains(&any.value.as_str())) {
            return Err(Unsaid::new(
                "expressions for headers that are not there have no word",
                other.span,
            ));
        }
        asked.done()?;
        draft.push(match exact {
            Some(exact) => own.text("not", Some(&exact)),
            None => own.prop("absent", crate::syntax::Scalar::Bool(true), entry.key.span),
        });
    }
    Ok(())
}
