/// What came before, of a node: enough to know what cannot come next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing: a node's name comes.
    #[default]
    Start,
    /// The name.
    Name,
    /// A value that may turn out to be a key.
    Text,
    /// Another value.
    Value,
    /// `key=`.
    Equals,
    /// `}`: the node is over.
    Closed,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The end of a line, or `;`.
    End,
    /// A word or a string.
    Text,
    /// `#true`.
    Keyword,
    /// `=`.
    Equals,
    /// `{`.
    Open,
    /// `}`.
    Close,
}

impl Turn {
    /// What comes behind `token`, and what is wrong with it.
    pub(super) fn next(self, token: Token) -> (Self, Option<&'static str>) {
        let without_value = (self == Self::Equals).then_some("there is no value behind `=`");
        match token {
            Token::End | Token::Open => (Self::Start, without_value),
            Token::Close => (Self::Closed, without_value),
            Token::Equals if self == Self::Text => (Self::Equals, None),
            Token::Equals => (self, Some("there is no name before `=`")),
            Token::Text | Token::Keyword => match self {
                Self::Start => (Self::Name, None),
                Self::Closed => (Self::Name, Some("the next node begins on the same line")),
                Self::Equals => (Self::Value, None),
                Self::Name | Self::Text | Self::Value if token == Token::Text => (Self::Text, None),
                Self::Name | Self::Text | Self::Value => (Self::Value, None),
            },
        }
    }
}
