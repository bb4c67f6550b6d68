//! An offline certificate authority.
