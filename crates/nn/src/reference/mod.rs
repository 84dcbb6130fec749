//! Naive executor.
