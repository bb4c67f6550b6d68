use std::borrow::Borrow;
use std::cell::RefCell;
use std::fmt;

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// So many fields have room at first: few messages have more.
const ROOM: usize = 14;
/// Lists that grew beyond this are not kept.
const LARGEST: usize = 64;
/// How many lists a thread keeps: so many messages begin together where many come on one connection.
const KEPT: usize = 64;

type List = Vec<(HeaderName, HeaderValue)>;

thread_local! {
    /// Lists of messages that are gone, for those that come.
    static SPARE: RefCell<Vec<List>> = const { RefCell::new(Vec::new()) };
}

/// The headers of a message, in the order in which they came.
///
/// A proxy looks for few of them and hands all of them on: a list that is walked costs less than a map that hashes every
/// name, and what is next to each other was next to each other when it came.
#[derive(Default, PartialEq, Eq)]
pub struct Fields {
    list: List,
}

impl Fields {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// None, with room for so many, or as many as most messages have.
    pub fn with_capacity(fields: usize) -> Self {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop());
        let mut list = spare.ok().flatten().unwrap_or_default();
        list.reserve(fields.max(ROOM));
        Self { list }
    }

    /// How many there are; those of one name count each.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Takes all of them out.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// There is one of that name at least.
    pub fn contains_key(&self, name: impl Borrow<HeaderName>) -> bool {
        self.place(name.borrow()).is_some()
    }

    /// The first of that name.
    pub fn get_mut(&mut self, name: impl Borrow<HeaderName>) -> Option<&mut HeaderValue> {
        let place = self.place(name.borrow())?;
        self.list.get_mut(place).map(|(_, value)| value)
    }

    /// The first of that name.
    pub fn get(&self, name: impl Borrow<HeaderName>) -> Option<&HeaderValue> {
        self.list.get(self.place(name.borrow())?).map(|(_, value)| value)
    }

    /// All of that name, in their order.
    pub fn get_all<N: Borrow<HeaderName>>(
        &self,
        name: N,
    ) -> impl DoubleEndedIterator<Item = &HeaderValue> + use<'_, N> {
        let all = self.list.iter();
        all.filter(move |(other, _)| other == name.borrow())
            .map(|(_, value)| value)
    }

    /// Puts one in the place of all of that name; the first of them comes back.
    pub fn insert(&mut self, name: impl Into<HeaderName>, value: HeaderValue) -> Option<HeaderValue> {
        let name = name.into();
        let Some(place) = self.place(&name) else {
            self.append(name, value);
            return None;
        };
        let mut index = 0;
        self.list.retain(|(other, _)| {
            index += 1;
            index <= place + 1 || *other != name
        });
        let (_, old) = self.list.get_mut(place)?;
        Some(std::mem::replace(old, value))
    }

    /// Adds one, where there is none of that name.
    pub fn insert_new(&mut self, name: HeaderName, value: impl FnOnce() -> HeaderValue) {
        if self.place(&name).is_none() {
            self.append(name, value());
        }
    }

    /// Adds one behind all others.
    pub fn append(&mut self, name: impl Into<HeaderName>, value: HeaderValue) {
        if self.list.capacity() == 0 {
            *self = Self::with_capacity(ROOM);
        }
        self.list.push((name.into(), value));
    }

    /// Takes all of that name out; the first of them comes back.
    pub fn remove(&mut self, name: impl Borrow<HeaderName>) -> Option<HeaderValue> {
        let name = name.borrow();
        let (_, first) = self.list.remove(self.place(name)?);
        if self.place(name).is_some() {
            self.list.retain(|(other, _)| other != name);
        }
        Some(first)
    }

    /// All names and values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&HeaderName, &HeaderValue)> {
        self.list.iter().map(|(name, value)| (name, value))
    }

    /// Each name once, in the order of its first field.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        let first = |index: usize, name| self.place(name) == Some(index);
        let names = self.list.iter().enumerate();
        names.filter_map(move |(index, (name, _))| first(index, name).then_some(name))
    }

    fn place(&self, name: &HeaderName) -> Option<usize> {
        self.list.iter().position(|(other, _)| other == name)
    }
}

impl Clone for Fields {
    fn clone(&self) -> Self {
        let mut copy = Self::with_capacity(self.len());
        copy.list.extend_from_slice(&self.list);
        copy
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        if !(ROOM..=LARGEST).contains(&self.list.capacity()) {
            return;
        }
        let mut list = std::mem::take(&mut self.list);
        list.clear();
        // A thread that ends keeps nothing.
        let _gone = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                spare.push(list);
            }
        });
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Extend<(HeaderName, HeaderValue)> for Fields {
    /// Behind those that are there.
    fn extend<I: IntoIterator<Item = (HeaderName, HeaderValue)>>(&mut self, fields: I) {
        self.list.extend(fields);
    }
}

impl FromIterator<(HeaderName, HeaderValue)> for Fields {
    fn from_iter<I: IntoIterator<Item = (HeaderName, HeaderValue)>>(fields: I) -> Self {
        Self {
            list: fields.into_iter().collect(),
        }
    }
}

impl IntoIterator for Fields {
    type Item = (HeaderName, HeaderValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(mut self) -> Self::IntoIter {
        std::mem::take(&mut self.list).into_iter()
    }
}

/// Trailers are handed on as [`http_body`] has them.
impl From<Fields> for HeaderMap {
    fn from(fields: Fields) -> Self {
        let mut map = Self::with_capacity(fields.len());
        for (name, value) in fields {
            map.append(name, value);
        }
        map
    }
}

impl From<HeaderMap> for Fields {
    fn from(map: HeaderMap) -> Self {
        let mut last = None;
        let named = map.into_iter().filter_map(|(name, value)| {
            // A map tells a name with the first of its values.
            if name.is_some() {
                last = name;
            }
            Some((last.clone()?, value))
        });
        named.collect()
    }
}
