use super::{Attribute, BadExpression, Function, Node, Operator, Value};

/// Expressions in expressions beyond this are not read.
const DEEPEST: usize = 32;
/// Longer ones are not read.
const LONGEST: usize = 4096;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Sign(&'static str),
}

/// Longer ones before those that they begin with.
const SIGNS: &[&str] = &[
    "||", "&&", "==", "!=", "<=", ">=", "<", ">", "+", "-", "!", "?", ":", "(", ")", "[", "]", ".", ",",
];

/// Levels of operators on both sides, the one that binds least first.
const LEVELS: &[&[(&str, Operator)]] = &[
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::Unequal),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::MoreOrEqual),
        ("<", Operator::Less),
        (">", Operator::More),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
];

/// The level whose operators compare: `in` is one of them.
const RELATIONS: usize = 2;

pub(super) fn parse(text: &str) -> Result<Node, BadExpression> {
    if text.len() > LONGEST {
        return Err(bad(
            LONGEST,
            format!("the expression is longer than {LONGEST} bytes"),
        ));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        end: text.chars().count() + 1,
    };
    let node = parser.expression()?;
    match parser.tokens.get(parser.at) {
        None => Ok(node),
        Some((at, _)) => Err(bad(*at, "there is more behind the expression")),
    }
}

fn bad(at: usize, why: impl Into<String>) -> BadExpression {
    BadExpression { at, why: why.into() }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, BadExpression> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(&first) = chars.get(next) {
        let at = next + 1;
        if first.is_whitespace() {
            next += 1;
        } else if first == '\'' || first == '"' {
            let (content, after) = quoted(&chars, next)?;
            found.push((at, Token::Text(content)));
            next = after;
        } else if first.is_ascii_digit() || first.is_ascii_alphabetic() || first == '_' {
            let more = |c: &&char| c.is_ascii_alphanumeric() || **c == '_';
            let word: String = chars[next..].iter().take_while(more).collect();
            next += word.len();
            found.push((at, self::word(word, at)?));
        } else {
            let rest: String = chars[next..].iter().take(2).collect();
            let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) else {
                return Err(bad(at, sign_unknown(first)));
            };
            found.push((at, Token::Sign(sign)));
            next += sign.len();
        }
    }
    Ok(found)
}

fn sign_unknown(sign: char) -> String {
    match sign {
        '|' => {
            "CEL has no `|`: what stands for an absent value is `has(request.host) ? request.host : 'none'`"
                .to_owned()
        }
        '=' => "`=` compares nothing: write `==`".to_owned(),
        '&' => "`&` means nothing: write `&&`".to_owned(),
        other => format!("`{other}` means nothing in an expression that proxies know"),
    }
}

fn word(word: String, at: usize) -> Result<Token, BadExpression> {
    if !word.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(Token::Word(word));
    }
    let number = word.strip_suffix('u').unwrap_or(&word).parse();
    number
        .map(Token::Number)
        .map_err(|_| bad(at, format!("`{word}` is no whole number")))
}

/// A text in quotes; where it ends.
fn quoted(chars: &[char], start: usize) -> Result<(String, usize), BadExpression> {
    let mut content = String::new();
    let mut next = start + 1;
    loop {
        match chars.get(next) {
            None => return Err(bad(start + 1, "the text has no second quote")),
            Some(c) if *c == chars[start] => return Ok((content, next + 1)),
            Some('\\') => {
                let escaped = match chars.get(next + 1) {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some(c @ ('\\' | '\'' | '"')) => *c,
                    _ => return Err(bad(next + 1, "behind `\\` stands `\\`, a quote, `n` or `t`")),
                };
                content.push(escaped);
                next += 2;
            }
            Some(c) => {
                content.push(*c);
                next += 1;
            }
        }
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    end: usize,
}

impl Parser {
    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(at, _)| *at)
    }

    fn take(&mut self, sign: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some((_, Token::Sign(own))) if *own == sign);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, sign: &str) -> Result<(), BadExpression> {
        let place = self.place();
        match self.take(sign) {
            true => Ok(()),
            false => Err(bad(place, format!("`{sign}` is expected"))),
        }
    }

    fn expression(&mut self) -> Result<Node, BadExpression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(bad(self.place(), "the expression is too deep"));
        }
        let mut node = self.level(0)?;
        if self.take("?") {
            let yes = self.expression()?;
            self.expect(":")?;
            let no = self.expression()?;
            node = Node::If(Box::new(node), Box::new(yes), Box::new(no));
        }
        self.depth -= 1;
        Ok(node)
    }

    fn level(&mut self, level: usize) -> Result<Node, BadExpression> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut node = self.level(level + 1)?;
        'more: loop {
            for (sign, operator) in *operators {
                if self.take(sign) {
                    let right = self.level(level + 1)?;
                    node = Node::Two(*operator, Box::new(node), Box::new(right));
                    continue 'more;
                }
            }
            if level == RELATIONS && self.word("in") {
                node = self.within(node)?;
                continue;
            }
            return Ok(node);
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some((_, Token::Word(own))) if own == word);
        self.at += usize::from(is);
        is
    }

    /// Behind `in`: a list, or a map of headers.
    fn within(&mut self, value: Node) -> Result<Node, BadExpression> {
        if self.take("[") {
            let mut list = Vec::new();
            while !self.take("]") {
                list.push(self.expression()?);
                if !self.take(",") {
                    self.expect("]")?;
                    break;
                }
            }
            return Ok(Node::Within(Box::new(value), list));
        }
        let at = self.place();
        let Node::Literal(Value::Text(name)) = value else {
            return Err(bad(at, "before `in` stands a text, or behind it a list"));
        };
        let mut path = self.path()?;
        path.push(name);
        Attribute::find(&path).map(Node::Has).map_err(|why| bad(at, why))
    }

    fn unary(&mut self) -> Result<Node, BadExpression> {
        let mut signs = Vec::new();
        loop {
            if self.take("!") {
                signs.push(true);
            } else if self.take("-") {
                signs.push(false);
            } else {
                break;
            }
        }
        if signs.len() > DEEPEST {
            return Err(bad(self.place(), "the expression is too deep"));
        }
        let node = self.member()?;
        Ok(signs.into_iter().rev().fold(node, |node, not| match not {
            true => Node::Not(Box::new(node)),
            false => Node::Negative(Box::new(node)),
        }))
    }

    /// A value, and the functions that are called on it.
    fn member(&mut self) -> Result<Node, BadExpression> {
        let at = self.place();
        let mut node = match self.tokens.get(self.at).map(|(_, token)| token.clone()) {
            Some(Token::Text(text)) => {
                self.at += 1;
                Node::Literal(Value::Text(text))
            }
            Some(Token::Number(number)) => {
                self.at += 1;
                Node::Literal(Value::Number(number))
            }
            Some(Token::Word(word)) => self.named(&word)?,
            Some(Token::Sign("(")) => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                inner
            }
            Some(Token::Sign(sign)) => return Err(bad(at, format!("a value is expected before `{sign}`"))),
            None => return Err(bad(at, "a value is expected")),
        };
        while let Some(function) = self.method() {
            let with = self.expression()?;
            self.expect(")")?;
            node = Node::Call(function, Box::new(node), Some(Box::new(with)));
        }
        Ok(node)
    }

    /// `true`, a function, or an attribute.
    fn named(&mut self, word: &str) -> Result<Node, BadExpression> {
        let at = self.place();
        match word {
            "true" | "false" => {
                self.at += 1;
                return Ok(Node::Literal(Value::Truth(word == "true")));
            }
            "null" => return Err(bad(at, "`null` is no value of an attribute: ask `has(…)`")),
            _ => {}
        }
        if !matches!(self.tokens.get(self.at + 1), Some((_, Token::Sign("(")))) {
            let path = self.path()?;
            return Attribute::find(&path)
                .map(Node::Attribute)
                .map_err(|why| bad(at, why));
        }
        self.at += 2;
        let node = match word {
            "has" => {
                let path = self.path()?;
                Node::Has(Attribute::find(&path).map_err(|why| bad(at, why))?)
            }
            "string" => Node::Call(Function::String, Box::new(self.expression()?), None),
            "int" => Node::Call(Function::Int, Box::new(self.expression()?), None),
            "size" => Node::Call(Function::Size, Box::new(self.expression()?), None),
            other => {
                let why =
                    format!("proxies do not know the function `{other}`; there is has, string, int, size");
                return Err(bad(at, why));
            }
        };
        self.expect(")")?;
        Ok(node)
    }

    /// The words of an attribute: `request.headers['x-user']`. A word before `(` is left, as what is called on them.
    fn path(&mut self) -> Result<Vec<String>, BadExpression> {
        let at = self.place();
        let Some((_, Token::Word(first))) = self.tokens.get(self.at).cloned() else {
            return Err(bad(at, "the name of an attribute is expected"));
        };
        self.at += 1;
        let mut path = vec![first];
        loop {
            let behind = |more: usize| self.tokens.get(self.at + more).map(|(_, token)| token);
            match (behind(0), behind(1), behind(2)) {
                (Some(Token::Sign(".")), Some(Token::Word(_)), Some(Token::Sign("("))) => return Ok(path),
                (Some(Token::Sign(".")), Some(Token::Word(word)), _) => {
                    path.push(word.clone());
                    self.at += 2;
                }
                (Some(Token::Sign("[")), Some(Token::Text(key)), Some(Token::Sign("]"))) => {
                    path.push(key.clone());
                    self.at += 3;
                }
                (Some(Token::Sign("." | "[")), ..) => {
                    return Err(bad(self.place(), "a name is expected: `.name` or `['name']`"));
                }
                _ => return Ok(path),
            }
        }
    }

    /// `.contains(` and its like.
    fn method(&mut self) -> Option<Function> {
        let Some((_, Token::Sign("."))) = self.tokens.get(self.at) else {
            return None;
        };
        let Some((_, Token::Word(name))) = self.tokens.get(self.at + 1) else {
            return None;
        };
        let function = match name.as_str() {
            "contains" => Function::Contains,
            "startsWith" => Function::StartsWith,
            "endsWith" => Function::EndsWith,
            _ => return None,
        };
        self.at += 2;
        self.take("(").then_some(function)
    }
}
