use regex_syntax::ast::{
    AssertionKind, Ast, ClassSetItem, ErrorKind, Flag, FlagsItemKind, RepetitionKind, RepetitionRange,
    Visitor, parse::Parser, visit,
};

use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::spec::decl::{MatchDecl, RouteDecl};

/// Envoy reads expressions as RE2, meshd as the `regex` crate: what one of them does not take, or takes for something
/// else, is no use in a mesh of both.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for route in context.spec.routed().flat_map(|owner| owner.routes) {
        for expression in route.matches.iter().flat_map(of_match) {
            if let Err(why) = groups(&expression.value) {
                sink.push(unusable(expression, &why));
            }
        }
        rewrite(route, sink);
    }
}

fn of_match(matching: &MatchDecl) -> impl Iterator<Item = &Spanned<String>> {
    let pairs = matching.headers.iter().chain(&matching.query);
    let values = pairs.filter_map(|pair| pair.value.regex.as_ref());
    matching
        .path_regex
        .iter()
        .chain(&matching.authority.regex)
        .chain(values)
}

fn rewrite(route: &RouteDecl, sink: &mut Sink) {
    let Some(rewrite) = &route.rewrite else { return };
    let Some(regex) = &rewrite.regex else { return };
    let number = match groups(&regex.value) {
        Ok(number) => number,
        Err(why) => return sink.push(unusable(regex, &why)),
    };
    let Some(with) = &rewrite.with else { return };
    let mut named = with
        .value
        .split('\\')
        .skip(1)
        .filter_map(|part| part.chars().next()?.to_digit(10));
    if let Some(beyond) = named.find(|group| *group > number) {
        let message = format!("`with=` names group {beyond}, and `regex=` has {number}");
        sink.push(
            Diagnostic::new(&code::REGEX_UNUSABLE, with.span, message)
                .label(regex.span, "the groups are here, in parentheses")
                .help("put parentheses around what is to be kept"),
        );
    }
}

fn unusable(expression: &Spanned<String>, why: &Why) -> Diagnostic {
    Diagnostic::new(&code::REGEX_UNUSABLE, expression.span, why.what.clone())
        .help(why.instead)
        .note("proxies take RE2 expressions (github.com/google/re2/wiki/Syntax), for the whole text")
}

/// Why an expression cannot be used.
struct Why {
    what: String,
    instead: &'static str,
}

fn why(what: impl Into<String>, instead: &'static str) -> Why {
    Why {
        what: what.into(),
        instead,
    }
}

/// What Istio takes (`validateStringRegexp`).
const LONGEST: usize = 1024;
/// How often RE2 repeats.
const MOST_REPEATED: u32 = 1000;

/// The number of groups of an expression that all proxies take.
fn groups(expression: &str) -> Result<u32, Why> {
    if expression.len() > LONGEST {
        let what = format!(
            "an expression of {} bytes, and Istio takes {LONGEST}",
            expression.len()
        );
        return Err(why(what, "write several `match`, or a prefix"));
    }
    let ast = Parser::new()
        .parse(expression)
        .map_err(|error| match error.kind() {
            ErrorKind::UnsupportedLookAround => why(
                "the expression looks ahead or behind, and RE2 does not",
                "write what is not meant as an earlier route of its own",
            ),
            ErrorKind::UnsupportedBackreference => why(
                "the expression refers back to a group, and RE2 does not",
                "write the alternatives out",
            ),
            kind => why(
                format!(
                    "the expression is none: {kind}, at character {}",
                    error.span().start.column
                ),
                "a `\\` before a character takes away its meaning",
            ),
        })?;
    visit(&ast, Foreign::default())
}

/// Looks for what RE2 does not have.
#[derive(Default)]
struct Foreign {
    groups: u32,
}

impl Visitor for Foreign {
    type Output = u32;
    type Err = Why;

    fn finish(self) -> Result<u32, Why> {
        Ok(self.groups)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Why> {
        match ast {
            Ast::Group(group) => {
                self.groups += u32::from(group.is_capturing());
                group.flags().map_or(Ok(()), |flags| self::flags(&flags.items))
            }
            Ast::Flags(set) => flags(&set.flags.items),
            Ast::Repetition(repetition) => match &repetition.op.kind {
                RepetitionKind::Range(range) if most(range) > MOST_REPEATED => Err(why(
                    format!("the expression repeats more than {MOST_REPEATED} times, and RE2 does not"),
                    "write `*`, or a smaller number",
                )),
                _ => Ok(()),
            },
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::StartLine
                | AssertionKind::EndLine
                | AssertionKind::StartText
                | AssertionKind::EndText
                | AssertionKind::WordBoundary
                | AssertionKind::NotWordBoundary => Ok(()),
                _ => Err(why("RE2 has no such boundary of words", "write `\\b`")),
            },
            _ => Ok(()),
        }
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Why> {
        match item {
            ClassSetItem::Bracketed(_) => Err(why(
                "a class stands in a class, which RE2 takes for characters",
                "write `\\[` for the character",
            )),
            _ => Ok(()),
        }
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &regex_syntax::ast::ClassSetBinaryOp) -> Result<(), Why> {
        Err(why(
            "classes are combined with `&&`, `--` or `~~`, which RE2 takes for characters",
            "write the characters out",
        ))
    }
}

fn most(range: &RepetitionRange) -> u32 {
    match range {
        RepetitionRange::Exactly(number) | RepetitionRange::AtLeast(number) => *number,
        RepetitionRange::Bounded(_, most) => *most,
    }
}

fn flags(items: &[regex_syntax::ast::FlagsItem]) -> Result<(), Why> {
    let foreign = items.iter().any(|item| {
        matches!(
            item.kind,
            FlagsItemKind::Flag(Flag::Unicode | Flag::CRLF | Flag::IgnoreWhitespace)
        )
    });
    if foreign {
        return Err(why(
            "RE2 has the flags `i`, `m`, `s` and `U` only",
            "leave the others out",
        ));
    }
    Ok(())
}
