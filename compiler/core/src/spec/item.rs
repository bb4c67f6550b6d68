use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use mesh_wire::Millis;
use mesh_wire::cluster::Locality;

use super::schema::NodeSpec;
use crate::diag::{Span, Spanned};

/// A value of a known type.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    /// A text that fits its type.
    Text(String),
    /// A yes or no.
    Bool(bool),
    /// A number within its bounds.
    Number(u64),
    /// A number with a fraction.
    Decimal(f64),
    /// A duration.
    Time(Millis),
    /// An address.
    Ip(IpAddr),
    /// A place.
    Locality(Locality),
    /// Texts of a list.
    Texts(Vec<Spanned<String>>),
    /// Ports of a list.
    Ports(Vec<u16>),
    /// Addresses of a list.
    Ips(Vec<IpAddr>),
    /// Ranges of a list.
    Ranges(Vec<IpNet>),
}

/// A node that the language knows, with typed values. What did not fit is left out.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its place in the table.
    pub spec: &'static NodeSpec,
    /// Name and values, without the braces.
    pub span: Span,
    /// Values without a key, by the name of their field.
    pub args: Vec<(&'static str, Spanned<Typed>)>,
    /// Values with a key.
    pub props: BTreeMap<&'static str, Spanned<Typed>>,
    /// Labels.
    pub labels: Vec<(Spanned<String>, Spanned<String>)>,
    /// What is written in its braces.
    pub children: Vec<Self>,
    /// A value or label of its own was wrong and is left out.
    pub damaged: bool,
    /// A node in its braces was misspelt: what seems to be missing may be that.
    pub stray: bool,
}

/// What a [`Typed`] is read as.
pub trait FromTyped: Sized {
    /// The value, if it is of this type.
    fn from_typed(typed: &Typed) -> Option<Self>;
}

impl Item {
    /// The value `name`, a property or else an argument.
    pub fn spanned<T: FromTyped>(&self, name: &str) -> Option<Spanned<T>> {
        let arg = || {
            self.args
                .iter()
                .find(|(field, _)| *field == name)
                .map(|(_, value)| value)
        };
        let found = self.props.get(name).or_else(arg)?;
        T::from_typed(&found.value).map(|value| Spanned {
            value,
            span: found.span,
        })
    }

    /// The same without its place.
    pub fn get<T: FromTyped>(&self, name: &str) -> Option<T> {
        self.spanned(name).map(|found| found.value)
    }

    /// All arguments `name`, where it may be repeated.
    pub fn all<T: FromTyped>(&self, name: &str) -> Vec<Spanned<T>> {
        let of_name = self.args.iter().filter(|(field, _)| *field == name);
        of_name
            .filter_map(|(_, found)| {
                T::from_typed(&found.value).map(|value| Spanned {
                    value,
                    span: found.span,
                })
            })
            .collect()
    }

    /// The node `name` in the braces.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.spec.name == name)
    }

    /// All nodes `name` in the braces.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.spec.name == name)
    }

    /// What these nodes declare may be incomplete: one is damaged, or one was misspelt.
    pub fn incomplete(&self, names: &[&str]) -> bool {
        self.stray
            || self
                .children
                .iter()
                .any(|child| child.damaged && names.contains(&child.spec.name))
    }

    /// The only argument of the node `name` in the braces.
    pub fn word<T: FromTyped>(&self, name: &str) -> Option<Spanned<T>> {
        let child = self.child(name)?;
        let (field, _) = child.args.first()?;
        child.spanned(field)
    }
}

macro_rules! from_typed {
    ($($ty:ty = $variant:ident,)*) => {
        $(impl FromTyped for $ty {
            fn from_typed(typed: &Typed) -> Option<Self> {
                match typed {
                    Typed::$variant(value) => Some(value.clone()),
                    _ => None,
                }
            }
        })*
    };
}

from_typed! {
    String = Text,
    bool = Bool,
    u64 = Number,
    f64 = Decimal,
    Millis = Time,
    IpAddr = Ip,
    Locality = Locality,
    Vec<Spanned<String>> = Texts,
    Vec<u16> = Ports,
    Vec<IpAddr> = Ips,
    Vec<IpNet> = Ranges,
}

macro_rules! from_number {
    ($($ty:ty)*) => {
        $(impl FromTyped for $ty {
            fn from_typed(typed: &Typed) -> Option<Self> {
                u64::from_typed(typed).and_then(|number| Self::try_from(number).ok())
            }
        })*
    };
}

from_number!(u8 u16 u32);
