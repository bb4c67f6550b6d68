//! KDL as far as it can be understood: nothing is refused. A brace that is not closed ends where the next line begins
//! no deeper than its own.

mod blanks;
mod entries;
mod word;

use mesh_compiler::diag::Spanned;

use self::word::ends_word;
use super::{Branch, Range, Tree};

/// Deeper nodes are passed over: whoever walks the tree goes one call deeper for each.
const DEPTH: usize = 64;

pub(super) fn read(text: &str) -> Tree {
    let mut first = Reader::new(text, false);
    first.all();
    if !first.open.is_empty() {
        // Somebody types between braces that are not closed yet: the indentation tells what is in them.
        first = Reader::new(text, true);
        first.all();
    }
    first.finish()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Nodes whose braces are not closed yet, with the indentation of their lines.
    open: Vec<(Branch, usize)>,
    /// Nodes at the top.
    top: Vec<Branch>,
    comments: Vec<Range>,
    by_indent: bool,
    /// Braces that were opened below [`DEPTH`].
    too_deep: usize,
}

impl<'a> Reader<'a> {
    const fn new(text: &'a str, by_indent: bool) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
            top: Vec::new(),
            comments: Vec::new(),
            by_indent,
            too_deep: 0,
        }
    }

    fn finish(mut self) -> Tree {
        let end = self.text.len();
        while !self.open.is_empty() {
            self.close(end, end);
        }
        Tree {
            nodes: self.top,
            comments: self.comments,
            data: None,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn all(&mut self) {
        while let Some(first) = self.peek() {
            match first {
                '}' => {
                    self.at += 1;
                    match self.too_deep {
                        0 => self.close(self.at - 1, self.at),
                        _ => self.too_deep -= 1,
                    }
                }
                '{' => {
                    // It belongs to no node: what is in it is read as if it were not there.
                    self.at += 1;
                    self.too_deep += 1;
                }
                _ if self.blank() => {}
                _ => self.node(first),
            }
        }
    }

    fn close(&mut self, inside: usize, end: usize) {
        let Some((mut branch, _)) = self.open.pop() else {
            return;
        };
        branch.body = branch
            .body
            .map(|body| Range::new(body.start, inside.max(body.start)));
        branch.whole.end = end.max(branch.whole.end);
        self.put(branch);
    }

    fn put(&mut self, branch: Branch) {
        match self.open.last_mut() {
            Some((parent, _)) => parent.children.push(branch),
            None => self.top.push(branch),
        }
    }

    /// Where the line of byte `at` begins to say something; `None` if something is before `at` on it.
    fn indent(&self, at: usize) -> Option<usize> {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        self.text[line..at].trim().is_empty().then_some(at - line)
    }

    fn node(&mut self, first: char) {
        let start = self.at;
        if self.by_indent
            && let Some(indent) = self.indent(start)
        {
            let deeper = |open: &(Branch, usize)| open.1 < indent;
            while self.open.last().is_some_and(|open| !deeper(open)) {
                self.close(start, start);
            }
        }
        let taken_back = self.rest().starts_with("/-");
        if taken_back {
            self.at += 2;
            self.lines();
        }
        if self.peek() == Some('(') {
            self.annotation();
        }
        let name = match self.peek() {
            Some(c) if ends_word(c) && c != '"' && c != '#' => {
                // No name begins so: `=`, `)`.
                let end = self.at + c.len_utf8();
                self.at = if matches!(c, '{' | '}') || c.is_whitespace() {
                    self.at.max(start + first.len_utf8())
                } else {
                    end
                };
                return;
            }
            None => return,
            Some(_) => self.value(),
        };
        let mut branch = Branch {
            name: Spanned {
                value: name.scalar.to_string(),
                span: name.span,
            },
            args: Vec::new(),
            props: Vec::new(),
            children: Vec::new(),
            head: Range::new(start, self.at),
            body: None,
            whole: Range::new(start, self.at),
        };
        let braces = self.entries(&mut branch);
        branch.head.end = self.at;
        branch.whole.end = self.last_of(&branch);
        if taken_back {
            self.skip(braces, start);
        } else if braces {
            self.at += 1;
            if self.open.len() >= DEPTH {
                self.too_deep += 1;
                return self.put(branch);
            }
            branch.body = Some(Range::new(self.at, self.at));
            branch.whole.end = self.at;
            let line = self.text[..start].rfind('\n').map_or(0, |end| end + 1);
            let indent = self.text[line..]
                .find(|c: char| c != ' ' && c != '\t')
                .unwrap_or_default();
            self.open.push((branch, indent));
        } else {
            self.put(branch);
        }
    }

    fn last_of(&self, branch: &Branch) -> usize {
        let props = branch.props.iter().map(|prop| prop.value.span.end);
        let args = branch.args.iter().map(|arg| arg.span.end);
        props
            .chain(args)
            .fold(branch.name.span.end, usize::max)
            .min(self.text.len())
    }

    /// Passes over the braces of a node that is taken back.
    fn skip(&mut self, braces: bool, start: usize) {
        if braces {
            let mut inner = Reader::new(self.text, false);
            inner.at = self.at + 1;
            let mut depth = 1_usize;
            while depth > 0 && inner.at < self.text.len() {
                match inner.peek() {
                    Some('{') => {
                        depth += 1;
                        inner.at += 1;
                    }
                    Some('}') => {
                        depth -= 1;
                        inner.at += 1;
                    }
                    Some('"' | '#') => {
                        inner.value();
                    }
                    _ if inner.comment() => {}
                    Some(c) => inner.at += c.len_utf8(),
                    None => break,
                }
            }
            self.at = inner.at;
        }
        self.comments.push(Range::new(start, self.at));
    }
}

#[cfg(test)]
mod tests;
