//! What is answered, in the types of the protocol.

mod complete;
mod edit;
mod explain;
mod navigate;
mod symbols;
