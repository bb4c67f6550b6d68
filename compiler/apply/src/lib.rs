//! Shipping bundles.
